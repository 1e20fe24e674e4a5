package scan

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// choosing watches two names, one of any type, and refuses every name with "lora".
var (
	choosing = []Key{{Name: "model"}, {Name: "parameters", ID: 1, Any: true}}
	noLoRA   = Limits{Refuses: func(name []byte) bool { return bytes.Contains(name, []byte("lora")) }}
)

// everyLimitedJSON is the one answer of every cut.
func everyLimitedJSON(t testing.TB, doc string) (want string) {
	t.Helper()
	for i, cut := range cuts(len(doc)) {
		j := NewJSON(choosing, noLoRA)
		chunks([]byte(doc), cut, func(chunk []byte) { j.Scan(chunk) })
		err := j.End()
		got := result(j.Values(), err)
		if i > 0 && got != want {
			t.Fatalf("JSON %q\n in one: %s\n in %v: %s", doc, want, cut, got)
		}
		want = got
	}
	return want
}

func TestRefusedNames(t *testing.T) {
	const refused, twice = "a name that is refused (refused at ", "a name occurs twice (duplicate at "
	for _, x := range []struct{ doc, want string }{
		{`{"model":"a"}`, `0="a"; 1 absent; ok`},
		{`{"other":"a"}`, `0 absent; 1 absent; ok`},
		{`{"messages":[{"lora":1}],"tools":{"lora":1}}`, `0 absent; 1 absent; ok`},
		{`{"lora_path":null}`, `0 absent; 1 absent; ok`},
		{`{"lora_path": null ,"model":"a"}`, `0="a"; 1 absent; ok`},
		{`{"text":"lora"}`, `0 absent; 1 absent; ok`},
		{`{"lora_path":"a"}`, refused + `"/lora_path", byte 13)`},
		{`{"lora_path":["a"]}`, refused + `"/lora_path", byte 13)`},
		{`{"lora_path":{}}`, refused + `"/lora_path", byte 13)`},
		{`{"lora_path":1}`, refused + `"/lora_path", byte 13)`},
		{`{"lora_path":false}`, refused + `"/lora_path", byte 13)`},
		{`{"lora_path":nul}`, `true, false or null expected (syntax at "/lora_path", byte 16)`},
		{`{"\u006cora":1}`, refused + `"/lora", byte 13)`},
		{`{"lor\u0061":null,"lora":null}`, twice + `"/lora", byte 23)`},
		{`{"lora":null,"lora":1}`, twice + `"/lora", byte 18)`},
		{`{"model":"a","x_lora_y":1}`, `0="a"; ` + refused + `"/x_lora_y", byte 24)`},
		// Of any type.
		{`{"parameters":{}}`, `1=""; 0 absent; ok`},
		{`{"parameters":{"lora":{"a":"b"}},"model":"a"}`, `1=""; 0="a"; ok`},
		{`{"parameters":null}`, `1=""; 0 absent; ok`},
		{`{"parameters":"x"}`, `1=""; 0 absent; ok`},
		{`{"parameters":[1,{"a":2}]}`, `1=""; 0 absent; ok`},
		{`{"parameters":1e3}`, `1=""; 0 absent; ok`},
		{`{"parameters":x}`, `1=""; a JSON value expected (syntax at "/parameters", byte 14)`},
		{`{"parameters":1,"parameters":1}`, `1=""; 1=""; ` + twice + `"/parameters", byte 27)`},
		{`{"Parameters":1}`, `another spelling of a watched name (twin at "/Parameters", byte 12)`},
		{`{"param\u0065ters":1}`, `another spelling of a watched name (twin at "/parameters", byte 17)`},
	} {
		t.Run(x.doc, func(t *testing.T) {
			if got := everyLimitedJSON(t, x.doc); got != x.want {
				t.Errorf("got  %s\nwant %s", got, x.want)
			}
		})
	}
}

// FuzzRefusedNames: every cut gives one answer, and a document that is accepted has
// no name that is refused, unless it is null.
func FuzzRefusedNames(f *testing.F) {
	for _, doc := range []string{`{"lora":null}`, `{"parameters":{"lora":1}}`, `{"\u006cora":1}`, `{"a":[{"lora":1}],"model":"b"}`} {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		if !strings.HasSuffix(everyLimitedJSON(t, doc), "ok") {
			return
		}
		var members map[string]any
		if err := json.Unmarshal([]byte(doc), &members); err != nil {
			t.Fatalf("JSON %q is accepted, but %v", doc, err)
		}
		for name, value := range members {
			if strings.Contains(name, "lora") && value != nil {
				t.Errorf("JSON %q is accepted with %q", doc, name)
			}
		}
	})
}
