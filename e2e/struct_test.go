package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// TestStruct runs examples whose configuration is a Struct in Envoy's own configuration, and no
// text: numbers stay integers, and the order of names means nothing.
func TestStruct(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"iap", "bearer"} { // bearer has numbers, URIs and escapes in its rules
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := load(t, name)
			config := edit.Set(t, s.Config, "/limits", `{"waitingMiB": 128}`)
			envoy := run(t, s, harness.Options{Edit: func(tree map[string]any) { inStruct(t, tree, config) }})
			for _, c := range s.Cases {
				checkIn(t, s, c, envoy, nil, corpus.EnvoyHTTP1)
			}
		})
	}
	t.Run("with a mistake", func(t *testing.T) {
		t.Parallel()
		s := load(t, "iap")
		envoy, err := harness.StartEnvoy(harness.Options{
			Bootstrap: s.Dir + "/envoy.yaml", PluginConfig: s.Config, Module: shipped,
			Edit: func(tree map[string]any) { inStruct(t, tree, edit.Set(t, s.Config, "/version", `1.5`)) },
		})
		if err == nil {
			envoy.Stop()
			t.Fatal("Envoy starts with a Struct that has a mistake")
		}
		if want := `"/version": must be 1; got 1.5`; !strings.Contains(err.Error(), want) {
			t.Errorf("Envoy says %v, want %s", err, want)
		}
	})
}

// inStruct makes the configuration of every plugin a Struct.
func inStruct(t *testing.T, node any, config string) {
	t.Helper()
	switch node := node.(type) {
	case map[string]any:
		if plugin, ok := node["configuration"].(map[string]any); ok {
			var value map[string]any
			if err := json.Unmarshal([]byte(config), &value); err != nil {
				t.Error(err)
			}
			plugin["@type"], plugin["value"] = "type.googleapis.com/google.protobuf.Struct", value
		}
		for _, child := range node {
			inStruct(t, child, config)
		}
	case []any:
		for _, child := range node {
			inStruct(t, child, config)
		}
	}
}
