package istio

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/kube/inject"

	"github.com/modelgate/modelgate/e2e/internal/harness"
)

// injected has Istio's injector make the pod of a gateway's Deployment in a directory below
// manifests/istio. asked is the manifest, got what runs.
func injected(t *testing.T, directory string) (asked, got apps.Deployment) {
	t.Helper()
	templates, values := injector(t)
	manifest, err := os.ReadFile(filepath.Join(root, "manifests", "istio", directory, "gateway.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := inject.IntoResourceFile(nil, templates, values, "", mesh.DefaultMeshConfig(), bytes.NewReader(manifest), &out,
		func(warning string) { t.Error(warning) }); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(manifest, &asked); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(strings.TrimSuffix(out.String(), "---\n")), &got); err != nil {
		t.Fatal(err)
	}
	containers := got.Spec.Template.Spec.Containers
	if len(containers) != 1 || containers[0].Name != "istio-proxy" || !strings.Contains(containers[0].Image, "proxyv2") {
		t.Fatalf("the containers are %v", containers)
	}
	return asked, got
}

// injector is Istio's own template for gateways, with the chart's values.
func injector(t *testing.T) (inject.Templates, inject.ValuesConfig) {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "istio.io/istio").Output()
	if err != nil {
		t.Fatal(err)
	}
	chart := filepath.Join(strings.TrimSpace(string(dir)), "manifests", "charts", "istio-control", "istio-discovery")
	template, err := os.ReadFile(filepath.Join(chart, "files", "gateway-injection-template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(chart, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var defaults map[string]any
	if err := yaml.Unmarshal(text, &defaults); err != nil {
		t.Fatal(err)
	}
	if text, err = yaml.Marshal(defaults["_internal_defaults_do_not_set"]); err != nil {
		t.Fatal(err)
	}
	values, err := inject.NewValuesConfig(string(text))
	if err != nil {
		t.Fatal(err)
	}
	templates, err := inject.ParseTemplates(inject.RawTemplates{"gateway": string(template)})
	if err != nil {
		t.Fatal(err)
	}
	return templates, values
}

// TestInjection: the container of the gateway in manifests/istio/secrets has Istio's image and
// arguments, and the variables from the Secret.
func TestInjection(t *testing.T) {
	asked, got := injected(t, "secrets")
	from := map[string]string{}
	for _, v := range got.Spec.Template.Spec.Containers[0].Env {
		if v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil {
			from[v.Name] = v.ValueFrom.SecretKeyRef.Name + " " + v.ValueFrom.SecretKeyRef.Key
		}
	}
	for _, v := range asked.Spec.Template.Spec.Containers[0].Env {
		if from[v.Name] != "modelgate-keys "+v.Name {
			t.Errorf("%s is %q", v.Name, from[v.Name])
		}
	}
	if len(from) < 3 {
		t.Errorf("the variables from Secrets are %v", from)
	}
}

// TestInjectionOfLibrary: the container of the gateway in manifests/istio/native has the volume
// from the image, where Envoy looks for the library.
func TestInjectionOfLibrary(t *testing.T) {
	_, got := injected(t, "native")
	pod := got.Spec.Template.Spec
	path, volume, image := "", "", ""
	for _, v := range pod.Containers[0].Env {
		if v.Name == harness.SearchPath {
			path = v.Value
		}
	}
	for _, m := range pod.Containers[0].VolumeMounts {
		if m.MountPath == path && m.ReadOnly {
			volume = m.Name
		}
	}
	for _, v := range pod.Volumes {
		if v.Name == volume && v.Image != nil {
			image = v.Image.Reference
		}
	}
	if !strings.HasPrefix(image, "registry.example.com/modelgate/native:") {
		t.Errorf("the library is at %q, in the volume %q, from the image %q", path, volume, image)
	}
}
