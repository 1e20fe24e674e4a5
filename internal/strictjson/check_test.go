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
	`{}`, `[]`, `""`, `0`, `-0`, `true`, `false`, `null`, " \t\r\n{ } \t\r\n", `[1 , 2]`, `{ "a" : 1 , "b" : [ ] }`,
	`1.5`, `-1.5e+10`, `1E-2`, `0.0`, `0e0`, `123456789012345678901234567890`, `1e400`,
	`"\"\\\/\b\f\n\r\t"`, `"\u0041\uFFFF\u0000"`, `"\ud83d\ude00"`, `"\uDBFF\uDFFF"`, `"é😀"`, "\"\u007f\u0080\ufeff\"", `"\\u0041"`, `"\\"`, `["\\","\\\""]`,
	`{"a":1,"A":1}`, `{"a":{"a":{"a":1}}}`, `[{"a":1},{"a":1}]`, `{"":1," ":1}`, `{"a":1,"b":{"a":1},"c":1}`, `{"a":{"b":1},"b":1}`, `{"a":[{"b":1,"c":{"d":1}},{"b":1}],"b":1,"d":1}`, `{"é":1,"e\u0301":2}`, `{"\u212a":1,"k":2}`,
	nested(32), `{"a":` + nested(31) + `}`, object(15), object(16), object(17), object(18), object(500),
}

func TestCheckAccepts(t *testing.T) {
	for _, doc := range accepted {
		if err := Check(doc); err != nil {
			t.Errorf("Check(%s) = %v, want nil", doc, err)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	const value, next, name = "a JSON value expected", "',' or '}' expected", "a name in quotes expected"
	for _, x := range []struct{ doc, want string }{
		{"", value + ` (at "", byte 0)`}, {" ", value + ` (at "", byte 1)`}, {"tru", value + ` (at "", byte 0)`}, {"True", value + ` (at "", byte 0)`},
		{"nul", value + ` (at "", byte 0)`}, {"NaN", value + ` (at "", byte 0)`}, {"Infinity", value + ` (at "", byte 0)`}, {"undefined", value + ` (at "", byte 0)`},
		{"'a'", value + ` (at "", byte 0)`}, {"+1", value + ` (at "", byte 0)`}, {".5", value + ` (at "", byte 0)`}, {"\x00", value + ` (at "", byte 0)`},
		{"\v1", value + ` (at "", byte 0)`}, {"\u00a01", value + ` (at "", byte 0)`}, {"// c\n1", value + ` (at "", byte 0)`},
		{"\ufeff{}", `byte order mark (at "", byte 0)`}, {"\"\xff\"", `not UTF-8 (at "", byte 0)`}, {"\"\xc0\xaf\"", `not UTF-8 (at "", byte 0)`},
		{"\"\xed\xa0\x80\"", `not UTF-8 (at "", byte 0)`}, {"{}\xff", `not UTF-8 (at "", byte 0)`},
		{"{}{}", `data after the document (at "", byte 2)`}, {"1 2", `data after the document (at "", byte 2)`}, {"{}]", `data after the document (at "", byte 2)`},
		{"{}\x00", `data after the document (at "", byte 2)`}, {"{}//", `data after the document (at "", byte 2)`}, {"truee", `data after the document (at "", byte 4)`},
		{"01", `data after the document (at "", byte 1)`}, {"0x1", `data after the document (at "", byte 1)`}, {"-01", `data after the document (at "", byte 2)`}, {"1_0", `data after the document (at "", byte 1)`},
		{"-", `a digit expected (at "", byte 1)`}, {"--1", `a digit expected (at "", byte 1)`}, {"-a", `a digit expected (at "", byte 1)`}, {"1.", `a digit expected after the point (at "", byte 2)`},
		{"1.e1", `a digit expected after the point (at "", byte 2)`}, {"1e", `a digit expected in the exponent (at "", byte 2)`}, {"1e+", `a digit expected in the exponent (at "", byte 3)`},
		{"1e+-1", `a digit expected in the exponent (at "", byte 3)`}, {"[1.]", `a digit expected after the point (at "/0", byte 3)`},
		{`"`, `string without end (at "", byte 1)`}, {`"a`, `string without end (at "", byte 2)`}, {`"\"`, `string without end (at "", byte 3)`},
		{`"\`, `unknown escape (at "", byte 2)`}, {`"\x41"`, `unknown escape (at "", byte 2)`}, {`"\a"`, `unknown escape (at "", byte 2)`}, {`"\U0041"`, `unknown escape (at "", byte 2)`},
		{"\"\n\"", `control character in a string (at "", byte 1)`}, {"\"\t\"", `control character in a string (at "", byte 1)`}, {"\"\x00\"", `control character in a string (at "", byte 1)`},
		{`"\u"`, `four hexadecimal digits expected (at "", byte 2)`}, {`"\u004`, `four hexadecimal digits expected (at "", byte 2)`}, {`"\u004g"`, `four hexadecimal digits expected (at "", byte 2)`},
		{`"\u+041"`, `four hexadecimal digits expected (at "", byte 2)`}, {`"\u0_41"`, `four hexadecimal digits expected (at "", byte 2)`},
		{`"\ud800"`, `lone surrogate (at "", byte 2)`}, {`"\udc00"`, `lone surrogate (at "", byte 2)`}, {`"\ud800x"`, `lone surrogate (at "", byte 2)`},
		{`"\ud800\n"`, `lone surrogate (at "", byte 2)`}, {`"\ud800\ud800"`, `lone surrogate (at "", byte 2)`}, {`"\ud800\u0041"`, `lone surrogate (at "", byte 2)`}, {`"\ud800\ue000"`, `lone surrogate (at "", byte 2)`}, {`"\udbff\uffff"`, `lone surrogate (at "", byte 2)`},
		{`"\ud800\udc0"`, `lone surrogate (at "", byte 2)`}, {`"\ud800/udc00"`, `lone surrogate (at "", byte 2)`}, {`"\ud83d\ude00\ude00"`, `lone surrogate (at "", byte 14)`},
		{"[", value + ` (at "/0", byte 1)`}, {"[1", `',' or ']' expected (at "", byte 2)`}, {"[1,]", value + ` (at "/1", byte 3)`}, {"[,1]", value + ` (at "/0", byte 1)`},
		{"[1 2]", `',' or ']' expected (at "", byte 3)`}, {"[1}", `',' or ']' expected (at "", byte 2)`}, {"[[1],[2,x]]", value + ` (at "/1/1", byte 8)`},
		{"{", name + ` (at "", byte 1)`}, {"{a:1}", name + ` (at "", byte 1)`}, {"{'a':1}", name + ` (at "", byte 1)`}, {"{1:1}", name + ` (at "", byte 1)`},
		{`{"a":1,}`, name + ` (at "", byte 7)`}, {`{,}`, name + ` (at "", byte 1)`}, {`{"a" 1}`, `':' expected (at "", byte 5)`}, {`{"a"}`, `':' expected (at "", byte 4)`}, {`{"a`, `string without end (at "", byte 3)`},
		{`{"a":}`, value + ` (at "/a", byte 5)`}, {`{"a":1`, next + ` (at "", byte 6)`}, {`{"a":1 "b":2}`, next + ` (at "", byte 7)`}, {`{"a":1]`, next + ` (at "", byte 6)`},
		{`{"a":{"b/~":[0,x]}}`, value + ` (at "/a/b~1~0/1", byte 15)`}, {`{"\u0061\n":x}`, value + ` (at "/a\n", byte 12)`},
		{`{"a":1,"a":1}`, `name "a" occurs twice (at "", byte 11)`}, {`{"a":1,"\u0061":1}`, `name "a" occurs twice (at "", byte 16)`}, {`{"":1,"":1}`, `name "" occurs twice (at "", byte 9)`},
		{`{"x":[{"a":{},"b":1,"a":0}]}`, `name "a" occurs twice (at "/x/0", byte 24)`}, {`{"a":{"a":1},"a":1}`, `name "a" occurs twice (at "", byte 17)`},
		{`{"😀":1,"\ud83d\ude00":1}`, `name "😀" occurs twice (at "", byte 25)`}, {`{"/":1,"\/":1}`, `name "/" occurs twice (at "", byte 12)`},
		{nested(33), `nested too deeply (at "` + strings.Repeat("/0", 32) + `", byte 32)`}, {`{"a":` + nested(32) + `}`, `nested too deeply (at "/a` + strings.Repeat("/0", 31) + `", byte 36)`},
	} {
		err := Check(x.doc)
		if err == nil || err.Error() != x.want {
			t.Errorf("Check(%s) = %v, want %s", x.doc, err, x.want)
		}
	}
}

// A name of a large object is found again wherever both stand: before, at and
// after the size from which names are kept in a set.
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

// stricter are the reasons to refuse what encoding/json calls valid.
var stricter = []string{"byte order mark", "not UTF-8", "lone surrogate", "occurs twice", "nested too deeply"}

// compare holds Check to encoding/json, Read to gjson, and Fields to both.
func compare(t *testing.T, doc string) {
	t.Helper()
	err := Check(doc)
	object, fields := Fields(doc, nil)
	if want := err == nil && Read(doc).IsObject(); object.Exists() != want || want && !equal(object, Read(doc)) {
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
		t.Fatalf("Check(%q) = nil, but it is no JSON", doc)
	}
	if err == nil {
		alike(t, Read(doc), gjson.Parse(doc))
	}
	if err != nil && valid && !slices.ContainsFunc(stricter, func(s string) bool { return strings.Contains(err.Error(), s) }) {
		t.Fatalf("Check(%q) = %v, but it is JSON", doc, err)
	}
}

func TestCheckAgainstEncodingJSON(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{
		`{`, `}`, `[`, `]`, `,`, `:`, `"`, `\`, `"a"`, `"b":`, `0`, `1`, `-`, `.`, `e`, `E+`, `true`, `null`, `fals`, ` `, "\n", "\t", "\x00", "\x1f", "\x7f", "\xff", "é",
		`\u0041`, `\ud83d`, `\ude00`, `\u00`, `\n`, `/`, `//`, "\ufeff", `'`, `N`, `"\u0061":`, `{"a":1}`, `[[[[[[[[[[`, `]]]]]]]]]]`,
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
