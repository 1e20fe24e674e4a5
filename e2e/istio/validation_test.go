package istio

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	meshconfig "istio.io/api/mesh/v1alpha1"
	apps "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/crd"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/gvk"
	"istio.io/istio/pkg/util/protomarshal"
)

// everyEnvoyFilter is the warning that Istio has for each of its kind.
const everyEnvoyFilter = "EnvoyFilter exposes internal implementation details"

// TestManifests holds every manifest to what a cluster would hold it to: the
// schemas that Istio installs, unknown fields among them, and the validation of
// its admission webhook, whose warnings count.
func TestManifests(t *testing.T) {
	schemas := schemas(t)
	files, err := filepath.Glob(filepath.Join(root, "manifests", "istio", "*", "*.yaml"))
	if err != nil || len(files) < 4 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(file) == "meshconfig.yaml" { // no resource, but what to add to Istio's own configuration
			if err := protomarshal.ApplyYAMLStrict(string(text), new(meshconfig.MeshConfig)); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			continue
		}
		if filepath.Base(file) == "kustomization.yaml" || ofOthers(t, file, string(text)) {
			continue
		}
		if err := schemas.ValidateCustomResourceYAML(string(text), nil); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for _, c := range parse(t, string(text)) {
			warning, err := validate(c)
			if c.GroupVersionKind == gvk.EnvoyFilter && warning != nil && strings.HasPrefix(warning.Error(), everyEnvoyFilter) {
				warning = nil
			}
			if warning != nil || err != nil {
				t.Errorf("%s: %s %s: warning %v, error %v", file, c.GroupVersionKind.Kind, c.Name, warning, err)
			}
		}
	}
}

// schemas are those that Istio installs in a cluster.
func schemas(t *testing.T) *crd.Validator {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "istio.io/istio").Output()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := crd.NewValidatorFromFilesWithOptions([]string{
		filepath.Join(strings.TrimSpace(string(dir)), "manifests", "charts", "base", "files", "crd-all.gen.yaml"),
	}, crd.WithoutCRDValidation())
	if err != nil {
		t.Fatal(err)
	}
	return schemas
}

// ofOthers tells the resources that Istio does not know: Kubernetes' own, which must have no
// unknown field either, and those of what fills a Secret.
func ofOthers(t *testing.T, file, text string) bool {
	t.Helper()
	switch version, _, _ := strings.Cut(text[strings.Index(text, "apiVersion: ")+len("apiVersion: "):], "\n"); version {
	case "apps/v1":
		if err := yaml.UnmarshalStrict([]byte(text), new(apps.Deployment)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		return true
	case "external-secrets.io/v1", "secrets-store.csi.x-k8s.io/v1":
		return true
	}
	return false
}

// validate is what Istio's admission webhook does with a resource.
func validate(c config.Config) (warning, err error) {
	schema, ok := collections.PilotGatewayAPI().FindByGroupVersionAliasesKind(c.GroupVersionKind)
	if !ok {
		return nil, fmt.Errorf("no %v", c.GroupVersionKind)
	}
	return schema.ValidateConfig(c)
}

// TestValidationRefuses shows that the check above can fail.
func TestValidationRefuses(t *testing.T) {
	for _, c := range []struct{ what, url, more string }{
		{"a scheme", "ftp://registry.example.com/modelgate", ""},
		{"no url", "", ""},
		{"a sum", "oci://registry.example.com/modelgate", "\n  sha256: abc"},
	} {
		yaml := "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: x, namespace: y}\nspec:\n  url: '" + c.url + "'" +
			c.more
		if err := parseError(yaml); err == nil {
			t.Errorf("%s is accepted", c.what)
		}
	}
}
