package strictjson

import (
	"fmt"
	"strings"
	"testing"
)

func TestCheckRefuses(t *testing.T) {
	const (
		value     = "expected a value; got "
		name      = "expected a name in double quotes; got "
		after     = "expected the end of the document; got "
		end       = "the end of the document"
		escapes   = `expected one of "\/bfnrtu after a backslash; got `
		backslash = ` (a backslash is written \\)`
		hex       = `\u must be followed by four hexadecimal digits`
		open      = "the string has no closing quote"
		deep      = "must not be nested deeper than 32"
	)
	for _, c := range []struct {
		doc, pointer string
		column       int
		want         string
	}{
		{"", "", 1, value + end},
		{" ", "", 2, value + end},
		{"tru", "", 1, value + `'t'`},
		{"True", "", 1, value + `'T' (write true)`},
		{"nul", "", 1, value + `'n'`},
		{"NaN", "", 1, value + `'N' (JSON has no NaN)`},
		{"Infinity", "", 1, value + `'I' (JSON has no Infinity)`},
		{"undefined", "", 1, value + `'u' (JSON has no undefined)`},
		{"'a'", "", 1, value + `"'" (write double quotes)`},
		{"+1", "", 1, value + `'+'`},
		{".5", "", 1, value + `'.'`},
		{"\x00", "", 1, value + `'\x00'`},
		{"\v1", "", 1, value + `'\v'`},
		{"\u00a01", "", 1, value + `'\u00a0'`},
		{"// c\n1", "", 1, value + `'/' (JSON has no comments)`},
		{"\ufeff{}", "", 1, `must not begin with a byte order mark`},
		{"\"\xff\"", "", 2, `must be UTF-8; got the byte 0xff`},
		{"\"\xc0\xaf\"", "", 2, `must be UTF-8; got the byte 0xc0`},
		{"\"\xed\xa0\x80\"", "", 2, `must be UTF-8; got the byte 0xed`},
		{"{}\xff", "", 3, `must be UTF-8; got the byte 0xff`},
		{"{}{}", "", 3, after + `'{'`},
		{"1 2", "", 3, after + `'2'`},
		{"{}]", "", 3, after + `']'`},
		{"{}\x00", "", 3, after + `'\x00'`},
		{"{}//", "", 3, after + `'/' (JSON has no comments)`},
		{"truee", "", 5, after + `'e'`},
		{"01", "", 2, after + `'1'`},
		{"0x1", "", 2, after + `'x'`},
		{"-01", "", 3, after + `'1'`},
		{"1_0", "", 2, after + `'_'`},
		{"-", "", 2, `expected a digit; got ` + end},
		{"--1", "", 2, `expected a digit; got '-'`},
		{"-a", "", 2, `expected a digit; got 'a'`},
		{"1.", "", 3, `expected a digit after the point; got ` + end},
		{"1.e1", "", 3, `expected a digit after the point; got 'e'`},
		{"1e", "", 3, `expected a digit in the exponent; got ` + end},
		{"1e+", "", 4, `expected a digit in the exponent; got ` + end},
		{"1e+-1", "", 4, `expected a digit in the exponent; got '-'`},
		{"[1.]", "/0", 4, `expected a digit after the point; got ']'`},
		{`"`, "", 1, open},
		{`"a`, "", 1, open},
		{`"\"`, "", 1, open},
		{`"\`, "", 3, escapes + end + backslash},
		{`"\x41"`, "", 3, escapes + `'x'` + backslash},
		{`"\a"`, "", 3, escapes + `'a'` + backslash},
		{`"\U0041"`, "", 3, escapes + `'U'` + backslash},
		{"\"\n\"", "", 2, `a string must not contain a line break; write it as \n`},
		{"\"\t\"", "", 2, `a string must not contain a tab; write it as \t`},
		{"\"\x00\"", "", 2, `a string must not contain a control character; write it as \u0000`},
		{`"\u"`, "", 3, hex},
		{`"\u004`, "", 3, hex},
		{`"\u004g"`, "", 3, hex},
		{`"\u+041"`, "", 3, hex},
		{`"\u0_41"`, "", 3, hex},
		{`"\ud800"`, "", 3, loneSurrogate},
		{`"\udc00"`, "", 3, loneSurrogate},
		{`"\ud800x"`, "", 3, loneSurrogate},
		{`"\ud800\n"`, "", 3, loneSurrogate},
		{`"\ud800\ud800"`, "", 3, loneSurrogate},
		{`"\ud800\u0041"`, "", 3, loneSurrogate},
		{`"\ud800\ue000"`, "", 3, loneSurrogate},
		{`"\udbff\uffff"`, "", 3, loneSurrogate},
		{`"\ud800\udc0"`, "", 3, loneSurrogate},
		{`"\ud800/udc00"`, "", 3, loneSurrogate},
		{`"\ud83d\ude00\ude00"`, "", 15, loneSurrogate},
		{"[", "/0", 2, value + end},
		{"[1", "", 3, `expected ',' or ']'; got ` + end},
		{"[1,]", "/1", 4, value + `']' (remove the comma before it)`},
		{"[,1]", "/0", 2, value + `','`},
		{"[1 2]", "", 4, `expected ',' or ']'; got '2'`},
		{"[1}", "", 3, `expected ',' or ']'; got '}'`},
		{"[[1],[2,x]]", "/1/1", 9, value + `'x'`},
		{"{", "", 2, name + end},
		{"{a:1}", "", 2, name + `'a'`},
		{"{'a':1}", "", 2, name + `"'" (write double quotes)`},
		{"{1:1}", "", 2, name + `'1'`},
		{`{"a":1,}`, "", 8, name + `'}' (remove the comma before it)`},
		{`{,}`, "", 2, name + `','`},
		{`{"a" 1}`, "", 6, `expected ':'; got '1'`},
		{`{"a"}`, "", 5, `expected ':'; got '}'`},
		{`{"a`, "", 2, open},
		{`{"a":}`, "/a", 6, value + `'}'`},
		{`{"a":1`, "", 7, `expected ',' or '}'; got ` + end},
		{`{"a":1 "b":2}`, "", 8, `expected ',' or '}'; got '"'`},
		{`{"a":1]`, "", 7, `expected ',' or '}'; got ']'`},
		{`{"a":{"b/~":[0,x]}}`, "/a/b~1~0/1", 16, value + `'x'`},
		{`{"\u0061\n":x}`, "/a\n", 13, value + `'x'`},
		{`{"a":1,"a":1}`, "", 8, `"a" is there twice`},
		{`{"a":1,"\u0061":1}`, "", 8, `"a" is there twice`},
		{`{"":1,"":1}`, "", 7, `"" is there twice`},
		{`{"x":[{"a":{},"b":1,"a":0}]}`, "/x/0", 21, `"a" is there twice`},
		{`{"a":{"a":1},"a":1}`, "", 14, `"a" is there twice`},
		{`{"😀":1,"\ud83d\ude00":1}`, "", 8, `"😀" is there twice`},
		{`{"/":1,"\/":1}`, "", 8, `"/" is there twice`},
		{nested(33), strings.Repeat("/0", 32), 33, deep},
		{`{"a":` + nested(32) + `}`, "/a" + strings.Repeat("/0", 31), 37, deep},
	} {
		t.Run(fmt.Sprintf("%.30q", c.doc), func(t *testing.T) {
			want := fmt.Sprintf("%q: line 1, column %d: %s", c.pointer, c.column, c.want)
			if err := Check(c.doc); err == nil || err.Error() != want {
				t.Errorf("Check(%s) = %v, want %s", c.doc, err, want)
			}
		})
	}
}

// TestCheckHints has common mistakes, and what helps.
func TestCheckHints(t *testing.T) {
	for _, c := range []struct{ name, doc, want string }{
		{"YAML", "version: 1\nissuers: []\n", "line 1, column 1: expected a value; got 'v' (this looks like YAML; it must be JSON)"},
		{"YAML document", "---\nversion: 1", "line 1, column 2: expected a digit; got '-' (this looks like YAML; it must be JSON)"},
		{"YAML list", "\n- a", "line 2, column 2: expected a digit; got ' ' (this looks like YAML; it must be JSON)"},
		{"a word", "version", "line 1, column 1: expected a value; got 'v'"},
		{"words", "not JSON\na: b", "line 1, column 1: expected a value; got 'n'"},
		{"// comment", "{\n  // who\n}", "line 2, column 3: expected a name in double quotes; got '/' (JSON has no comments)"},
		{"/* comment", "[1, /* two */ 2]", "line 1, column 5: expected a value; got '/' (JSON has no comments)"},
		{"# comment", "# who\n{}", "line 1, column 1: expected a value; got '#' (JSON has no comments)"},
		{"comment after a value", `{"a": 1 # one`, "line 1, column 9: expected ',' or '}'; got '#' (JSON has no comments)"},
		{"comma in an object", "{\n\"a\": 1,\n}", "line 3, column 1: expected a name in double quotes; got '}' (remove the comma before it)"},
		{"comma in an array", "[1 , ]", "line 1, column 6: expected a value; got ']' (remove the comma before it)"},
		{"no comma", "{\"a\": 1\n\"b\": 2}", "line 2, column 1: expected ',' or '}'; got '\"'"},
		{"single quotes", "['a']", "line 1, column 2: expected a value; got \"'\" (write double quotes)"},
		{"NaN", `{"a": NaN}`, "line 1, column 7: expected a value; got 'N' (JSON has no NaN)"},
		{"-Infinity", `[-Infinity]`, "line 1, column 3: expected a digit; got 'I' (JSON has no Infinity)"},
		{"undefined", `[undefined]`, "line 1, column 2: expected a value; got 'u' (JSON has no undefined)"},
		{"True", `[True]`, "line 1, column 2: expected a value; got 'T' (write true)"},
		{"False", `[False]`, "line 1, column 2: expected a value; got 'F' (write false)"},
		{"None", `[None]`, "line 1, column 2: expected a value; got 'N' (write null)"},
		{"regular expression", `["\d+"]`, `line 1, column 4: expected one of "\/bfnrtu after a backslash; got 'd' (a backslash is written \\)`},
		{"PEM", "[\"-----BEGIN\nMII", `line 1, column 13: a string must not contain a line break; write it as \n`},
		{"characters, not bytes", "{}\n\"é😀\" x", "line 2, column 1: expected the end of the document; got '\"'"},
		{"column after é", "[\"é😀\" x", "line 1, column 7: expected ',' or ']'; got 'x'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := read(c.doc, func(Value) {}); !strings.HasSuffix(got, ": "+c.want) {
				t.Errorf("Parse(%q) reports %s, want %s", c.doc, got, c.want)
			}
		})
	}
}

func TestNearest(t *testing.T) {
	known := []string{"issuer", "issuers", "jwks", "audiences", "holdHeaders", "k8s", "aud"}
	for _, c := range []struct{ name, want string }{
		{"isuer", "issuer"},
		{"isuers", "issuers"},
		{"issuer_", "issuer"},
		{"Issuer", "issuer"},
		{"hold_headers", "holdHeaders"},
		{"Hold-Headers", "holdHeaders"},
		{"jwsk", "jwks"},
		{"audience", "audiences"},
		{"audences", "audiences"},
		{"ad", "aud"},
		{"audi", "aud"},
		{"", ""},
		{"x", ""},
		{"sub", ""},
		{"jwks_uri", ""},
		{"completely", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := nearest(c.name, known); got != c.want {
				t.Errorf("nearest(%q) = %q, want %q", c.name, got, c.want)
			}
		})
	}
}
