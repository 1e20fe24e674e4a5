package scan

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

var (
	model = []Key{{Name: "model"}}
	deep  = []Key{{Name: "model"}, {Name: "task", ID: 1}, {Name: "parameters", Keys: []Key{
		{Name: "model", ID: 2}, {Name: "extra", Keys: []Key{{Name: "kind", ID: 3}}},
	}}}
)

// scanJSON scans doc in the given cut. Between chunks it holds the scanner to
// what it has said before.
func scanJSON(t testing.TB, keys []Key, doc string, cut []int) string {
	t.Helper()
	j := NewJSON(keys, Limits{})
	var before []Value
	chunks([]byte(doc), cut, func(chunk []byte) {
		j.Scan(chunk)
		if got := j.Values(); len(got) < len(before) || result(got[:len(before)], nil) != result(before, nil) {
			t.Fatalf("JSON %q: values %v became %v", doc, before, got)
		}
		before = append([]Value(nil), j.Values()...)
	})
	err := j.End()
	if end := j.Complete(); err == nil && (end < 1 || doc[end-1] != '}' || strings.Trim(doc[end:], " \t\r\n") != "") {
		t.Fatalf("JSON %q: complete at %d", doc, end)
	}
	if again := j.Scan([]byte("x")); err != nil && again != err {
		t.Fatalf("JSON %q: %v became %v", doc, err, again)
	}
	return result(j.Values(), err)
}

// everyJSON is the one answer of every cut.
func everyJSON(t testing.TB, keys []Key, doc string) string {
	t.Helper()
	all := cuts(len(doc))
	want := scanJSON(t, keys, doc, all[0])
	for _, cut := range all[1:] {
		if got := scanJSON(t, keys, doc, cut); got != want {
			t.Fatalf("JSON %q\n in one: %s\n in %v: %s", doc, want, cut, got)
		}
	}
	return want
}

func nested(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// members are n different ones.
func members(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = `"n` + strconv.Itoa(i) + `":0`
	}
	return strings.Join(all, ",")
}

var long = strings.Repeat("x", MaxText)

var acceptedJSON = []struct {
	keys      []Key
	doc, want string
}{
	{model, `{}`, `0 absent; ok`},
	{model, " \t\r\n{ } \t\r\n", `0 absent; ok`},
	{model, `{"models":"x"}`, `0 absent; ok`},
	{model, `{"model":"a"}`, `0="a"; ok`},
	{model, `{"model":""}`, `0=""; ok`},
	{model, ` { "model" : "a" , "n" : 1 } `, `0="a"; ok`},
	{model, `{"n":1,"model":"a"}`, `0="a"; ok`},
	{model, `{"n":{"model":1,"model":2,"MODEL":null},"model":"a","o":[{"model":{}}]}`, `0="a"; ok`},
	{model, `{"model":"a\u0062\n\"\\\/\b\f\r\t\ud83d\ude00"}`, `0="ab\n\"\\/\b\f\r\t😀"; ok`},
	{model, `{"model":"é😀` + "\u007f\ufeff\ufffd" + `"}`, `0="é😀\x7f\ufeff�"; ok`},
	{model, `{"model":"\u0000\uFFFF"}`, `0="\x00\uffff"; ok`},
	{model, `{"model":"` + long + `"}`, `0="` + long + `"; ok`},
	{model, `{"n":[0,-0,1.5,-1.5e+10,1E-2,0.0,0e0,123456789012345678901234567890,1e400,10],"m":[true,false,null]}`, `0 absent; ok`},
	{model, `{"mode":"a","model ":"b","_model":"c","m":"d","":"e","m.odel":"f","modél":"g"}`, `0 absent; ok`},
	{model, `{"\u0061":1,"` + strings.Repeat("k", MaxKey) + `":2}`, `0 absent; ok`},
	{model, `{"a":1,"A":2}`, `0 absent; ok`},
	{model, `{"a":[` + nested(62) + `],"model":"a"}`, `0="a"; ok`},
	{model, `{` + members(MaxMembers-1) + `,"model":"a"}`, `0="a"; ok`},
	{model, `{"a":{` + members(MaxMembers+9) + `,"` + long + `":0,"\u0000":1}}`, `0 absent; ok`},
	{model, `{"a":"\\","b":["\\","\\\""],"c":"0123456\\"}`, `0 absent; ok`},
	{model, `{"a":"0123456789é0123456789é"}`, `0 absent; ok`},
	{deep, `{}`, `0 absent; 1 absent; 2 absent; 3 absent; ok`},
	{deep, `{"parameters":{"extra":{"kind":"k"},"model":"b"},"model":"a","task":"t"}`, `3="k"; 2="b"; 0="a"; 1="t"; ok`},
	{deep, `{"parameters":{"task":1,"kind":2},"task":"t","kind":{},"extra":[]}`, `2 absent; 3 absent; 1="t"; 0 absent; ok`},
	{deep, `{"parameters":{"extra":{"model":1,"a":{"kind":1}}}}`, `3 absent; 2 absent; 0 absent; 1 absent; ok`},
	{[]Key{{Name: ""}, {Name: "a/~", ID: 1}}, `{"":"x","a/~":"y"}`, `0="x"; 1="y"; ok`},
}

func TestJSONAccepts(t *testing.T) {
	for _, x := range acceptedJSON {
		t.Run(fmt.Sprintf("%.60q", x.doc), func(t *testing.T) {
			if got := everyJSON(t, x.keys, x.doc); got != x.want {
				t.Errorf("JSON %.200q\n got %s\nwant %s", x.doc, got, x.want)
			}
		})
	}
}

// Early: a value is known with the byte that ends it.
func TestJSONReportsEarly(t *testing.T) {
	const doc = `{"a":[1],"model":"m","b":{}} `
	j := NewJSON(model, Limits{})
	for i := range len(doc) {
		if err := j.Scan([]byte{doc[i]}); err != nil {
			t.Fatal(err)
		}
		if known := len(j.Values()) == 1; known != (i >= strings.Index(doc, `,"b"`)-1) {
			t.Errorf("after %q: %v", doc[:i+1], j.Values())
		}
		if want := int64(len(doc) - 1); i < len(doc)-2 && j.Complete() != -1 || i >= len(doc)-2 && j.Complete() != want {
			t.Errorf("after %q: complete at %d", doc[:i+1], j.Complete())
		}
	}
}
