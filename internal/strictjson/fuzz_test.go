package strictjson

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// FuzzCheck: encoding/json accepts what Check accepts, finds no name twice in it and
// reads the same values. What Check refuses beyond that, it refuses for one of its
// own reasons.
func FuzzCheck(f *testing.F) {
	for _, doc := range accepted {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		compare(t, doc)
		if err := Check(doc); err != nil {
			e := err.(*SyntaxError)
			_, bad := ParsePointer(e.Pointer)
			outside := e.Offset < 0 || e.Offset > len(doc) || e.Line < 1 || e.Column < 1
			if e.Pointer != "" && bad != nil || outside {
				t.Fatalf("Check(%q) = %v", doc, err)
			}
			return
		}
		d := json.NewDecoder(strings.NewReader(doc))
		d.UseNumber()
		same(t, d, Read(doc))
	})
}

// alike compares a value with what gjson reads.
func alike(t *testing.T, got Result, want gjson.Result) {
	t.Helper()
	raw := strings.TrimRight(want.Raw, " \t\r\n") // gjson leaves what follows the root
	if got.Type != want.Type || got.Raw != raw || got.Str != want.Str || got.Num != want.Num || got.Exists() != want.Exists() ||
		got.IsObject() != want.IsObject() || got.IsArray() != want.IsArray() || got.IsBool() != want.IsBool() {
		t.Fatalf("%q is read as %+v, want %+v", want.Raw, got, want)
	}
	if got.Type != gjson.JSON {
		got.ForEach(func(_, value Result) bool {
			t.Fatalf("%q has the member %v", raw, value)
			return false
		})
		if got.String() != want.String() || got.IsBool() && got.Bool() != want.Bool() {
			t.Fatalf("%q reads %s, want %s", want.Raw, got, want)
		}
		return
	}
	var names []string
	var values []Result
	got.ForEach(func(name, value Result) bool {
		names, values = append(names, name.Str), append(values, value)
		return true
	})
	want.ForEach(func(name, value gjson.Result) bool {
		if len(values) == 0 || names[0] != name.Str {
			t.Fatalf("member %q of %q is not read", name.Str, raw)
		}
		alike(t, values[0], value)
		if got.IsObject() && !equal(got.Get(name.Str), values[0]) {
			t.Fatalf("Get(%q) of %q = %v, want %v", name.Str, raw, got.Get(name.Str), values[0])
		}
		names, values = names[1:], values[1:]
		return true
	})
	if len(values) > 0 {
		t.Fatalf("%d members too many of %q", len(values), raw)
	}
}

// equal compares two values, but not their places in their documents.
func equal(a, b Result) bool {
	return a.Type == b.Type && a.Raw == b.Raw && a.Str == b.Str && a.Num == b.Num
}

// same walks a document with an independent decoder, which keeps every name,
// and compares Read with it.
func same(t *testing.T, d *json.Decoder, got Result) {
	t.Helper()
	token, err := d.Token()
	if err != nil {
		t.Fatalf("encoding/json: %v", err)
	}
	var values []Result
	var names []string
	got.ForEach(func(name, value Result) bool {
		names, values = append(names, name.Str), append(values, value)
		return true
	})
	switch want := token.(type) {
	case json.Delim:
		seen := map[string]bool{}
		n := 0
		for ; d.More(); n++ {
			if n >= len(values) {
				t.Fatalf("Read reads %d members of %s", n, got.Raw)
			}
			if want == '{' {
				token, _ := d.Token()
				name := token.(string)
				if seen[name] || names[n] != name {
					t.Fatalf("name %q twice, or read as %q, in %s", name, names[n], got.Raw)
				}
				seen[name] = true
			}
			same(t, d, values[n])
		}
		if _, err := d.Token(); err != nil || n != len(values) || got.IsObject() != (want == '{') || got.IsArray() != (want == '[') {
			t.Fatalf("Read reads %d of %d members of %s", len(values), n, got.Raw)
		}
	case string:
		if got.Type != String || got.Str != want {
			t.Fatalf("Read reads %q as %q", want, got.Str)
		}
	case json.Number:
		if got.Type != Number || got.Raw != want.String() {
			t.Fatalf("Read reads %s as %s", want, got.Raw)
		}
	case bool:
		if !got.IsBool() || got.Bool() != want {
			t.Fatalf("Read reads %v as %s", want, got.Raw)
		}
	case nil:
		if got.Type != Null || got.Raw != "null" {
			t.Fatalf("Read reads null as %s", got.Raw)
		}
	}
}
