package structjson

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// encode returns a JSON object as a serialized Struct.
func encode(t *testing.T, object string) []byte {
	t.Helper()
	var s structpb.Struct
	if err := s.UnmarshalJSON([]byte(object)); err != nil {
		t.Fatal(err)
	}
	raw, err := proto.Marshal(&s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestJSON(t *testing.T) {
	for _, want := range []string{
		`{"a":1}`, `{"":""}`, `{"a":[]}`, `{"a":{}}`, `{"a":[1,"x",null,true,false,{"b":[]}]}`,
		`{"a":"\"\\\u0000\u001f é \u2028"}`, `{"a":-0.5,"b":1e+21}`, `{"a":100000000000000000000}`, `{"a":1e-7}`, `{"a":9007199254740993}`,
	} {
		t.Run(want, func(t *testing.T) {
			got, ok := JSON(encode(t, want))
			var v, w any
			if err := json.Unmarshal([]byte(got), &v); !ok || err != nil {
				t.Fatalf("JSON = %s, %v: %v", got, ok, err)
			}
			if _ = json.Unmarshal([]byte(want), &w); !reflect.DeepEqual(v, w) {
				t.Errorf("JSON = %s, want %s", got, want)
			}
		})
	}
	if got, _ := JSON(encode(t, `{"version": 1}`)); got != `{"version":1}` {
		t.Errorf("JSON = %s, want an integer without a point", got)
	}
}

// member is a member of a Struct: its name, and its value as a message.
func member(name string, value []byte) []byte {
	m := protowire.AppendTag(nil, 1, protowire.BytesType)
	m = protowire.AppendString(m, name)
	m = protowire.AppendTag(m, 2, protowire.BytesType)
	m = protowire.AppendBytes(m, value)
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), m)
}

func number(n float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(nil, 2, protowire.Fixed64Type), math.Float64bits(n))
}

// nested is a value inside depth lists.
func nested(depth int) []byte {
	value := []byte{8, 0}
	for range depth {
		list := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), value)
		value = protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), list)
	}
	return value
}

// TestNotStruct: bytes that are no Struct, or that JSON cannot say, are none.
func TestNotStruct(t *testing.T) {
	good := member("a", number(1))
	for name, message := range map[string][]byte{
		"nothing": nil, "half of one": good[:len(good)-1], "one and more": append(good[:len(good):len(good)], 0),
		"NaN": member("a", number(math.NaN())), "infinity": member("a", number(math.Inf(-1))), "no value": member("a", nil),
		"a null of 1": member("a", []byte{8, 1}), "a boolean of 2": member("a", []byte{32, 2}), "an unknown kind": member("a", []byte{0x3a, 0}),
		"two values in one": member("a", append(number(1), number(1)...)), "a list too deep": member("a", nested(maxDepth+1)),
		"a name without a value": {0x0a, 3, 0x0a, 1, 'a'}, "a value without a name": {0x0a, 2, 0x12, 0}, "another field": {0x12, 0},
		"a list of something else": member("a", []byte{0x32, 2, 0x12, 0}), "a list that ends early": member("a", []byte{0x32, 2, 0x0a, 9}),
		"a string that ends early": member("a", []byte{0x1a, 9}), "a struct of something else": member("a", []byte{0x2a, 2, 0x12, 0}),
		"JSON": []byte(`{"version": 1}`), "JSON in a line of its own": []byte("\n{\"version\": 1}"),
	} {
		t.Run(name, func(t *testing.T) {
			if text, ok := JSON(message); ok {
				t.Errorf("JSON = %s, want none", text)
			}
		})
	}
	if _, ok := JSON(good); !ok {
		t.Error("JSON of a good Struct = none")
	}
	if _, ok := JSON(member("a", nested(maxDepth-1))); !ok {
		t.Error("JSON of lists as deep as they may be = none")
	}
	if text, _ := JSON(append(good[:len(good):len(good)], good...)); strictjson.Check(text) == nil {
		t.Errorf("a repeated name is written as %s, which must have it twice", text)
	}
}

// FuzzJSON: what is a Struct for JSON is one for protobuf's library, with the same meaning, and
// no text that is JSON is a Struct.
func FuzzJSON(f *testing.F) {
	f.Add(member("a", number(1)))
	f.Add(member("b", nested(3)))
	f.Add(member("c", protowire.AppendString(protowire.AppendTag(nil, 3, protowire.BytesType), "é\"")))
	f.Add([]byte("\n{\"a\":1}"))
	f.Fuzz(func(t *testing.T, message []byte) {
		text, ok := JSON(message)
		if !ok {
			return
		}
		if json.Valid(message) {
			t.Fatalf("%q is JSON, and a Struct", message)
		}
		var s structpb.Struct
		if err := proto.Unmarshal(message, &s); err != nil {
			if strictjson.Check(text) == nil { // of invalid UTF-8 the gate refuses the text
				t.Fatalf("%q is %s, but no Struct: %v", message, text, err)
			}
			return
		}
		if strictjson.Check(text) != nil { // a repeated name
			return
		}
		want, err := s.MarshalJSON()
		var got, same any
		if err != nil || json.Unmarshal(want, &same) != nil || json.Unmarshal([]byte(text), &got) != nil || !reflect.DeepEqual(got, same) {
			t.Errorf("%q is %s, want %s, %v", message, text, want, err)
		}
		if strings.Contains(text, "NaN") {
			t.Error(text)
		}
	})
}
