package e2e

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// TestNativeYAML: each native.yaml of an example is its envoy.yaml with the gate as a dynamic
// module. The tests run all examples in this form.
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

// TestAbsentModule: Envoy rejects a module that is not there, by name and by file. One that has to
// be fetched, and cannot be, is left out: every request passes, also nobody's. Where the routes
// need a header that the gate writes, and that Envoy itself removes before it, no request passes.
func TestAbsentModule(t *testing.T) {
	testbed.OnlyNative(t, "a module that Envoy leaves out")
	t.Parallel()
	s := load(t, "iap")
	s.Config = edit.Set(t, s.Config, "/identity/-", `{"header": "x-passed-gate", "value": "yes"}`)
	nowhere, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nowhere.Close() // nobody listens there
	remote := object{"remote": object{
		"http_uri": object{"uri": "http://modules.example.com/libmodelgate.so", "cluster": "modules", "timeout": "1s"},
		"sha256":   strings.Repeat("0", 64), "retry_policy": object{"num_retries": 0},
	}}
	for _, c := range []struct {
		name   string
		module object // of dynamic_module_config
		needed bool   // the routes need the header
		want   string // "" if Envoy does not start
	}{
		{"no such name", object{"name": "none"}, false, ""},
		{"no such file", object{"module": object{"local": object{"filename": "/none/libnone.so"}}}, false, ""},
		{"not fetched", object{"module": remote}, false, passed},
		{"not fetched, and the routes need the gate", object{"module": remote}, true, "404"},
		{"there, and the routes need the gate", object{"module": object{"local": object{"filename": shipped}}}, true, "401 credential_missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, addrs, err := testbed.Upstreams(clusters[s.Name]...)
			if err != nil {
				t.Fatal(err)
			}
			envoy, err := harness.StartEnvoy(harness.Options{
				Bootstrap: filepath.Join(s.Dir, "envoy.yaml"), PluginConfig: s.Config, Upstreams: addrs,
				Edit: func(bootstrap map[string]any) {
					if c.needed {
						needGate(bootstrap)
					}
					harness.Native(bootstrap, "")
					withModule(bootstrap, c.module, nowhere.Addr().(*net.TCPAddr).Port)
				},
			})
			if err != nil {
				if c.want != "" {
					t.Fatal(err)
				}
				return
			}
			t.Cleanup(envoy.Stop)
			if c.want == "" {
				t.Fatal("Envoy started")
			}
			r := native(t, s, nil)
			r.Headers = append(r.Headers, [2]string{"x-passed-gate", "yes"})
			if got := ask(t, envoy, r).Line; got != c.want {
				t.Errorf("nobody, who says that the gate let it pass: %s, want %s", got, c.want)
			}
			if got := ask(t, envoy, native(t, s, ana)).Line; c.module["module"] != nil && strings.HasPrefix(c.want, "401") && got != passed {
				t.Errorf("a caller with a grant: %s, want %s", got, passed)
			}
		})
	}
}

// manager is the only connection manager of an example.
func manager(bootstrap object) object {
	listener := bootstrap["static_resources"].(object)["listeners"].([]any)[0].(object)
	return listener["filter_chains"].([]any)[0].(object)["filters"].([]any)[0].(object)["typed_config"].(object)
}

// needGate has every route to a cluster need the header x-passed-gate, which Envoy removes from
// what clients send before it selects a route.
func needGate(bootstrap object) {
	m := manager(bootstrap)
	m["early_header_mutation_extensions"] = []any{object{
		"name": "envoy.http.early_header_mutation.header_mutation",
		"typed_config": object{
			"@type":     "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
			"mutations": []any{object{"remove": "x-passed-gate"}},
		},
	}}
	for _, host := range m["route_config"].(object)["virtual_hosts"].([]any) {
		for _, route := range host.(object)["routes"].([]any) {
			if r := route.(object); r["route"] != nil {
				r["match"].(object)["headers"] = []any{object{"name": "x-passed-gate", "string_match": object{"exact": "yes"}}}
			}
		}
	}
}

// withModule sets where the module comes from, and adds the cluster that it may come from.
func withModule(bootstrap, module object, port int) {
	filter := manager(bootstrap)["http_filters"].([]any)[0].(object)["typed_config"].(object)
	module["do_not_close"] = true
	filter["dynamic_module_config"] = module
	resources := bootstrap["static_resources"].(object)
	resources["clusters"] = append(resources["clusters"].([]any), object{
		"name": "modules", "type": "STATIC", "load_assignment": object{
			"cluster_name": "modules", "endpoints": []any{object{"lb_endpoints": []any{object{
				"endpoint": object{"address": object{"socket_address": object{"address": "127.0.0.1", "port_value": port}}},
			}}}},
		},
	})
}
