package scan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// each watches a name, and one in each object of an array, which has an object of its own.
var each = []Key{{Name: "model"}, {Name: "requests", Each: true, Keys: []Key{
	{Name: "model", ID: 1}, {Name: "inner", Keys: []Key{{Name: "model", ID: 2}}},
}}}

var eachCases = []struct{ doc, want string }{
	{`{}`, `0 absent; 1 absent; 2 absent; ok`},
	{`{"requests":[]}`, `0 absent; ok`},
	{`{"requests":[{"model":"a"}]}`, `1="a"; 2 absent; 0 absent; ok`},
	{`{"requests":[{"model":"a"},{"model":"b","inner":{"model":"c"}}],"model":"d"}`, `1="a"; 2 absent; 1="b"; 2="c"; 0="d"; ok`},
	{` { "requests" : [ { "x" : [ { "model" : 1 } ] , "model" : "a" } , { } ] } `, `1="a"; 2 absent; 1 absent; 2 absent; 0 absent; ok`},
	{`{"requests":[{"model":"a","n":[[1,"x",{}],null,true]},{"model":"b"}],"y":[1,{"model":2}]}`,
		`1="a"; 2 absent; 1="b"; 2 absent; 0 absent; ok`},
	{`{"requests":{"model":"a"}}`, `an array expected (type at "/requests", byte 12)`},
	{`{"requests":null}`, `an array expected (type at "/requests", byte 12)`},
	{`{"requests":"a"}`, `an array expected (type at "/requests", byte 12)`},
	{`{"requests":[1]}`, `an object expected (type at "", byte 13)`},
	{`{"requests":["model"]}`, `an object expected (type at "", byte 13)`},
	{`{"requests":[[]]}`, `an object expected (type at "", byte 13)`},
	{`{"requests":[null]}`, `an object expected (type at "", byte 13)`},
	{`{"requests":[{"model":"a"},1]}`, `1="a"; 2 absent; an object expected (type at "", byte 27)`},
	{`{"requests":[{"model":1}]}`, `a string expected (type at "/model", byte 22)`},
	{`{"requests":[{"model":"a","model":"b"}]}`, `1="a"; a name occurs twice (duplicate at "/model", byte 32)`},
	{`{"requests":[{"Model":"a"}]}`, `another spelling of a watched name (twin at "/Model", byte 20)`},
	{`{"requests":[],"requests":[]}`, `a name occurs twice (duplicate at "/requests", byte 24)`},
	{`{"requests":[{}`, `1 absent; 2 absent; the document ends too early (truncated at "", byte 15)`},
	{`{"requests":[{},]}`, `1 absent; 2 absent; a JSON value expected (syntax at "", byte 16)`},
	{`{"requests":[}`, `a JSON value expected (syntax at "", byte 13)`},
}

func TestJSONEach(t *testing.T) {
	for _, x := range eachCases {
		t.Run(x.doc, func(t *testing.T) {
			if got := everyJSON(t, each, x.doc); got != x.want {
				t.Errorf("got  %s\nwant %s", got, x.want)
			}
		})
	}
	for n, want := range map[int]string{maxElements: "ok", maxElements + 1: "too_many"} {
		doc := `{"requests":[` + strings.TrimSuffix(strings.Repeat("{},", n), ",") + `]}`
		if got := everyJSON(t, each, doc); !strings.Contains(got, want) {
			t.Errorf("%d elements: %.40q, want %s", n, got[len(got)-40:], want)
		}
	}
}

// TestJSONEachRefuses: the names of every element are asked about.
func TestJSONEachRefuses(t *testing.T) {
	limits := Limits{Refuses: func(name []byte) bool { return bytes.Contains(name, []byte("lora")) }}
	for doc, want := range map[string]string{
		`{"requests":[{"lora":null},{"x":{"lora":1}}]}`: "",
		`{"requests":[{"model":"a"},{"lora":1}]}`:       "refused",
		`{"requests":[{"inner":{"lora":1}}]}`:           "refused",
	} {
		j := NewJSON(each, limits)
		j.Scan([]byte(doc))
		got := ""
		if err := j.End(); err != nil {
			got = err.Kind.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", doc, got, want)
		}
	}
}

// FuzzJSONEach: every cut gives one answer, and what is accepted has the names that
// encoding/json finds.
func FuzzJSONEach(f *testing.F) {
	for _, x := range eachCases {
		f.Add(x.doc)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		got := everyJSON(t, each, doc)
		if !strings.HasSuffix(got, "ok") {
			return
		}
		var parsed struct {
			Model    *string
			Requests []struct {
				Model *string
				Inner *struct{ Model *string }
			}
		}
		if err := json.Unmarshal([]byte(doc), &parsed); err != nil {
			t.Fatalf("%q is accepted: %v", doc, err)
		}
		var want []string
		add := func(id int, text *string) {
			if text != nil {
				want = append(want, fmt.Sprintf("%d=%q", id, *text))
			}
		}
		add(0, parsed.Model)
		for _, r := range parsed.Requests {
			if add(1, r.Model); r.Inner != nil {
				add(2, r.Inner.Model)
			}
		}
		var found []string
		j := NewJSON(each, Limits{})
		j.Scan([]byte(doc))
		for _, v := range j.Values() {
			if v.Present {
				found = append(found, fmt.Sprintf("%d=%q", v.ID, v.Text))
			}
		}
		slices.Sort(want)
		if slices.Sort(found); !slices.Equal(found, want) {
			t.Fatalf("%q has %v, want %v", doc, found, want)
		}
	})
}
