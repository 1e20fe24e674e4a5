package e2e

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/e2e/internal/upstream"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// byFile and byName are a module on this machine, as dynamic_module_config has it.
func byFile(file string) object {
	return object{"module": object{"local": object{"filename": file}}, "do_not_close": true}
}

func byName(name string) object { return object{"name": name, "do_not_close": true} }

// unreachable is a module on a server that is not there.
func unreachable() object {
	return object{"do_not_close": true, "module": object{"remote": object{
		"http_uri":     object{"uri": "http://files.example.com/libmodelgate.so", "cluster": "files", "timeout": "1s"},
		"sha256":       strings.Repeat("0", 64),
		"retry_policy": object{"num_retries": 1},
	}}}
}

// startNative starts examples/iap/native.yaml with the keys of the run and a module.
func startNative(t *testing.T, s *corpus.Scenario, module object, edits ...func(bootstrap, manager object)) (*harness.Envoy,
	map[string]*upstream.Server, error) {
	t.Helper()
	servers, addrs, err := testbed.Upstreams(clusters[s.Name]...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for server := range maps.Values(servers) {
			server.Close()
		}
	})
	envoy, err := harness.StartEnvoy(harness.Options{
		Bootstrap: filepath.Join(s.Dir, "native.yaml"), Upstreams: addrs, ExtraArgs: []string{"--file-flush-interval-msec", "50"},
		HostEnv: map[string]string{harness.SearchPath: filepath.Dir(shipped)},
		Edit: func(bootstrap object) {
			manager := managerOf(bootstrap)
			filter := manager["http_filters"].([]any)[0].(object)["typed_config"].(object)
			filter["dynamic_module_config"] = module
			filter["filter_config"].(object)["value"] = s.Config
			for _, edit := range edits {
				edit(bootstrap, manager)
			}
			resources := bootstrap["static_resources"].(object)
			resources["clusters"] = append(resources["clusters"].([]any), closedCluster("files"))
		},
	})
	if err == nil {
		t.Cleanup(envoy.Stop)
	}
	return envoy, servers, err
}

// managerOf is the HTTP connection manager of a bootstrap's first listener.
func managerOf(bootstrap object) object {
	listener := bootstrap["static_resources"].(object)["listeners"].([]any)[0].(object)
	return listener["filter_chains"].([]any)[0].(object)["filters"].([]any)[0].(object)["typed_config"].(object)
}

// closedCluster has one endpoint, where nobody listens.
func closedCluster(name string) object {
	address := object{"socket_address": object{"address": "127.0.0.1", "port_value": 1}}
	return object{"name": name, "type": "STATIC", "connect_timeout": "1s", "load_assignment": object{"cluster_name": name,
		"endpoints": []any{object{"lb_endpoints": []any{object{"endpoint": object{"address": address}}}}}}}
}

// forged is the request of nobody to a model's own host, with an identity that only the gate
// may write.
func forged(t *testing.T, s *corpus.Scenario) corpus.Request {
	t.Helper()
	r := native(t, s, nil)
	r.Headers = append(r.Headers, [2]string{"kubeflow-userid", "accounts.google.com:ana@example.com"})
	return r
}

// TestNativeExample runs the cases of the example by native.yaml, whose routes need what
// the gate writes.
func TestNativeExample(t *testing.T) {
	testbed.OnlyNative(t, "an example of its own")
	t.Parallel()
	s := load(t, "iap")
	envoy, _, err := startNative(t, s, byName("modelgate"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Cases {
		checkIn(t, s, c, envoy, nil, corpus.EnvoyHTTP1)
	}
	if got := ask(t, envoy, native(t, s, ana)).Line; got != passed {
		t.Errorf("Ana, to the model's own host: %s, want %s", got, passed)
	}
	if got := ask(t, envoy, forged(t, s)).Line; got != "401 credential_missing" {
		t.Errorf("nobody, with an identity header: %s, want 401 credential_missing", got)
	}
}

// TestNativeModuleMissing: Envoy does not start without a local module, nor with a remote one
// that is to be rejected until it is there.
func TestNativeModuleMissing(t *testing.T) {
	t.Parallel()
	s := load(t, "iap")
	later := unreachable()
	later["nack_on_cache_miss"] = true
	for name, c := range map[string]struct {
		module object
		log    string
	}{
		"no such file":               {byFile(filepath.Join(t.TempDir(), "libmodelgate.so")), "cannot open shared object file"},
		"no such name":               {byName("modelgate-none"), "libmodelgate-none.so not found"},
		"remote, nack_on_cache_miss": {later, "Remote module not cached"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			envoy, _, err := startNative(t, s, c.module)
			var refused *harness.StartError
			if !errors.As(err, &refused) {
				t.Fatalf("Envoy started, or %v", err)
			}
			if !strings.Contains(refused.Log, c.log) {
				t.Errorf("%v: the log has no %q:\n%s", envoy, c.log, tail(refused.Log))
			}
		})
	}
}

// TestNativeRemotePushed: a remote module that cannot be fetched takes the place of a local one.
// The routes that need what the gate writes are closed again.
func TestNativeRemotePushed(t *testing.T) {
	testbed.OnlyNative(t, "a module that is fetched")
	t.Parallel()
	s, path := load(t, "iap"), filepath.Join(t.TempDir(), "filter.json")
	var filter object
	push := func(version string) {
		t.Helper()
		text, err := json.Marshal(object{"version_info": version, "resources": []any{object{
			"@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig", "name": "modelgate", "typed_config": filter}}})
		if err == nil {
			err = os.WriteFile(path+".new", text, 0o600)
		}
		if err == nil {
			err = os.Rename(path+".new", path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	envoy, _, err := startNative(t, s, byFile(shipped), func(bootstrap, manager object) {
		bootstrap["node"] = object{"id": "test", "cluster": "test"}
		entry := manager["http_filters"].([]any)[0].(object)
		filter = entry["typed_config"].(object)
		delete(entry, "typed_config")
		entry["config_discovery"] = object{"type_urls": []any{filter["@type"]},
			"config_source": object{"path_config_source": object{"path": path}}}
		push("1")
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, envoy, native(t, s, ana)).Line; got != passed {
		t.Fatalf("a local module: %s, want %s", got, passed)
	}
	filter["dynamic_module_config"] = unreachable()
	push("2")
	for deadline := time.Now().Add(harness.Patience); ask(t, envoy, native(t, s, ana)).Line != "404"; {
		if time.Now().After(deadline) {
			t.Fatal("the module is still the local one")
		}
	}
	if got := ask(t, envoy, forged(t, s)).Line; got != "404" {
		t.Errorf("nobody, with an identity: %s, want 404", got)
	}
}

// TestNativeRemoteFails: Envoy starts without a remote module that it cannot fetch, and every
// request goes on without the gate. Where the routes need what the gate writes, and nobody else
// can write it, none leads to a model; where they do not, anybody reaches one.
func TestNativeRemoteFails(t *testing.T) {
	t.Parallel()
	s := load(t, "iap")
	t.Run("routes that need the gate", func(t *testing.T) {
		t.Parallel()
		envoy, servers, err := startNative(t, s, unreachable())
		if err != nil {
			t.Fatal(err)
		}
		requests := []corpus.Request{native(t, s, nil), native(t, s, ana), forged(t, s)}
		for _, c := range s.Cases {
			r, err := s.Request(c, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			requests = append(requests, r)
		}
		for _, r := range requests {
			if got := ask(t, envoy, r).Line; !strings.HasPrefix(got, "4") {
				t.Errorf("%s %s%s: %s, want 404, or what Envoy's codec answers", r.Method, r.Authority, r.Path, got)
			}
		}
		for name, server := range servers {
			if n := len(server.Requests()); n > 0 {
				t.Errorf("%s got %d requests", name, n)
			}
		}
		if !logged(envoy, "module will not be loaded") {
			t.Errorf("the log does not say that the filter is left out\n%s", tail(envoy.Log()))
		}
	})
	t.Run("routes by the host alone", func(t *testing.T) {
		t.Parallel()
		envoy, _, err := startNative(t, s, unreachable(), func(_, manager object) {
			for _, host := range manager["route_config"].(object)["virtual_hosts"].([]any) {
				for _, route := range host.(object)["routes"].([]any) {
					delete(route.(object)["match"].(object), "headers")
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(t, envoy, native(t, s, nil)).Line; got != passed {
			t.Errorf("nobody: %s, want %s: say so where docs/dynamic-module.md warns of it", got, passed)
		}
	})
	t.Run("an identity that is not removed", func(t *testing.T) {
		t.Parallel()
		envoy, _, err := startNative(t, s, unreachable(), func(_, manager object) { delete(manager, "early_header_mutation_extensions") })
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(t, envoy, native(t, s, nil)).Line; got != "404" {
			t.Errorf("nobody: %s, want 404", got)
		}
		if got := ask(t, envoy, forged(t, s)).Line; got != passed {
			t.Errorf("nobody, with an identity: %s, want %s: say so where docs/dynamic-module.md warns of it", got, passed)
		}
	})
}
