package istio

import (
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v4"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
	extensions "istio.io/api/extensions/v1alpha1"
	"istio.io/istio/pkg/config"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// manifests reads the resources of Istio in a directory below manifests/istio as kustomize
// would build them.
func manifests(t *testing.T, dir string) []config.Config {
	t.Helper()
	dir = filepath.Join(root, "manifests", "istio", dir)
	var kustomization struct {
		Namespace string   `yaml:"namespace"`
		Resources []string `yaml:"resources"`
	}
	text, err := os.ReadFile(filepath.Join(dir, "kustomization.yaml"))
	if err == nil {
		err = yaml.Unmarshal(text, &kustomization)
	}
	if err != nil || len(kustomization.Resources) == 0 {
		t.Fatalf("%s: %v", dir, err)
	}
	var all []config.Config
	for _, name := range kustomization.Resources {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !ofOthers(t, name, string(text)) {
			all = append(all, parse(t, string(text))...)
		}
	}
	for i := range all {
		if kustomization.Namespace != "" {
			all[i].Namespace = kustomization.Namespace
		}
	}
	return all
}

// only returns the one resource of a type among many.
func only[T config.Spec](t *testing.T, all []config.Config) config.Config {
	t.Helper()
	var found []config.Config
	for _, c := range all {
		if _, ok := c.Spec.(T); ok {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d of that type, want one", len(found))
	}
	return found[0]
}

// plugin is a manifest's WasmPlugin with the module of this build and the
// configuration of a scenario: what a user fills in, and nothing else.
func plugin(t *testing.T, dir string, s *corpus.Scenario, edits ...func(*extensions.WasmPlugin)) config.Config {
	t.Helper()
	edits = append([]func(*extensions.WasmPlugin){func(w *extensions.WasmPlugin) {
		w.Url, w.PluginConfig = "file://"+shipped, document(t, s.Config)
	}}, edits...)
	return edited(only[*extensions.WasmPlugin](t, manifests(t, dir)), edits...)
}

// edited is a copy of a WasmPlugin with changes.
func edited(c config.Config, edits ...func(*extensions.WasmPlugin)) config.Config {
	c = c.DeepCopy()
	for _, edit := range edits {
		edit(c.Spec.(*extensions.WasmPlugin))
	}
	return c
}

func document(t *testing.T, config string) *structpb.Struct {
	t.Helper()
	s := new(structpb.Struct)
	if err := protojson.Unmarshal([]byte(config), s); err != nil {
		t.Fatal(err)
	}
	return s
}

// marked puts a text into a plugin's configuration where it says nothing to the
// gate, and by which it is known in what Envoy says of itself.
func marked(text string) func(*extensions.WasmPlugin) {
	return func(w *extensions.WasmPlugin) { w.PluginConfig.Fields["$schema"] = structpb.NewStringValue(text) }
}

func load(t *testing.T, name string) *corpus.Scenario {
	t.Helper()
	s, err := corpus.Load(filepath.Join(root, "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
