package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// TestOutputForms: what a command prints as YAML is what it prints as JSON.
func TestOutputForms(t *testing.T) {
	s, good := writeScenario(t, meshConfig)
	dir := t.TempDir()
	bad := writeFile(t, dir, "bad.json", `{"version": 2, "extra": 1}`)
	set := writeFile(t, dir, "jwks.json", fmt.Sprintf(keySetForm, ""))
	const requests = `{"method": "GET", "path": "/p/prod/x", "authority": "a", "headers": [["authorization", "no"]]}` + "\n{\n"
	for _, c := range []struct {
		in, args string
		status   int
	}{
		{"", "check " + good, 0},
		{"", "check " + bad + " " + good + " " + dir + "/missing", 1},
		{"", "check --mesh " + good + " " + good, 1},
		{"", "keys " + set, 0},
		{"", "keys --algorithms RS256 " + set, 1},
		{"sk-0123456789abcdef", "apikey --subject yes --groups 1,true,null --stdin", 0},
		{requests, "decide --config " + good, 1},
		{"prod/fraud\nprod/no/service\n", "routes --gateway a/b --config " + good, 1},
		{"", "version", 0},
	} {
		t.Run(c.args, func(t *testing.T) {
			inJSON := runCommand(s.Secret, c.in, strings.Fields(c.args+" -o json")...)
			inYAML := runCommand(s.Secret, c.in, strings.Fields(c.args+" -o yaml")...)
			if inJSON.status != c.status || inYAML.status != c.status {
				t.Errorf("status %d in JSON and %d in YAML, want %d", inJSON.status, inYAML.status, c.status)
			}
			if fromJSON, fromYAML := readJSON(t, inJSON.out), readYAML(t, inYAML.out); !reflect.DeepEqual(fromJSON, fromYAML) {
				t.Errorf("-o json = %s\n-o yaml = %s\nwant the same", inJSON.out, inYAML.out)
			}
		})
	}
}

// readJSON reads the documents of a text. Those of a Kubernetes List are its items.
func readJSON(t *testing.T, text string) (documents []any) {
	t.Helper()
	for d := json.NewDecoder(strings.NewReader(text)); d.More(); {
		var v any
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if list, ok := v.(map[string]any); ok && list["kind"] == "List" {
			return append(documents, list["items"].([]any)...)
		}
		documents = append(documents, v)
	}
	return documents
}

// readYAML reads the documents of a text, as readJSON does.
func readYAML(t *testing.T, text string) (documents []any) {
	t.Helper()
	for _, part := range strings.Split(strings.TrimPrefix(text, "---\n"), "\n---\n") {
		var v any
		if err := yaml.Unmarshal([]byte(part), &v); err != nil {
			t.Fatalf("%v in %s", err, part)
		}
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, readJSON(t, string(raw))...)
	}
	return documents
}

func TestCheckAsJSON(t *testing.T) {
	bad := writeFile(t, t.TempDir(), "bad.json", `{"version": 2, "issuers": [], "routes": []}`)
	want := `[
  {
    "file": "` + bad + `",
    "ok": false,
    "errors": [
      {
        "line": 1,
        "column": 2,
        "pointer": "/version",
        "message": "must be 1; got 2"
      },
      {
        "line": 1,
        "column": 16,
        "pointer": "/issuers",
        "message": "must not be empty; leave it out instead"
      },
      {
        "line": 1,
        "column": 31,
        "pointer": "/routes",
        "message": "must not be empty; leave it out instead"
      }
    ]
  }
]
`
	if got := runCommand(noSecrets, "", "check", "-o", "json", bad); got != (result{1, want, ""}) {
		t.Errorf("check -o json = %+v\nwant %s", got, want)
	}
}

// TestDecideAsText: a line for people says who, what, why and where to.
func TestDecideAsText(t *testing.T) {
	s, file := writeScenario(t, config)
	const iris = `"method": "POST", "path": "/kfserving/public/iris:predict", "authority": "a"`
	for _, c := range []struct{ request, want string }{
		{"{" + iris + "}", `allow (allowed): anonymous, predict public/iris, by "showcase", ` +
			"to iris-predictor-default.public.svc.cluster.local/v1/models/iris:predict"},
		{`{"method": "GET", "path": "/kfserving/prod/x", "authority": "a"}`, "refuse (401 credential_missing): anonymous, ready prod/x"},
		{"{}", "refuse (400 host_missing): anonymous"},
	} {
		if got := runCommand(s.Secret, c.request, "decide", "-o", "text", "--config", file); got != (result{0, c.want + "\n", ""}) {
			t.Errorf("decide -o text %s = %+v\nwant %s", c.request, got, c.want)
		}
	}
	if got := runCommand(s.Secret, "x", "decide", "-o", "text", "--config", file); got.status != 1 || !strings.HasPrefix(got.out, "error: ") {
		t.Errorf("decide -o text = %+v, want 1 and an error", got)
	}
}

// TestYAMLText: texts that YAML could read as something else are quoted.
func TestYAMLText(t *testing.T) {
	values := map[string]any{"number": 12.0, "bool": true, "text": []any{
		"true", "null", "12", "1e3", "~", "", " a", "a: b", "# a", "yes", "0x10", "2026-01-01", "\u2028", "a\nb\n", "a\n b",
	}}
	var out strings.Builder
	if err := printYAML(&out, values); err != nil {
		t.Fatal(err)
	}
	if got := readYAML(t, out.String()); !reflect.DeepEqual(got, []any{values}) {
		t.Errorf("%s is read as %#v, want %#v", out.String(), got, values)
	}
}
