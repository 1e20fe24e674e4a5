package watch

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/scan"
)

func TestCheckKeys(t *testing.T) {
	nested := func(objects int) []scan.Key {
		keys := []scan.Key{{Name: "a"}}
		for range objects - 1 {
			keys = []scan.Key{{Name: "a", Keys: keys}}
		}
		return keys
	}
	many := func(n int) (keys []scan.Key) {
		for i := range n {
			keys = append(keys, scan.Key{Name: strings.Repeat("k", 1+i%8) + string(rune('0'+i/8))})
		}
		return keys
	}
	for _, c := range []struct {
		name string
		keys []scan.Key
		ok   bool
	}{
		{"one key", []scan.Key{{Name: "a"}}, true},
		{"a name of 32 bytes", []scan.Key{{Name: strings.Repeat("a", 32)}}, true},
		{"8 objects", nested(8), true},
		{"64 keys", many(64), true},
		{"no keys", nil, false},
		{"an object without keys", []scan.Key{{Name: "a", Keys: []scan.Key{}}}, false},
		{"a name twice", []scan.Key{{Name: "a"}, {Name: "a"}}, false},
		{"the Kelvin sign, which folds to k", []scan.Key{{Name: "k"}, {Name: "\u212a"}}, false},
		{"a name of 33 bytes", []scan.Key{{Name: strings.Repeat("a", 33)}}, false},
		{"9 objects", nested(9), false},
		{"65 keys", many(65), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := CheckKeys(c.keys); (err == nil) != c.ok {
				t.Errorf("CheckKeys(%v) = %v, want no error: %v", c.keys, err, c.ok)
			}
		})
	}
}

func TestCheckFields(t *testing.T) {
	nested := func(messages int) []scan.Field {
		fields := []scan.Field{{Number: 1}}
		for range messages - 1 {
			fields = []scan.Field{{Number: 1, Shape: scan.Message, Fields: fields}}
		}
		return fields
	}
	many := func(n int) (fields []scan.Field) {
		for i := range n {
			fields = append(fields, scan.Field{Number: int32(i + 1)})
		}
		return fields
	}
	for _, c := range []struct {
		name   string
		fields []scan.Field
		ok     bool
	}{
		{"one field", []scan.Field{{Number: 1}}, true},
		{"the largest number", []scan.Field{{Number: maxNumber}}, true},
		{"8 messages", nested(8), true},
		{"64 fields", many(64), true},
		{"no fields", nil, false},
		{"number 0", []scan.Field{{Number: 0}}, false},
		{"a number too large", []scan.Field{{Number: maxNumber + 1}}, false},
		{"a negative number", []scan.Field{{Number: -1}}, false},
		{"a number twice", []scan.Field{{Number: 1}, {Number: 1}}, false},
		{"a repeated string", []scan.Field{{Number: 1, Repeated: true}}, false},
		{"a string with fields", []scan.Field{{Number: 1, Fields: many(1)}}, false},
		{"a message without fields", []scan.Field{{Number: 1, Shape: scan.Message}}, false},
		{"the shape within an Int64Value", []scan.Field{{Number: 1, Shape: scan.Message + 1}}, false},
		{"an unknown shape", []scan.Field{{Number: 1, Shape: 9}}, false},
		{"9 messages", nested(9), false},
		{"65 fields", many(65), false},
		{"a repeated Int64Value", []scan.Field{{Number: 1, Shape: scan.Int64Value, Repeated: true}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := CheckFields(c.fields); (err == nil) != c.ok {
				t.Errorf("CheckFields(%v) = %v, want no error: %v", c.fields, err, c.ok)
			}
		})
	}
}
