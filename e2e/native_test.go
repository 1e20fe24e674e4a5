package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/modelgate/modelgate/e2e/internal/harness"
)

// TestNativeYAML: each native.yaml of an example is its envoy.yaml with the gate as a dynamic
// module; iap's routes also need the gate. The tests run all examples in this form.
func TestNativeYAML(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "examples", "*", "native.yaml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		var trees [2]object
		for i, name := range []string{file, filepath.Join(filepath.Dir(file), "envoy.yaml")} {
			text, err := os.ReadFile(name)
			if err == nil {
				err = yaml.Unmarshal(text, &trees[i])
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		harness.Native(trees[1], "modelgate")
		if filepath.Base(filepath.Dir(file)) == "iap" {
			needGate(trees[1])
		}
		got, want := lines(t, trees[0]), lines(t, trees[1])
		for i := 0; i < max(len(got), len(want)); i++ {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Errorf("%s, as JSON: from line %d it is not envoy.yaml as a dynamic module:\n%s", file, i+1,
					strings.Join(got[min(i, len(got)):min(i+5, len(got))], "\n"))
				break
			}
		}
	}
}

func lines(t *testing.T, tree object) []string {
	t.Helper()
	text, err := json.MarshalIndent(tree, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}

// needGate has every route to a cluster need the header that the gate writes, which Envoy removes
// from what clients send before it selects a route.
func needGate(bootstrap object) {
	manager := managerOf(bootstrap)
	manager["early_header_mutation_extensions"] = []any{object{
		"name": "envoy.http.early_header_mutation.header_mutation",
		"typed_config": object{
			"@type":     "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
			"mutations": []any{object{"remove": "kubeflow-userid"}},
		},
	}}
	for _, host := range manager["route_config"].(object)["virtual_hosts"].([]any) {
		for _, route := range host.(object)["routes"].([]any) {
			if r := route.(object); r["route"] != nil {
				r["match"].(object)["headers"] = []any{object{"name": "kubeflow-userid", "present_match": true}}
			}
		}
	}
}
