package e2e

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// object is a JSON or YAML object.
type object = map[string]any

// noGate is an Envoy behind the gate, for its peers alone, that reads no HTTP.
const noGate = "examples/tfserving-mtls/server/envoy.yaml"

// TestExamplesSetLimits: each example sets what docs/limits.md says that Envoy must limit, and the
// tags of docs/metrics.md.
func TestExamplesSetLimits(t *testing.T) {
	var files []string
	for _, pattern := range []string{"*", "*/*"} {
		found, err := filepath.Glob(filepath.Join(root, "examples", pattern, "envoy.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	tags := metricTags(t)
	if len(files) < 12 {
		t.Fatalf("%d examples are found, want 12 at least", len(files))
	}
	for _, file := range files {
		name, _ := filepath.Rel(root, file)
		if name == noGate {
			continue
		}
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var tree object
			if err := yaml.Unmarshal(text, &tree); err != nil {
				t.Fatal(err)
			}
			checkLimits(t, tree)
			if filepath.Base(filepath.Dir(name)) != "edge" && !reflect.DeepEqual(tree["stats_config"], tags["stats_config"]) {
				t.Error("stats_config is not that of docs/metrics.md")
			}
		})
	}
}

// metricTags returns what docs/metrics.md says that a bootstrap must have.
func metricTags(t *testing.T) (tags object) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```yaml\nstats_config:")
	text, _, ok := strings.Cut(text, "```")
	if err := yaml.Unmarshal([]byte("stats_config:"+text), &tags); err != nil || !ok {
		t.Fatalf("docs/metrics.md has no stats_config: %v", err)
	}
	return tags
}

// checkLimits looks up each limit. A number is its least and its most.
func checkLimits(t *testing.T, tree object) {
	t.Helper()
	for _, listener := range tree["static_resources"].(object)["listeners"].([]any) {
		l := listener.(object)
		wantLimit(t, l, "per_connection_buffer_limit_bytes", 1<<20, 100<<20)
		for _, chain := range l["filter_chains"].([]any) {
			manager := chain.(object)["filters"].([]any)[0].(object)["typed_config"].(object)
			wantLimit(t, manager, "max_request_headers_kb", 32, 60)
			wantSet(t, manager, "request_headers_timeout")
			wantSet(t, manager, "stream_idle_timeout")
			common, _ := manager["common_http_protocol_options"].(object)
			wantSet(t, common, "idle_timeout")
			wantLimit(t, common, "max_headers_count", 50, 200)
			h2, _ := manager["http2_protocol_options"].(object)
			wantLimit(t, h2, "max_concurrent_streams", 10, 256)
		}
	}
	layers, _ := tree["layered_runtime"].(object)
	runtime, _ := layers["layers"].([]any)
	if len(runtime) == 0 {
		t.Error("layered_runtime is not set")
		return
	}
	wantLimit(t, runtime[0].(object)["static_layer"].(object), "http.max_requests_per_io_cycle", 1, 8)
	overload, _ := tree["overload_manager"].(object)
	monitors := map[any]object{}
	list, _ := overload["resource_monitors"].([]any)
	for _, monitor := range list {
		m := monitor.(object)
		monitors[m["name"]] = m["typed_config"].(object)
	}
	wantLimit(t, monitors["envoy.resource_monitors.fixed_heap"], "max_heap_size_bytes", 256<<20, 4<<30)
	wantLimit(t, monitors["envoy.resource_monitors.global_downstream_max_connections"], "max_active_downstream_connections", 100, 20000)
	if actions, _ := overload["actions"].([]any); len(actions) == 0 {
		t.Error("the overload manager has no actions")
	}
}

func wantLimit(t *testing.T, in object, name string, least, most int) {
	t.Helper()
	if n, ok := in[name].(int); !ok || n < least || n > most {
		t.Errorf("%s is %v, want %d to %d", name, in[name], least, most)
	}
}

func wantSet(t *testing.T, in object, name string) {
	t.Helper()
	if in[name] == nil {
		t.Errorf("%s is not set", name)
	}
}
