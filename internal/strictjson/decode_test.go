package strictjson

import (
	"fmt"
	"slices"
	"testing"
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
	const empty = "is empty; leave it out instead"
	get := func(f func(Value)) func(Value) { return func(v Value) { f(v.Object("a").Get("a")) } }
	text, boolean := get(func(v Value) { v.Text() }), get(func(v Value) { v.Bool() })
	items, texts := get(func(v Value) { v.Items() }), get(func(v Value) { v.Texts() })
	known, named := get(func(v Value) { v.Object("b", "c") }), get(func(v Value) { v.Object() })
	need := func(v Value) { v.Object("a").Need("a") }
	for _, x := range []struct {
		name string
		f    func(Value)
		doc  string
		want string
	}{
		{"Parse", text, `{"a":1,"b":[{"c":}]}`, `"/b/0/c": a JSON value expected at byte 17`},
		{"Parse", text, `{"a":1,"a":1}`, `"": name "a" occurs twice at byte 11`},
		{"Object", text, `[]`, `"": an object expected`},
		{"Object", text, `null`, `"": an object expected`},
		{"Object", text, `{"b":1}`, `"/b": unknown field; known are a`},
		{"Object", text, `{"A":1,"x/y~":1}`, `"/A": unknown field; known are a` + "\n" + `"/x~1y~0": unknown field; known are a`},
		{"Text", text, `{}`, ``}, {"Text", text, `{"a":"x"}`, ``}, {"Text", text, `{"a":""}`, `"/a": ` + empty}, {"Text", text, `{"a":1}`, `"/a": a string expected`},
		{"Text", text, `{"a":null}`, `"/a": a string expected`}, {"Text", text, `{"a":["x"]}`, `"/a": a string expected`}, {"Text", text, `{"a":true}`, `"/a": a string expected`},
		{"Bool", boolean, `{}`, ``}, {"Bool", boolean, `{"a":true}`, ``}, {"Bool", boolean, `{"a":"true"}`, `"/a": true or false expected`}, {"Bool", boolean, `{"a":0}`, `"/a": true or false expected`},
		{"Bool", boolean, `{"a":null}`, `"/a": true or false expected`},
		{"Items", items, `{}`, ``}, {"Items", items, `{"a":[1,"x"]}`, ``}, {"Items", items, `{"a":[]}`, `"/a": ` + empty}, {"Items", items, `{"a":{}}`, `"/a": an array expected`}, {"Items", items, `{"a":"x"}`, `"/a": an array expected`},
		{"Texts", texts, `{"a":["x","y"]}`, ``}, {"Texts", texts, `{"a":["x",1,"x",""]}`, `"/a/1": a string expected` + "\n" + `"/a/2": "x" stands twice` + "\n" + `"/a/3": ` + empty + "\n" + `"/a/3": "" stands twice`},
		{"Object known", known, `{"a":{"c":1}}`, ``}, {"Object known", known, `{"a":{}}`, ``}, {"Object known", known, `{"a":{"d":1}}`, `"/a/d": unknown field; known are b, c`},
		{"Object any", named, `{"a":{"x":1}}`, ``}, {"Object any", named, `{"a":{}}`, `"/a": ` + empty}, {"Object any", named, `{"a":[]}`, `"/a": an object expected`},
		{"Need", need, `{"a":null}`, ``}, {"Need", need, `{}`, `"": "a" is missing`}, {"Need", need, `7`, `"": an object expected`},
	} {
		if got := read(x.doc, x.f); got != x.want {
			t.Errorf("%s(%s) = %s, want %s", x.name, x.doc, got, x.want)
		}
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
