package inference_test

import (
	"encoding/json"
	"testing"
)

// FuzzHiddenNames: a trimmed list has items with names that are shown, and no string in it
// is the name of an item that is not.
func FuzzHiddenNames(f *testing.F) {
	for _, doc := range []string{
		`{"data":[{"id":"a"},{"id":"x"}]}`, `{"data":[{"id":"a","root":"x","parent":"a"},{"id":"x"}]}`,
		`{"data":[{"id":"a","note":["x"],"p":{"x":1}},{"id":"x"}]}`, `{"data":[{"id":"a","owned_by":"\u0078"},{"id":"x"}]}`,
		`{"data":[{"id":"a","models":["b","a"]},{"id":"org/x","q":1e3}]}`, `{"object":"list","data":[]}`,
	} {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		out := trim(t, openai, public, v1List, doc)
		if out == withheld {
			return
		}
		type list struct {
			Data []map[string]any `json:"data"`
		}
		var before, after list
		if err := json.Unmarshal([]byte(doc), &before); err != nil {
			t.Fatalf("%q is trimmed, but %v", doc, err)
		}
		if err := json.Unmarshal([]byte(out), &after); err != nil {
			t.Fatalf("Trim(%q) = %q: %v", doc, out, err)
		}
		hidden := map[string]bool{}
		for _, item := range before.Data {
			name, _ := item["id"].(string)
			hidden[name] = true
		}
		for _, item := range after.Data {
			name, _ := item["id"].(string)
			delete(hidden, name)
		}
		for _, item := range after.Data {
			for member, value := range item {
				if found := namedIn(value, hidden); found != "" && member != "id" {
					t.Errorf("Trim(%q) = %q, which names %q", doc, out, found)
				}
			}
		}
	})
}

// namedIn returns a name that is a string in a value, or "".
func namedIn(value any, names map[string]bool) string {
	switch v := value.(type) {
	case string:
		if names[v] {
			return v
		}
	case []any:
		for _, item := range v {
			if found := namedIn(item, names); found != "" {
				return found
			}
		}
	case map[string]any:
		for _, item := range v {
			if found := namedIn(item, names); found != "" {
				return found
			}
		}
	}
	return ""
}
