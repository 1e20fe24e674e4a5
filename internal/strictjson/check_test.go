package strictjson

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

func nested(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// object has n different names.
func object(n int) string {
	var members []string
	for i := range n {
		members = append(members, `"n`+string(rune('a'+i%26))+string(rune('a'+i/26))+`":[{"a":1}]`)
	}
	return `{` + strings.Join(members, ",") + `}`
}

var accepted = []string{
	`{}`, `[]`, `""`, `0`, `-0`, `true`, `false`, `null`,
	" \t\r\n{ } \t\r\n", `[1 , 2]`, `{ "a" : 1 , "b" : [ ] }`,
	`1.5`, `-1.5e+10`, `1E-2`, `0.0`, `0e0`, `123456789012345678901234567890`, `1e400`,
	`"\"\\\/\b\f\n\r\t"`, `"\\u0041"`, `"\\"`, `["\\","\\\""]`,
	`"\u0041\uFFFF\u0000"`, `"\ud83d\ude00"`, `"\uDBFF\uDFFF"`,
	`"é😀"`, "\"\u007f\u0080\ufeff\"",
	`{"a":1,"A":1}`, `{"":1," ":1}`, `{"é":1,"e\u0301":2}`, `{"\u212a":1,"k":2}`,
	`{"a":{"a":{"a":1}}}`, `[{"a":1},{"a":1}]`, `{"a":1,"b":{"a":1},"c":1}`, `{"a":{"b":1},"b":1}`,
	`{"a":[{"b":1,"c":{"d":1}},{"b":1}],"b":1,"d":1}`,
	nested(32), `{"a":` + nested(31) + `}`,
	object(15), object(16), object(17), object(18), object(500),
}

func TestCheckAccepts(t *testing.T) {
	for _, doc := range accepted {
		if err := Check(doc); err != nil {
			t.Errorf("Check(%s) = %v, want nil", doc, err)
		}
	}
}

// TestCheckFindsEveryRepeat has two equal names at all places of objects that are
// smaller and larger than maxLinear.
func TestCheckFindsEveryRepeat(t *testing.T) {
	for size := 2; size < 40; size++ {
		for first := range size {
			for second := first + 1; second < size; second++ {
				names := make([]string, size)
				for i := range names {
					names[i] = `"` + string(rune('A'+i)) + `":{"A":0}`
				}
				names[second] = names[first]
				if err := Check(`{` + strings.Join(names, ",") + `}`); err == nil {
					t.Fatalf("Check(%d names, %d again at %d) = nil, want an error", size, first, second)
				}
			}
		}
	}
}

// stricter has the reasons to refuse what encoding/json accepts.
var stricter = []string{"byte order mark", "must be UTF-8", "surrogates", "is there twice", "nested deeper"}

// compare compares Check with encoding/json, Read with gjson, and Fields with both.
func compare(t *testing.T, doc string) {
	t.Helper()
	err := Check(doc)
	object, fields, tooMany := Fields(doc, FieldLimits{len(doc), len(doc)}, nil)
	if want := err == nil && Read(doc).IsObject(); tooMany || object.Exists() != want || want && !equal(object, Read(doc)) {
		t.Fatalf("Fields(%q) = %+v, want an object: %v", doc, object, want)
	}
	if object.Exists() {
		var want []Field
		Read(doc).ForEach(func(name, value Result) bool {
			want = append(want, Field{name.Str, value})
			return true
		})
		if !slices.EqualFunc(fields, want, func(a, b Field) bool { return a.Name == b.Name && equal(a.Value, b.Value) }) {
			t.Fatalf("Fields(%q) = %+v, want %+v", doc, fields, want)
		}
	}
	valid := json.Valid([]byte(doc))
	if err == nil && !valid {
		t.Fatalf("Check(%q) = nil, but encoding/json refuses it", doc)
	}
	if err == nil {
		alike(t, Read(doc), gjson.Parse(doc))
	}
	if err != nil && valid && !slices.ContainsFunc(stricter, func(s string) bool { return strings.Contains(err.Error(), s) }) {
		t.Fatalf("Check(%q) = %v, but encoding/json accepts it", doc, err)
	}
}

func TestFieldLimits(t *testing.T) {
	for _, x := range []struct {
		doc            string
		members, names int
		exists, many   bool
	}{
		{`{}`, 0, 1, true, false},
		{`{"a":1,"b":2}`, 2, 2, true, false},
		{`{"a":1,"b":2}`, 1, 2, false, true},
		{`{"a":1,"b":2}`, 2, 1, false, true},
		{`{"a":{"b":{"c":1}},"d":[{"e":1}]}`, 2, 5, true, false},
		{`{"a":{"b":{"c":1}},"d":[{"e":1}]}`, 2, 4, false, true},
		{`{"a":1,"a":2}`, 2, 2, false, false},
		{`{"a":1,"b"`, 2, 2, false, false},
		{`{"a":1,"b":`, 1, 2, false, true},
		{`[{"a":1},{"b":2}]`, 2, 1, false, false},
	} {
		t.Run(x.doc, func(t *testing.T) {
			object, _, many := Fields(x.doc, FieldLimits{x.members, x.names}, nil)
			if object.Exists() != x.exists || many != x.many {
				t.Errorf("Fields(%d members, %d names) = exists %v, too many %v; want %v, %v",
					x.members, x.names, object.Exists(), many, x.exists, x.many)
			}
		})
	}
}

func TestCheckAgainstEncodingJSON(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{
		`{`, `}`, `[`, `]`, `,`, `:`, `"`, `\`, `"a"`, `"b":`, `0`, `1`, `-`, `.`, `e`, `E+`, `true`, `null`, `fals`,
		` `, "\n", "\t", "\x00", "\x1f", "\x7f", "\xff", "é",
		`\u0041`, `\ud83d`, `\ude00`, `\u00`, `\n`, `/`, `//`,
		"\ufeff", `'`, `N`, `"\u0061":`, `{"a":1}`, `[[[[[[[[[[`, `]]]]]]]]]]`,
	}
	for _, doc := range accepted {
		for range 2000 {
			b := []byte(doc)
			for range 1 + random.IntN(3) {
				i, piece := random.IntN(len(b)+1), pieces[random.IntN(len(pieces))]
				switch j := min(len(b), i+random.IntN(3)); random.IntN(3) {
				case 0:
					b = slices.Insert(b, i, []byte(piece)...)
				case 1:
					b = slices.Delete(b, i, j)
				case 2:
					b = slices.Replace(b, i, j, []byte(piece)...)
				}
			}
			compare(t, string(b))
		}
	}
}
