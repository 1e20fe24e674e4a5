package strictjson

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// read runs f on a document and returns what it reports.
func read(doc string, f func(Value)) string {
	var problems Problems
	if v, ok := Parse(doc, &problems); ok {
		f(v)
	}
	return problems.Error()
}

func TestReadingReports(t *testing.T) {
	const empty = "must not be empty; leave it out instead"
	get := func(f func(Value)) func(Value) { return func(v Value) { f(v.Object("a").Get("a")) } }
	text, boolean := get(func(v Value) { v.Text() }), get(func(v Value) { v.Bool() })
	items, texts := get(func(v Value) { v.Items() }), get(func(v Value) { v.Texts() })
	known, named := get(func(v Value) { v.Object("b", "c") }), get(func(v Value) { v.Object() })
	duration, instant := get(func(v Value) { v.Duration(time.Second, time.Minute) }), get(func(v Value) { v.Instant() })
	long := strings.Repeat("x", maxFound-2)
	mustBe := get(func(v Value) { v.MustBe("%s or %s", "b", "c") })
	secret := func(v Value) { v.Object("symmetric").Get("symmetric").MustBe("b or c") }
	deep := func(v Value) { v.Object("symmetric").Get("symmetric").Object("k").Get("k").MustBe("b or c") }
	need := func(v Value) { v.Object("a").Need("a") }
	for _, c := range []struct {
		name string
		f    func(Value)
		doc  string
		want string
	}{
		{"Parse", text, `{"a":1,"b":[{"c":}]}`, `"/b/0/c": line 1, column 18: expected a value; got '}'`},
		{"Parse", text, `{"a":1,"a":1}`, `"": line 1, column 8: "a" is there twice`},
		{"Object", text, `[]`, `"": must be an object; got an array`},
		{"Object", text, `null`, `"": must be an object; got null`},
		{"Object", text, `{"b":1}`, `"/b": unknown field "b"; known are a`},
		{"Object", text, `{"x/y~":1,"A":1}`, `"/x~1y~0": unknown field "x/y~"; known are a
"/A": unknown field "A"; did you mean "a"? known are a`},
		{"Text", text, `{}`, ``},
		{"Text", text, `{"a":"x"}`, ``},
		{"Text", text, `{"a":""}`, `"/a": ` + empty},
		{"Text", text, `{"a":1}`, `"/a": must be a string; got 1`},
		{"Text", text, `{"a":null}`, `"/a": must be a string; got null`},
		{"Text", text, `{"a":["x"]}`, `"/a": must be a string; got an array`},
		{"Text", text, `{"a":true}`, `"/a": must be a string; got true`},
		{"Bool", boolean, `{}`, ``},
		{"Bool", boolean, `{"a":true}`, ``},
		{"Bool", boolean, `{"a":"true"}`, `"/a": must be true or false; got "true"`},
		{"Bool", boolean, `{"a":0}`, `"/a": must be true or false; got 0`},
		{"Bool", boolean, `{"a":null}`, `"/a": must be true or false; got null`},
		{"Items", items, `{}`, ``},
		{"Items", items, `{"a":[1,"x"]}`, ``},
		{"Items", items, `{"a":[]}`, `"/a": ` + empty},
		{"Items", items, `{"a":{}}`, `"/a": must be an array; got an object`},
		{"Items", items, `{"a":"x"}`, `"/a": must be an array; got "x"`},
		{"Texts", texts, `{"a":["x","y"]}`, ``},
		{"Texts", texts, `{"a":["x",1,"x",""]}`, `"/a/1": must be a string; got 1
"/a/2": "x" is there twice
"/a/3": ` + empty},
		{"Object known", known, `{"a":{"c":1}}`, ``},
		{"Object known", known, `{"a":{}}`, ``},
		{"Object known", known, `{"a":{"d":1}}`, `"/a/d": unknown field "d"; known are b, c`},
		{"Object any", named, `{"a":{"x":1}}`, ``},
		{"Object any", named, `{"a":{}}`, `"/a": ` + empty},
		{"Object any", named, `{"a":[]}`, `"/a": must be an object; got an array`},
		{"Duration", duration, `{}`, ``},
		{"Duration", duration, `{"a":"1m"}`, ``},
		{"Duration", duration, `{"a":"999ms"}`, `"/a": must be a duration from 1s to 1m0s, such as "30s"; got "999ms"`},
		{"Duration", duration, `{"a":"61s"}`, `"/a": must be a duration from 1s to 1m0s, such as "30s"; got "61s"`},
		{"Duration", duration, `{"a":30}`, `"/a": must be a duration from 1s to 1m0s, such as "30s"; got 30`},
		{"Instant", instant, `{}`, ``},
		{"Instant", instant, `{"a":"2026-12-31"}`, `"/a": must be a time such as 2026-12-31T00:00:00Z; got "2026-12-31"`},
		{"Instant", instant, `{"a":1767225600}`, `"/a": must be a time such as 2026-12-31T00:00:00Z; got 1767225600`},
		{"MustBe", mustBe, `{}`, `"/a": must be b or c; got nothing`},
		{"MustBe", mustBe, `{"a":"\u0064"}`, `"/a": must be b or c; got "\u0064"`},
		{"MustBe", mustBe, "{\"a\":\"\x7f\u202e\"}", "\"/a\": must be b or c; got \"\ufffd\ufffd\""},
		{"MustBe", mustBe, `{"a":"` + long + `é"}`, `"/a": must be b or c; got "` + long + `…`},
		{"MustBe", secret, `{"symmetric":"x"}`, `"/symmetric": must be b or c; got a value that may be a secret`},
		{"MustBe", secret, `{"symmetric":["x"]}`, `"/symmetric": must be b or c; got an array`},
		{"MustBe", deep, `{"symmetric":{"k":"x"}}`, `"/symmetric/k": must be b or c; got a value that may be a secret`},
		{"Need", need, `{"a":null}`, ``},
		{"Need", need, `{}`, `"": needs "a"`},
		{"Need", need, `7`, `"": must be an object; got 7`},
	} {
		t.Run(c.name+" "+c.doc, func(t *testing.T) {
			if got := read(c.doc, c.f); got != c.want {
				t.Errorf("%s(%s) reports %s, want %s", c.name, c.doc, got, c.want)
			}
		})
	}
}

func TestReadingValues(t *testing.T) {
	const doc = `{"s":"a\u0062","t":true,"f":false,"l":["x","y"],"o":{"z":1,"a":{"k/":[0,"in"]}}}`
	got := read(doc, func(v Value) {
		o := v.Object("s", "t", "f", "l", "o")
		if s := o.Get("s").Text(); s != "ab" {
			t.Errorf("Text(s) = %q", s)
		}
		if !o.Get("t").Bool() || o.Get("f").Bool() || o.Get("none").Bool() {
			t.Errorf("Bool() = %v %v", o.Get("t").Bool(), o.Get("f").Bool())
		}
		if l := o.Get("l").Texts(); !slices.Equal(l, []string{"x", "y"}) {
			t.Errorf("Texts(l) = %q", l)
		}
		var names []string
		for _, m := range o.Need("o").Object().Members {
			names = append(names, m.Name)
		}
		if !slices.Equal(names, []string{"z", "a"}) {
			t.Errorf("Members = %q, want them in order", names)
		}
		deep := o.Get("o").Object().Get("a").Object().Get("k/").Items()[1]
		if deep.Pointer() != "/o/a/k~1/1" || deep.JSON().Str != "in" || !deep.Exists() {
			t.Errorf("deep = %s %s", deep.Pointer(), deep.JSON())
		}
		deep.Fail("is %d", 1)
		gone := o.Get("gone").Object("x").Need("y")
		if gone.Exists() || gone.Pointer() != "/gone/y" || gone.Text() != "" || gone.Items() != nil || gone.Texts() != nil {
			t.Errorf("gone = %s %v", gone.Pointer(), gone.Exists())
		}
		gone.Fail("is not there")
	})
	if want := fmt.Sprint(`"/o/a/k~1/1": is 1`, "\n", `"/gone/y": is not there`); got != want {
		t.Errorf("problems = %s, want %s", got, want)
	}
}
