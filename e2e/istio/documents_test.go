package istio

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"istio.io/istio/pkg/config/crd"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

var (
	yamlBlock  = regexp.MustCompile("(?ms)^```yaml\\n(.*?)^```$")
	apiVersion = regexp.MustCompile(`(?m)^apiVersion: (\S+)$`)
	kind       = regexp.MustCompile(`(?m)^kind: (\S+)$`)
)

// TestDocuments holds the resources in the documents to what a cluster would hold them to, as
// TestManifests does the manifests.
func TestDocuments(t *testing.T) {
	schemas, seen := schemas(t), map[string]int{}
	for _, pattern := range []string{"*.md", "*/*.md"} {
		pages, err := filepath.Glob(filepath.Join(root, "docs", pattern))
		if err != nil || len(pages) < 9 {
			t.Fatalf("%d pages: %v", len(pages), err)
		}
		for _, page := range pages {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			for _, block := range yamlBlock.FindAllStringSubmatch(string(text), -1) {
				for _, resource := range strings.Split(block[1], "\n---\n") {
					version := apiVersion.FindStringSubmatch(resource)
					if version == nil {
						continue
					}
					seen[checkResource(t, schemas, page, version[1], resource)]++
				}
			}
		}
	}
	if seen["Istio"] < 6 || seen["Kubernetes"] < 3 {
		t.Errorf("the documents have resources %v, want at least 6 of Istio and 3 of Kubernetes", seen)
	}
}

// checkResource returns whose the resource is.
func checkResource(t *testing.T, schemas *crd.Validator, page, version, resource string) string {
	t.Helper()
	if strings.Contains(version, "istio.io/") {
		if err := schemas.ValidateCustomResourceYAML(resource, nil); err != nil {
			t.Errorf("%s: %v in\n%s", page, err, resource)
		}
		for _, c := range parse(t, resource) {
			if warning, err := validate(c); warning != nil || err != nil {
				t.Errorf("%s: %s %s: warning %v, error %v", page, c.GroupVersionKind.Kind, c.Name, warning, err)
			}
		}
		return "Istio"
	}
	known := map[string]any{"Deployment": new(apps.Deployment), "Pod": new(core.Pod), "Service": new(core.Service)}
	into, ok := known[kind.FindStringSubmatch(resource)[1]]
	if !ok {
		return "others"
	}
	if err := yaml.UnmarshalStrict([]byte(resource), into); err != nil {
		t.Errorf("%s: %v in\n%s", page, err, resource)
	}
	return "Kubernetes"
}
