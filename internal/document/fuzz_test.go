package document

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// FuzzRead: a configuration that is found is JSON without repeated names, says what the YAML
// library reads, and has places inside the file.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"a: 1\nb: [x, 'true', ~]\n", `{"a": [1, {"b": "é"}]}`, "kind: WasmPlugin\nspec:\n  pluginConfig:\n    routes: [1]\n",
		"- '@type': a/" + typeWasm +
			"\n  config:\n    configuration:\n      '@type': a/google.protobuf.StringValue\n      value: |\n        {\"a\":\n        1}\n",
		"a: &x [1]\nb: *x\n", "a: >-\n  b\n", "a: 1e3\nb: -0.5\n", "? a\n: b", "\"\\u0041\": 'it''s'", "a: 2027-01-01",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Read(text)
		if err != nil {
			return
		}
		for _, c := range file.Configs {
			if c.Err != nil {
				continue
			}
			if err := strictjson.Check(c.JSON); err != nil {
				t.Fatalf("%q has the configuration %s: %v", text, c.JSON, err)
			}
			checkPlaces(t, text, c.root)
		}
		if doc, err := ToJSON(text); err == nil && doc == file.Configs[0].JSON && !isJSON(text) {
			checkMeaning(t, text, doc)
		}
	})
}

// checkPlaces checks that each value is in a line of the file. A value that is left out at the
// end is in the line after the last.
func checkPlaces(t *testing.T, text string, n *node) {
	t.Helper()
	if lines := strings.Count(text, "\n") + strings.Count(text, "\r") + strings.Count(text, "\u2028") +
		strings.Count(text, "\u2029") + strings.Count(text, "\u0085") + 2; n.at.Line < 1 || n.at.Line > lines || n.at.Column < 1 {
		t.Errorf("%q has a value at %v", text, n.at)
	}
	for _, m := range n.members {
		checkPlaces(t, text, m.value)
	}
	for _, item := range n.items {
		checkPlaces(t, text, item)
	}
}

// checkMeaning compares what was read with what the library reads itself.
func checkMeaning(t *testing.T, text, doc string) {
	t.Helper()
	var got, want any
	if err := json.Unmarshal([]byte(doc), &got); err != nil {
		t.Fatal(err)
	}
	loader, err := yaml.NewLoader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for want == nil {
		if err := loader.Load(&want); err != nil {
			return // null, or a text that cannot be a Go value
		}
	}
	if want, ok := plain(want); ok && !reflect.DeepEqual(got, want) {
		t.Errorf("%q is %#v, want %#v", text, got, want)
	}
}

// plain returns a value of YAML with the types of JSON's. If a time is in it, which JSON has as
// a text, ok is false.
func plain(v any) (_ any, ok bool) {
	ok = true
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			var each bool
			v[name], each = plain(v[name])
			ok = ok && each
		}
	case []any:
		for i := range v {
			var each bool
			v[i], each = plain(v[i])
			ok = ok && each
		}
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case time.Time:
		return nil, false
	}
	return v, ok
}
