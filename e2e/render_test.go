package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/modelgate/modelgate/e2e/internal/certs"
	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// TestRendered has Envoy validate what `modelgate render envoy` writes of an example whose keys
// are published at https, put into an Envoy's configuration as the command's help says.
func TestRendered(t *testing.T) {
	t.Parallel()
	s := load(t, "remote-keys")
	dir := t.TempDir()
	// One cluster for each server: Envoy's has one name to verify.
	config := strings.NewReplacer(`"http://`, `"https://`, `example": "partner"`, `example": "partner-keys"`).Replace(s.Config)
	file, ca := filepath.Join(dir, "config.json"), filepath.Join(dir, "ca.pem")
	write(t, file, config)
	authority, err := certs.NewAuthority("keys")
	if err != nil {
		t.Fatal(err)
	}
	write(t, ca, string(authority.PEM()))
	args := []string{"run", "./cmd/modelgate", "render", "envoy", "--config", file, "--module", shipped, "--ca", ca}
	if testbed.Host() == testbed.Native {
		args = append(args, "--native")
	}
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var rendered struct {
		HTTPFilters []any `yaml:"http_filters"`
		Clusters    []any `yaml:"clusters"`
	}
	if err := yaml.Unmarshal(text, &rendered); err != nil || len(rendered.HTTPFilters) != 1 || len(rendered.Clusters) != 3 {
		t.Fatalf("%v: %d filters and %d clusters, want 1 and 3\n%s", err, len(rendered.HTTPFilters), len(rendered.Clusters), text)
	}
	bootstrap := filepath.Join(dir, "envoy.json")
	write(t, bootstrap, around(t, rendered.HTTPFilters, rendered.Clusters))
	if out, err := validate(t, bootstrap); err != nil {
		t.Errorf("Envoy refuses it: %v\n%s", err, tail(out))
	}
	write(t, bootstrap, strings.Replace(around(t, rendered.HTTPFilters, rendered.Clusters), `"sni"`, `"snii"`, 1))
	if out, err := validate(t, bootstrap); err == nil || !strings.Contains(out, "snii") {
		t.Errorf("Envoy takes a field that it does not know: %s", tail(out))
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// around is an Envoy's configuration with these filters and clusters.
func around(t *testing.T, filters, clusters []any) string {
	t.Helper()
	type object = map[string]any
	const types = "type.googleapis.com/envoy.extensions.filters."
	router := object{"name": "router", "typed_config": object{"@type": types + "http.router.v3.Router"}}
	manager := object{
		"@type": types + "network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "gate",
		"http_filters": append(filters[:1:1], router), "route_config": object{"virtual_hosts": []any{}},
	}
	raw, err := json.Marshal(object{"static_resources": object{"clusters": clusters, "listeners": []any{object{
		"name": "gate", "address": object{"socket_address": object{"address": "127.0.0.1", "port_value": 0}},
		"filter_chains": []any{object{"filters": []any{object{"name": "manager", "typed_config": manager}}}},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// validate has Envoy read a configuration without serving.
func validate(t *testing.T, bootstrap string) (out string, err error) {
	t.Helper()
	binary, err := harness.FindEnvoy()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "--mode", "validate", "-c", bootstrap, "--use-dynamic-base-id")
	cmd.Env = append(os.Environ(), harness.SearchPath+"="+filepath.Dir(shipped))
	raw, err := cmd.CombinedOutput()
	return string(raw), err
}
