package scan

import (
	"fmt"
	"strings"
	"testing"
)

func TestJSONRefuses(t *testing.T) {
	const (
		value, name     = "a JSON value expected (syntax", "a name in quotes expected (syntax"
		next            = "a comma or the closing bracket expected (syntax"
		coding, digit   = "not ASCII outside of strings: another encoding or a byte order mark (encoding", "a digit expected (syntax"
		short, after    = "the document ends too early (truncated", "data after the document (trailing"
		object, str     = "an object expected (type", "a string expected (type"
		twin, hex, lone = "another spelling of a watched name (twin", "four hexadecimal digits expected (syntax", "lone surrogate (encoding"
		control, utf    = "control character in a string (syntax", "not UTF-8 (encoding"
		twice           = "a name occurs twice (duplicate"
	)
	at := func(rule, where string) string { return rule + ` at ` + where + `)` }
	for _, x := range []struct{ doc, want string }{
		{``, at(short, `"", byte 0`)},
		{` `, at(short, `"", byte 1`)},
		{`{`, at(short, `"", byte 1`)},
		{`{"model"`, at(short, `"/model", byte 8`)},
		{`{"a":1`, at(short, `"/a", byte 6`)},
		{`{"a":1,`, at(short, `"", byte 7`)},
		{`{"a":"`, at(short, `"/a", byte 6`)},
		{`{"model":"a"`, `0="a"; ` + at(short, `"", byte 12`)},
		{`{"a":tru`, at(short, `"/a", byte 8`)},
		{"{\"a\":\"\xc3", at(short, `"/a", byte 7`)},
		{`{"a":"\`, at(short, `"/a", byte 7`)},
		{`{"a":"\ud800`, at(short, `"/a", byte 12`)},
		{`{"a":[`, at(short, `"/a", byte 6`)},
		// Not an object.
		{`[]`, at(object, `"", byte 0`)},
		{`"model"`, at(object, `"", byte 0`)},
		{`null`, at(object, `"", byte 0`)},
		{`-1`, at(object, `"", byte 0`)},
		{` 1`, at(object, `"", byte 1`)},
		{`true`, at(object, `"", byte 0`)},
		{`x`, at(value, `"", byte 0`)},
		{`}`, at(value, `"", byte 0`)},
		// Another encoding.
		{"\ufeff{}", at(coding, `"", byte 0`)},
		{"\xff\xfe{\x00}\x00", at(coding, `"", byte 0`)},
		{"\xfe\xff\x00{\x00}", at(coding, `"", byte 0`)},
		{"{\x00}\x00", at(coding, `"", byte 1`)},
		{"\x00{\x00}", at(coding, `"", byte 0`)},
		{"{\x00\x00\x00}\x00\x00\x00", at(coding, `"", byte 1`)},
		{"\x00\x00\x00{", at(coding, `"", byte 0`)},
		{" \u00a0{}", at(coding, `"", byte 1`)},
		{"{\"a\"\ufeff:1}", at(coding, `"/a", byte 4`)},
		{"{\"a\":1\xc3", at(coding, `"", byte 6`)},
		{"{\"a\":-\x00}", at(coding, `"/a", byte 6`)},
		{"{\"a\":\u2028[]}", at(coding, `"/a", byte 5`)},
		{"+ADw-", at(value, `"", byte 0`)},
		// Trailing data.
		{`{}{}`, `0 absent; ` + at(after, `"", byte 2`)},
		{`{} x`, `0 absent; ` + at(after, `"", byte 3`)},
		{`{}}`, `0 absent; ` + at(after, `"", byte 2`)},
		{"{}\x00", `0 absent; ` + at(after, `"", byte 2`)},
		{`{"model":"a"},`, `0="a"; ` + at(after, `"", byte 13`)},
		{"{}\ufeff", `0 absent; ` + at(after, `"", byte 2`)},
		// Structure.
		{`{a:1}`, at(name, `"", byte 1`)},
		{`{'a':1}`, at(name, `"", byte 1`)},
		{`{,}`, at(name, `"", byte 1`)},
		{`{"a":1,}`, at(name, `"", byte 7`)},
		{`{]`, at(name, `"", byte 1`)},
		{`{//`, at(name, `"", byte 1`)},
		{`{"a" 1}`, at("a colon expected (syntax", `"/a", byte 5`)},
		{`{"a"}`, at("a colon expected (syntax", `"/a", byte 4`)},
		{`{"a"::1}`, at(value, `"/a", byte 5`)},
		{`{"a":}`, at(value, `"/a", byte 5`)},
		{`{"a":1 "b":2}`, at(next, `"", byte 7`)},
		{`{"a":1]`, at(next, `"", byte 6`)},
		{`{"a":[1}`, at(next, `"/a", byte 7`)},
		{`{"a":[1 2]}`, at(next, `"/a", byte 8`)},
		{`{"a":[,1]}`, at(value, `"/a", byte 6`)},
		{`{"a":[1,]}`, at(value, `"/a", byte 8`)},
		{`{"a":1;`, at(next, `"", byte 6`)},
		{"{\v}", at(name, `"", byte 1`)},
		{`{"b~/":[x]}`, at(value, `"/b~0~1", byte 8`)},
		// Scalars.
		{`{"a":01}`, at(next, `"", byte 6`)},
		{`{"a":+1}`, at(value, `"/a", byte 5`)},
		{`{"a":.5}`, at(value, `"/a", byte 5`)},
		{`{"a":-}`, at(digit, `"/a", byte 6`)},
		{`{"a":--1}`, at(digit, `"/a", byte 6`)},
		{`{"a":-01}`, at(next, `"", byte 7`)},
		{`{"a":1.}`, at(digit, `"/a", byte 7`)},
		{`{"a":1.e1}`, at(digit, `"/a", byte 7`)},
		{`{"a":1e}`, at(digit, `"/a", byte 7`)},
		{`{"a":1e+}`, at(digit, `"/a", byte 8`)},
		{`{"a":1e+-1}`, at(digit, `"/a", byte 8`)},
		{`{"a":1e5.5}`, at(next, `"", byte 8`)},
		{`{"a":0x1}`, at(next, `"", byte 6`)},
		{`{"a":1_0}`, at(next, `"", byte 6`)},
		{`{"a":-a}`, at(digit, `"/a", byte 6`)},
		{`{"a":1-1}`, at(next, `"", byte 6`)},
		{`{"a":0e.}`, at(digit, `"/a", byte 7`)},
		{`{"a":1.5.5}`, at(next, `"", byte 8`)},
		{`{"a":NaN}`, at(value, `"/a", byte 5`)},
		{`{"a":Infinity}`, at(value, `"/a", byte 5`)},
		{`{"a":-Infinity}`, at(digit, `"/a", byte 6`)},
		{`{"a":True}`, at(value, `"/a", byte 5`)},
		{`{"a":nil}`, at("true, false or null expected (syntax", `"/a", byte 6`)},
		{`{"a":truee}`, at(next, `"", byte 9`)},
		{`{"a":fals}`, at("true, false or null expected (syntax", `"/a", byte 9`)},
		// Strings.
		{`{"a":"\x41"}`, at("unknown escape (syntax", `"/a", byte 7`)},
		{`{"a":"\'"}`, at("unknown escape (syntax", `"/a", byte 7`)},
		{`{"a":"\U0041"}`, at("unknown escape (syntax", `"/a", byte 7`)},
		{`{"a":"\u004g"}`, at(hex, `"/a", byte 11`)},
		{`{"a":"\u"}`, at(hex, `"/a", byte 8`)},
		{`{"a":"\u+041"}`, at(hex, `"/a", byte 8`)},
		{"{\"a\":\"\n\"}", at(control, `"/a", byte 6`)},
		{"{\"a\":\"0123456789\t\"}", at(control, `"/a", byte 16`)},
		{"{\"a\":\"\x00\"}", at(control, `"/a", byte 6`)},
		{"{\"a\":\"\x1f\"}", at(control, `"/a", byte 6`)},
		{`{"a":"\ud800"}`, at(lone, `"/a", byte 12`)},
		{`{"a":"\udc00"}`, at(lone, `"/a", byte 11`)},
		{`{"a":"\ud800x"}`, at(lone, `"/a", byte 12`)},
		{`{"a":"\ud800\n"}`, at(lone, `"/a", byte 13`)},
		{`{"a":"\ud800\ud800"}`, at(lone, `"/a", byte 17`)},
		{`{"a":"\ud800\u0041"}`, at(lone, `"/a", byte 17`)},
		{`{"a":"\ud83d\ude00\ude00"}`, at(lone, `"/a", byte 23`)},
		{`{"\ud800":1}`, at(lone, `"", byte 8`)},
		{"{\"a\":\"\xff\"}", at(utf, `"/a", byte 6`)},
		{"{\"a\":\"\xc0\xaf\"}", at(utf, `"/a", byte 6`)},
		{"{\"a\":\"é\xed\xa0\x80\"}", at(utf, `"/a", byte 8`)},
		{"{\"a\":\"\xf4\x90\x80\x80\"}", at(utf, `"/a", byte 6`)},
		{"{\"a\":\"\xf0\x9f\x98\"}", at(utf, `"/a", byte 6`)},
		{"{\"a\":\"\x80\"}", at(utf, `"/a", byte 6`)},
		{"{\"\xe9\":1}", at(utf, `"", byte 2`)},
		{"{\"a\":\"\xe2\x82\"}", at(utf, `"/a", byte 6`)},
		// The watched name, twice and in other spellings.
		{`{"model":"a","model":"b"}`, `0="a"; ` + at(twice, `"/model", byte 19`)},
		{`{"model":"a","model":"a"}`, `0="a"; ` + at(twice, `"/model", byte 19`)},
		{`{"a":1,"a":1}`, at(twice, `"/a", byte 9`)},
		{`{"a":1,"\u0061":1}`, at(twice, `"/a", byte 14`)},
		{`{"model":"a","mod\u0065l":"b"}`, `0="a"; ` + at(twin, `"/model", byte 24`)},
		{`{"m\u006fdel":"a"}`, at(twin, `"/model", byte 12`)},
		{`{"Model":"a"}`, at(twin, `"/Model", byte 7`)},
		{`{"MODEL":"a"}`, at(twin, `"/MODEL", byte 7`)},
		{`{"model":"a","MODEL":"b"}`, `0="a"; ` + at(twin, `"/MODEL", byte 19`)},
		{`{"\u006D\u006F\u0064\u0065\u006C":"a"}`, at(twin, `"/model", byte 32`)},
		{`{"\u004dodel":null}`, at(twin, `"/Model", byte 12`)},
		{`{"model\u0000":"a"}`, at("U+0000 in a name (twin", `"", byte 13`)},
		{`{"\u0000":"a"}`, at("U+0000 in a name (twin", `"", byte 8`)},
		// Other types.
		{`{"model":null}`, at(str, `"/model", byte 9`)},
		{`{"model":1}`, at(str, `"/model", byte 9`)},
		{`{"model":{}}`, at(str, `"/model", byte 9`)},
		{`{"model":["a"]}`, at(str, `"/model", byte 9`)},
		{`{"model":true}`, at(str, `"/model", byte 9`)},
		{`{"model":x}`, at(value, `"/model", byte 9`)},
		// Limits.
		{`{"model":"` + long + `x"}`, at("a watched value is too long (too_long", `"/model", byte 1034`)},
		{`{"model":"` + long[:MaxText-1] + `é"}`, at("a watched value is too long (too_long", `"/model", byte 1033`)},
		{`{"model":"` + long + `\u0041"}`, at("a watched value is too long (too_long", `"/model", byte 1039`)},
		{`{"` + strings.Repeat("k", 257) + `":1}`, at("a name in a watched object is too long (too_long", `"", byte 258`)},
		{`{"a":` + nested(64) + `}`, at("nested too deeply (too_deep", `"/a", byte 68`)},
		{`{` + members(MaxMembers+1) + `}`, at("too many members in a watched object (too_many", `"", byte 9137`)},
	} {
		t.Run(fmt.Sprintf("%.60q", x.doc), func(t *testing.T) {
			if got := everyJSON(t, model, x.doc); got != x.want {
				t.Errorf("JSON %.200q\n got %s\nwant %s", x.doc, got, x.want)
			}
		})
	}
}

func TestJSONRefusesInside(t *testing.T) {
	for _, x := range []struct{ doc, want string }{
		{`{"parameters":null}`, `an object expected (type at "/parameters", byte 14)`},
		{`{"parameters":"model"}`, `an object expected (type at "/parameters", byte 14)`},
		{`{"parameters":[{}]}`, `an object expected (type at "/parameters", byte 14)`},
		{`{"parameters":{},"parameters":{}}`, `2 absent; 3 absent; a name occurs twice (duplicate at "/parameters", byte 28)`},
		{`{"Parameters":{}}`, `another spelling of a watched name (twin at "/Parameters", byte 12)`},
		{`{"ta\u017fk":"t"}`, `another spelling of a watched name (twin at "/taſk", byte 11)`},
		{`{"taſk":"t"}`, `another spelling of a watched name (twin at "/taſk", byte 7)`},
		{`{"tas` + "\u212a" + `":"t"}`, "another spelling of a watched name (twin at \"/tas\u212a\", byte 8)"},
		{`{"parameters":{"model":1}}`, `a string expected (type at "/parameters/model", byte 23)`},
		{`{"parameters":{"MODEL":"a"}}`, `another spelling of a watched name (twin at "/parameters/MODEL", byte 21)`},
		{`{"parameters":{"extra":{"kind":"a","kind":"b"}}}`, `3="a"; a name occurs twice (duplicate at "/parameters/extra/kind", byte 40)`},
		{`{"parameters":{"extra":{"a":[}}}}`, `a JSON value expected (syntax at "/parameters/extra/a", byte 29)`},
		{`{"parameters":{"a":1,"a":1}}`, `a name occurs twice (duplicate at "/parameters/a", byte 23)`},
		{`{"parameters":{"extra":{}},"a":x}`, `3 absent; 2 absent; a JSON value expected (syntax at "/a", byte 31)`},
	} {
		t.Run(fmt.Sprintf("%.60q", x.doc), func(t *testing.T) {
			if got := everyJSON(t, deep, x.doc); got != x.want {
				t.Errorf("JSON %.200q\n got %s\nwant %s", x.doc, got, x.want)
			}
		})
	}
}

func TestJSONLimits(t *testing.T) {
	scan := func(l Limits, doc string) string {
		j := NewJSON(model, l)
		j.Scan([]byte(doc))
		return result(j.Values(), j.End())
	}
	for _, x := range []struct {
		limits    Limits
		doc, want string
	}{
		{Limits{Depth: 2}, `{"a":[]}`, "ok"},
		{Limits{Depth: 2}, `{"a":[[]]}`, "too_deep"},
		{Limits{Depth: 1000}, `{"a":` + nested(64) + `}`, "too_deep"},
		{Limits{Members: 2}, `{"a":1,"b":1}`, "ok"},
		{Limits{Members: 2}, `{"a":1,"b":1,"model":""}`, "too_many"},
		{Limits{Key: 2}, `{"aé":1}`, "too_long"},
		{Limits{Key: 3}, `{"aé":1}`, "ok"},
		{Limits{Text: 1}, `{"model":"a","n":"abc"}`, "ok"},
		{Limits{Text: 1}, `{"model":"ab"}`, "too_long"},
	} {
		if got := scan(x.limits, x.doc); !strings.Contains(got, x.want) {
			t.Errorf("%+v of %s: %s, want %s", x.limits, x.doc, got, x.want)
		}
	}
}
