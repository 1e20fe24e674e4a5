package istio

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	extensions "istio.io/api/extensions/v1alpha1"
	networking "istio.io/api/networking/v1alpha3"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/schema/gvk"
	"sigs.k8s.io/yaml"

	"github.com/modelgate/modelgate/internal/gate"
)

const (
	chartDir   = "manifests/helm/modelgate"
	documented = "docs/install.md"
)

// render is `helm template`: the text of each resource. The values are those of a file in ci, with changes.
func render(t *testing.T, values map[string]any) (texts []string, err error) {
	t.Helper()
	chart, err := loader.LoadDir(filepath.Join(root, chartDir))
	if err != nil {
		t.Fatal(err)
	}
	release := common.ReleaseOptions{Name: "modelgate", Namespace: "istio-system"}
	all, err := util.ToRenderValues(chart, values, release, common.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	files, err := engine.Render(chart, all)
	if err != nil {
		return nil, err
	}
	for name, text := range files {
		if strings.HasSuffix(name, ".yaml") {
			for _, one := range strings.Split("\n"+text, "\n---\n") {
				if strings.Contains(one, "\nkind: ") {
					texts = append(texts, strings.TrimSpace(one)+"\n")
				}
			}
		}
	}
	return texts, nil
}

// chartValues reads the values of a file in ci, or those that docs/install.md has.
func chartValues(t *testing.T, name string) (values map[string]any) {
	t.Helper()
	file := filepath.Join(root, chartDir, "ci", name+"-values.yaml")
	if name == documented {
		file = filepath.Join(root, name)
	}
	text, err := os.ReadFile(file)
	if name == documented {
		_, after, _ := strings.Cut(string(text), "```yaml\n# values.yaml\n")
		before, _, _ := strings.Cut(after, "```")
		text = []byte(before)
	}
	if err == nil {
		err = yaml.Unmarshal(text, &values)
	}
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// TestChart: Helm's linter has nothing against the chart. A cluster with Istio takes what it renders, as in
// TestManifests, for the pods that are meant, and the gate compiles the configuration without a warning.
func TestChart(t *testing.T) {
	schemas := schemas(t)
	for _, c := range []struct {
		name   string
		kinds  map[string]int
		labels map[string]string
	}{
		{"gateway", map[string]int{"WasmPlugin": 1, "PodMonitor": 1, "PrometheusRule": 1, "ConfigMap": 1},
			map[string]string{"istio": "ingressgateway"}},
		{"sidecar", map[string]int{"WasmPlugin": 1, "PeerAuthentication": 1, "ServiceEntry": 2, "DestinationRule": 2},
			map[string]string{"serving.kserve.io/inferenceservice": "fraud", "component": "predictor"}},
		{documented, map[string]int{
			"WasmPlugin": 1, "ServiceEntry": 1, "DestinationRule": 1, "PodMonitor": 1, "PrometheusRule": 1, "ConfigMap": 1,
		}, map[string]string{"istio": "ingressgateway"}},
		{"native", map[string]int{"EnvoyFilter": 1}, map[string]string{"istio": "llm-gateway"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			values := chartValues(t, c.name)
			for _, message := range lint.RunAll(filepath.Join(root, chartDir), values, "istio-system").Messages {
				if message.Severity > support.InfoSev {
					t.Errorf("helm lint: %v", message)
				}
			}
			texts, err := render(t, values)
			if err != nil {
				t.Fatal(err)
			}
			kinds := map[string]int{}
			for _, text := range texts {
				var resource struct{ APIVersion, Kind string }
				if err := yaml.Unmarshal([]byte(text), &resource); err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
				kinds[resource.Kind]++
				if !strings.Contains(resource.APIVersion, "istio.io/") {
					continue
				}
				if err := schemas.ValidateCustomResourceYAML(text, nil); err != nil {
					t.Errorf("%v\n%s", err, text)
				}
				for _, resource := range parse(t, text) {
					warning, err := validate(resource)
					ofEach := resource.GroupVersionKind == gvk.EnvoyFilter && strings.HasPrefix(fmt.Sprint(warning), everyEnvoyFilter)
					if warning != nil && !ofEach || err != nil {
						t.Errorf("%s: warning %v, error %v", resource.Name, warning, err)
					}
					checkConfig(t, resource, values["config"], c.labels)
				}
			}
			for kind, n := range c.kinds {
				if kinds[kind] != n {
					t.Errorf("%d of kind %s, want %d", kinds[kind], kind, n)
				}
			}
			if len(kinds) != len(c.kinds) {
				t.Errorf("the kinds are %v, want %v", kinds, c.kinds)
			}
		})
	}
}

// checkConfig compiles the configuration in a resource, and compares it and the selected pods' labels
// with the values.
func checkConfig(t *testing.T, resource config.Config, want any, labels map[string]string) {
	t.Helper()
	text, selector := "", map[string]string(nil)
	switch spec := resource.Spec.(type) {
	case *extensions.WasmPlugin:
		selector = spec.Selector.MatchLabels
		b, err := protojson.Marshal(spec.PluginConfig)
		if err != nil {
			t.Fatal(err)
		}
		text = string(b)
	case *networking.EnvoyFilter:
		selector = spec.WorkloadSelector.Labels
		value := spec.ConfigPatches[0].Patch.Value.AsMap()
		text = value["typed_config"].(map[string]any)["filter_config"].(map[string]any)["value"].(string)
	default:
		return
	}
	if !reflect.DeepEqual(selector, labels) {
		t.Errorf("the selector is %v, want %v: other proxies have no gate", selector, labels)
	}
	secret := func(string) (string, bool) { return strings.Repeat("A", 43), true }
	if warnings, err := gate.Review(text, secret, time.Now()); err != nil || len(warnings) > 0 {
		t.Errorf("%v, %q\n%s", err, warnings, text)
	}
	var got any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if string(a) != string(b) {
		t.Errorf("the configuration is %s, want %s", a, b)
	}
}

// TestChartRefuses: what would let requests pass or hang is not rendered.
func TestChartRefuses(t *testing.T) {
	for _, c := range []struct {
		name, values string
		edit         func(values, config map[string]any)
		want         string
	}{
		{"no configuration", "gateway", func(v, _ map[string]any) { delete(v, "config") }, "config must be"},
		{"no version", "gateway", func(_, c map[string]any) { delete(c, "version") }, "config.version must be"},
		{"an unknown value", "gateway", func(v, _ map[string]any) { v["role0"] = "x" }, "role0"},
		{"open failures", "gateway", func(v, _ map[string]any) { v["failStrategy"] = "FAIL_OPEN" }, "failStrategy"},
		{"another digest", "gateway", func(v, _ map[string]any) { v["image"] = map[string]any{"digest": "sha256:1"} }, "digest"},
		{"held headers in a WasmPlugin", "native", func(v, _ map[string]any) {
			v["form"], v["clientCertificates"] = "wasm", false
		}, "config.host needs"},
		{"no service", "sidecar", func(_, c map[string]any) { delete(c, "serves") }, "config.serves must"},
		{"ports of a sidecar", "sidecar", func(v, _ map[string]any) { v["ports"] = []any{8080} }, "ports must be empty"},
		{"no selector of a sidecar", "sidecar", func(v, _ map[string]any) { delete(v, "selector") }, "selector must name"},
		{"certificates in a WasmPlugin", "gateway", func(v, _ map[string]any) { v["clientCertificates"] = true }, "clientCertificates"},
	} {
		t.Run(c.name, func(t *testing.T) {
			values := chartValues(t, c.values)
			config, _ := values["config"].(map[string]any)
			c.edit(values, config)
			if texts, err := render(t, values); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%d resources, %v; want the error %q", len(texts), err, c.want)
			}
		})
	}
}
