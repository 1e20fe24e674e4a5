package istio

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"istio.io/istio/pkg/config/mesh"
	injection "istio.io/istio/pkg/kube/inject"

	"github.com/modelgate/modelgate/e2e/internal/harness"
)

// injected has Istio's injector make the pod of a gateway's Deployment in a directory below
// manifests/istio. asked is the manifest, got what runs.
func injected(t *testing.T, directory string) (asked, got apps.Deployment) {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join(root, "manifests", "istio", directory, "gateway.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(manifest, &asked); err != nil {
		t.Fatal(err)
	}
	got = inject(t, "gateway", "gateway-injection-template.yaml", manifest)
	containers := got.Spec.Template.Spec.Containers
	if len(containers) != 1 || containers[0].Name != "istio-proxy" || !strings.Contains(containers[0].Image, "proxyv2") {
		t.Fatalf("the containers are %v", containers)
	}
	return asked, got
}

// inject returns a Deployment with what Istio's injector adds by a template of its chart.
func inject(t *testing.T, name, file string, manifest []byte) (got apps.Deployment) {
	t.Helper()
	templates, values := injector(t, name, file)
	var out bytes.Buffer
	if err := injection.IntoResourceFile(nil, templates, values, "", mesh.DefaultMeshConfig(), bytes.NewReader(manifest), &out,
		func(warning string) { t.Error(warning) }); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(strings.TrimSuffix(out.String(), "---\n")), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// injector is a template of Istio's own, with the chart's values.
func injector(t *testing.T, name, file string) (injection.Templates, injection.ValuesConfig) {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "istio.io/istio").Output()
	if err != nil {
		t.Fatal(err)
	}
	chart := filepath.Join(strings.TrimSpace(string(dir)), "manifests", "charts", "istio-control", "istio-discovery")
	template, err := os.ReadFile(filepath.Join(chart, "files", file))
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
	values, err := injection.NewValuesConfig(string(text))
	if err != nil {
		t.Fatal(err)
	}
	templates, err := injection.ParseTemplates(injection.RawTemplates{name: string(template)})
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
// from the image, where Envoy looks for the library; and so has a sidecar by the annotations of
// manifests/istio/README.md.
func TestInjectionOfLibrary(t *testing.T) {
	_, gateway := injected(t, "native")
	hasLibrary(t, gateway.Spec.Template.Spec)

	readme, err := os.ReadFile(filepath.Join(root, "manifests", "istio", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, annotations, _ := strings.Cut(string(readme), "```yaml\nannotations:\n")
	annotations, _, ok := strings.Cut(annotations, "```")
	if !ok {
		t.Fatal("manifests/istio/README.md has no annotations for a sidecar")
	}
	var pod apps.Deployment
	pod.APIVersion, pod.Kind, pod.Name = "apps/v1", "Deployment", "fraud"
	pod.Spec.Template.Spec.Containers = []core.Container{{Name: "model", Image: "model"}}
	if err := yaml.Unmarshal([]byte(annotations), &pod.Spec.Template.Annotations); err != nil {
		t.Fatal(err)
	}
	manifest, err := yaml.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	hasLibrary(t, inject(t, "sidecar", "injection-template.yaml", manifest).Spec.Template.Spec)
}

// hasLibrary holds a pod to a volume from the image where its istio-proxy looks for the library.
func hasLibrary(t *testing.T, pod core.PodSpec) {
	t.Helper()
	path, volume, image := "", "", ""
	for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
		if c.Name != "istio-proxy" {
			continue
		}
		for _, v := range c.Env {
			if v.Name == harness.SearchPath {
				path = v.Value
			}
		}
		for _, m := range c.VolumeMounts {
			if m.MountPath == path && m.ReadOnly {
				volume = m.Name
			}
		}
	}
	for _, v := range pod.Volumes {
		if v.Name == volume && v.Image != nil {
			image = v.Image.Reference
		}
	}
	if image != "registry.example.com/modelgate/modelgate:0.1.0-native" {
		t.Errorf("the library is at %q, in the volume %q, from the image %q", path, volume, image)
	}
}
