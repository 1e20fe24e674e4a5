package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/jose"
)

// variables stand in for an environment that has every variable.
func variables(t *testing.T) func(string) (string, bool) {
	t.Helper()
	key, err := jose.NewKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(map[string]any{"keys": []any{jose.JWK(key, "1", "ES256")}})
	if err != nil {
		t.Fatal(err)
	}
	return func(name string) (string, bool) {
		if strings.HasSuffix(name, "_JWKS") {
			return string(set), true
		}
		return jose.Base64URL(bytes.Repeat([]byte(name), 64)[:64]), true
	}
}

// documents reads the resources in a file of manifests/istio/secrets, by kind.
func documents(t *testing.T, name string) map[string]map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "manifests", "istio", "secrets", name))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]any{}
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var doc map[string]any
		if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		found[doc["kind"].(string)] = doc["spec"].(map[string]any)
	}
}

// at follows names and positions.
func at(node any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			node = node.(map[string]any)[step]
		case int:
			node = node.([]any)[step]
		}
	}
	return node
}

// TestManifestsOfSecrets: each variable that the configuration names comes all the way from the
// secret manager, by whichever of the four files, and no value stands in any of them.
func TestManifestsOfSecrets(t *testing.T) {
	spec := documents(t, "wasmplugin.yaml")["WasmPlugin"]
	config, err := json.Marshal(spec["pluginConfig"])
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[string]bool{}
	if _, err := gate.New(string(config), func(name string) (string, bool) { wanted[name] = true; return "", false }); err == nil {
		t.Error("the configuration needs no variable")
	}
	names := slices.Sorted(maps.Keys(wanted))
	if len(names) < 3 {
		t.Fatalf("the configuration needs %q", names)
	}
	same := func(what string, got []string) {
		if slices.Sort(got); !slices.Equal(got, names) {
			t.Errorf("%s has %q, want %q", what, got, names)
		}
	}
	var inVM, inProxy []string
	for _, item := range at(spec, "vmConfig", "env").([]any) {
		if at(item, "valueFrom") != "HOST" || at(item, "value") != nil {
			t.Errorf("%v is not HOST", item)
		}
		inVM = append(inVM, at(item, "name").(string))
	}
	same("the VM", inVM)
	container := at(documents(t, "gateway.yaml")["Deployment"], "template", "spec", "containers", 0)
	for _, item := range at(container, "env").([]any) {
		ref := at(item, "valueFrom", "secretKeyRef").(map[string]any)
		if ref["name"] != "modelgate-keys" || ref["key"] != at(item, "name") || ref["optional"] != nil || at(item, "value") != nil {
			t.Errorf("%v is not the Secret's", item)
		}
		inProxy = append(inProxy, at(item, "name").(string))
	}
	if same("the proxy", inProxy); at(container, "name") != "istio-proxy" {
		t.Errorf("the variables are in the container %v", at(container, "name"))
	}
	for _, name := range []string{"google.yaml", "vault.yaml"} {
		secret := documents(t, name)["ExternalSecret"]
		if at(secret, "target", "name") != "modelgate-keys" || len(documents(t, name)) != 2 {
			t.Errorf("%s fills %v", name, at(secret, "target", "name"))
		}
		same(name, listed(at(secret, "data"), "secretKey"))
	}
	for name, key := range map[string]string{"csi-google.yaml": "path", "csi-vault.yaml": "objectName"} {
		class := documents(t, name)["SecretProviderClass"]
		synced := at(class, "secretObjects", 0)
		if at(synced, "secretName") != "modelgate-keys" {
			t.Errorf("%s fills %v", name, at(synced, "secretName"))
		}
		same(name+", the Secret", listed(at(synced, "data"), "key"))
		same(name+", the volume", listed(at(synced, "data"), "objectName"))
		var fetched []any
		text := at(class, "parameters", map[string]string{"path": "secrets", "objectName": "objects"}[key]).(string)
		if err := yaml.Unmarshal([]byte(text), &fetched); err != nil {
			t.Fatal(err)
		}
		same(name+", what is fetched", listed(fetched, key))
	}
}

func listed(items any, name string) (values []string) {
	for _, item := range items.([]any) {
		values = append(values, at(item, name).(string))
	}
	return values
}

// TestSecretsExample: with its variables, the example has nothing to be warned of. (`make check`
// has no variables.)
func TestSecretsExample(t *testing.T) {
	config, err := os.ReadFile(filepath.Join(root, "examples", "secrets", "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	if warnings, err := gate.Review(string(config), variables(t), time.Now()); err != nil || len(warnings) > 0 {
		t.Errorf("%v %q", err, warnings)
	}
}
