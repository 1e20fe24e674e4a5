package strictjson

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParsePointer(t *testing.T) {
	const noSlash, tilde = `must be a JSON Pointer, such as "/groups"`, `must be a JSON Pointer, in which "~" is followed by 0 or 1`
	for _, c := range []struct {
		text  string
		want  []string
		error string
	}{
		{"/", []string{""}, ""},
		{"/a", []string{"a"}, ""},
		{"/a/", []string{"a", ""}, ""},
		{"//", []string{"", ""}, ""},
		{"/a/0", []string{"a", "0"}, ""},
		{"/~0", []string{"~"}, ""},
		{"/~1", []string{"/"}, ""},
		{"/~01", []string{"~1"}, ""},
		{"/~00", []string{"~0"}, ""},
		{"/~0~1~0", []string{"~/~"}, ""},
		{"/a.b#@*", []string{"a.b#@*"}, ""},
		{"", nil, noSlash},
		{"a", nil, noSlash},
		{" /a", nil, noSlash},
		{"#/a", nil, noSlash},
		{"~1a", nil, noSlash},
		{"/~", nil, tilde},
		{"/a~", nil, tilde},
		{"/~2", nil, tilde},
		{"/a~/b", nil, tilde},
		{"/~~0", nil, tilde},
		{"/a/b/~x", nil, tilde},
	} {
		t.Run(c.text, func(t *testing.T) {
			got, err := ParsePointer(c.text)
			if !slices.Equal(got, c.want) || fmt.Sprint(err) != cmp.Or(c.error, "<nil>") {
				t.Errorf("ParsePointer(%s) = %q %v, want %q %s", c.text, got, err, c.want, c.error)
			}
		})
	}
}

// TestPointerIn has the document and the pointers of RFC 6901 section 5, and near misses.
func TestPointerIn(t *testing.T) {
	const rfc = `{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}`
	long := "[" + strings.Repeat("0,", 150) + `"last"]`
	for _, c := range []struct{ doc, pointer, want string }{
		{rfc, "/foo", `["bar","baz"]`},
		{rfc, "/foo/0", `"bar"`},
		{rfc, "/", "0"},
		{rfc, "/a~1b", "1"},
		{rfc, "/c%d", "2"},
		{rfc, "/e^f", "3"},
		{rfc, "/g|h", "4"},
		{rfc, `/i\j`, "5"},
		{rfc, `/k"l`, "6"},
		{rfc, "/ ", "7"},
		{rfc, "/m~0n", "8"},
		{rfc, "/foo/1", `"baz"`},
		{rfc, "/foo/2", ""},
		{rfc, "/foo/-", ""},
		{rfc, "/foo/-1", ""},
		{rfc, "/foo/+1", ""},
		{rfc, "/foo/00", ""},
		{rfc, "/foo/01", ""},
		{rfc, "/foo/1.0", ""},
		{rfc, "/foo/1e0", ""},
		{rfc, "/foo/", ""},
		{rfc, "/foo/ 1", ""},
		{rfc, "/foo/#", ""},
		{rfc, "/foo/0/0", ""},
		{rfc, "/FOO", ""},
		{rfc, "/fo", ""},
		{rfc, "/*", ""},
		{rfc, "/foo.0", ""},
		{rfc, "/@this", ""},
		{rfc, "//0", ""},
		{rfc, "/m~01n", ""},
		{rfc, "/foo/18446744073709551616", ""},
		{`{"a.b":{"#":{"@this":[{"*":"deep"}]}}}`, "/a.b/#/@this/0/*", `"deep"`},
		{`{"a":{"b":1}}`, "/a.b", ""},
		{`{"\u0061":{"\/":1}}`, "/a/~1", "1"},
		{`{"0":"zero"}`, "/0", `"zero"`},
		{`{"a":null}`, "/a", "null"},
		{`{"a":null}`, "/a/b", ""},
		{`{"a":"{\"b\":1}"}`, "/a/b", ""},
		{`"a"`, "/a", ""},
		{`"a"`, "/", ""},
		{`7`, "/0", ""},
		{long, "/150", `"last"`},
		{long, "/151", ""},
		{` [ 1 , [ 2 , 3 ] ] `, "/1/1", "3"},
	} {
		t.Run(fmt.Sprintf("%s in %.20s", c.pointer, c.doc), func(t *testing.T) {
			p, err := ParsePointer(c.pointer)
			if err != nil || Check(c.doc) != nil {
				t.Fatalf("ParsePointer(%s) = %v, Check(%s) = %v", c.pointer, err, c.doc, Check(c.doc))
			}
			if got := p.In(Read(c.doc)); got.Raw != c.want || got.Exists() != (c.want != "") {
				t.Errorf("Pointer(%s).In(%.80s) = %s, want %s", c.pointer, c.doc, got.Raw, c.want)
			}
		})
	}
	// Section 5: an empty pointer is the whole document.
	if got := (Pointer{}).In(Read(rfc)); got.Raw != rfc {
		t.Errorf("Pointer().In(doc) = %s", got.Raw)
	}
}

func TestPointerAllocatesNothing(t *testing.T) {
	doc := Read(`{"before":["x",{"y":1}],"https://corp.example/claims":{"list":[` + strings.Repeat(`"g",`, 200) + `{"deep":"value"}]}}`)
	for _, text := range []string{"/https:~1~1corp.example~1claims/list/200/deep", "/before/1/y", "/nowhere/at/all"} {
		p, err := ParsePointer(text)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { p.In(doc) }); n != 0 {
			t.Errorf("Pointer(%s).In allocates %v times, want 0", text, n)
		}
	}
}
