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
)

// TestInjection has Istio's injector make the gateway's pod of manifests/istio/secrets: its
// container has Istio's image and arguments, and the variables from the Secret.
func TestInjection(t *testing.T) {
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
	manifest, err := os.ReadFile(filepath.Join(root, "manifests", "istio", "secrets", "gateway.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var injected bytes.Buffer
	if err := inject.IntoResourceFile(nil, templates, values, "", mesh.DefaultMeshConfig(), bytes.NewReader(manifest), &injected,
		func(warning string) { t.Error(warning) }); err != nil {
		t.Fatal(err)
	}
	var asked, got apps.Deployment
	if err := yaml.Unmarshal(manifest, &asked); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(strings.TrimSuffix(injected.String(), "---\n")), &got); err != nil {
		t.Fatal(err)
	}
	pod := got.Spec.Template.Spec
	if len(pod.Containers) != 1 || pod.Containers[0].Name != "istio-proxy" || !strings.Contains(pod.Containers[0].Image, "proxyv2") {
		t.Fatalf("the containers are %v", pod.Containers)
	}
	from := map[string]string{}
	for _, v := range pod.Containers[0].Env {
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
