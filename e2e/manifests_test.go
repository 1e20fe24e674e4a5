package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/modelgate/modelgate/internal/gate"
)

// TestManifests compiles the configuration in each WasmPlugin, as Istio would
// hand it over, with a real key in the place of the one to be filled in, and
// holds the settings that keep a failure closed.
func TestManifests(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(root, "manifests", "istio", "*", "wasmplugin.yaml"))
	if len(files) != 5 {
		t.Fatalf("found %v, want the gateway's, the sidecar's, Knative's, Kubeflow's and that of secrets", files)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var manifest struct {
			Spec struct {
				Selector struct {
					MatchLabels map[string]string `yaml:"matchLabels"`
				} `yaml:"selector"`
				Phase        string              `yaml:"phase"`
				FailStrategy string              `yaml:"failStrategy"`
				Match        []map[string]string `yaml:"match"`
				PluginConfig map[string]any      `yaml:"pluginConfig"`
			} `yaml:"spec"`
		}
		if err := yaml.Unmarshal(text, &manifest); err != nil {
			t.Fatal(err)
		}
		spec := manifest.Spec
		// To Istio a gateway is a client: there, SERVER would mean nowhere.
		dir := filepath.Base(filepath.Dir(file))
		sidecar := dir == "sidecar" || dir == "knative"
		served := len(spec.Match) == 1 && spec.Match[0]["mode"] == "SERVER"
		if spec.Phase != "AUTHN" || spec.FailStrategy != "FAIL_RELOAD" || served != sidecar || !sidecar && len(spec.Match) > 0 {
			t.Errorf("%s: phase %s, failStrategy %s, match %v", file, spec.Phase, spec.FailStrategy, spec.Match)
		}
		config, _ := json.Marshal(spec.PluginConfig)
		doc := fillIn(t, string(config))
		if warnings, err := gate.Review(doc, variables(t), time.Now()); err != nil || warnings != nil {
			t.Errorf("%s: %v, %q", file, err, warnings)
		}
		// A gate before one service's pods says that it serves that one: by path and
		// host alone a caller could name another that it may call.
		service := spec.Selector.MatchLabels["serving.kserve.io/inferenceservice"]
		if served, ok := spec.PluginConfig["serves"].(map[string]any); ok != (service != "") || ok && served["service"] != service {
			t.Errorf("%s: selects %v and serves %v", file, spec.Selector.MatchLabels, served)
		}
		none := func(string) (string, bool) { return "", false }
		if _, err := gate.New(string(config), none); err == nil {
			t.Errorf("%s: compiles with a placeholder for a key, or without a variable", file)
		}
	}
}

// fillIn takes a key of its type from an example's configuration.
func fillIn(t *testing.T, doc string) string {
	t.Helper()
	for example, members := range map[string][]string{"iap": {"x", "y"}, "grpc-cloud-run": {"n"}} {
		config, err := os.ReadFile(filepath.Join(root, "examples", example, "config.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range members {
			_, after, _ := bytes.Cut(config, []byte(`"`+m+`": "`))
			value, _, _ := bytes.Cut(after, []byte(`"`))
			doc = strings.ReplaceAll(doc, `"`+m+`":"`+strings.ToUpper(m)+`"`, `"`+m+`":"`+string(value)+`"`)
		}
	}
	return doc
}
