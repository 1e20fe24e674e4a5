//go:build kubernetes

package kubernetes

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/modelgate/modelgate/internal/testing/edit"
)

// changed is a manifest with a mistake: the resource of this kind in a directory below
// manifests/istio, or in operator, with values set at pointers, or without what is there if the value is "".
type changed struct {
	name, dir, kind string
	edits           [][2]string
	want            string // of the answer
}

// operator has what is for the Prometheus operator.
const operator = "../prometheus/operator"

// at is one change.
func at(pointer, value string) [][2]string { return [][2]string{{pointer, value}} }

// bySchema are mistakes that the API server refuses by the resources' schemas and rules.
var bySchema = []changed{
	{"a phase that is none", "gateway", "WasmPlugin", at("/spec/phase", `"BEFORE"`),
		`spec.phase: Unsupported value: "BEFORE": supported values: "UNSPECIFIED_PHASE", "AUTHN", "AUTHZ", "STATS"`},
	{"a failStrategy that is none", "gateway", "WasmPlugin", at("/spec/failStrategy", `"FAIL_RETRY"`),
		`spec.failStrategy: Unsupported value: "FAIL_RETRY"`},
	{"a mode that is none", "sidecar", "WasmPlugin", at("/spec/match/0/mode", `"INBOUND"`),
		`spec.match[0].mode: Unsupported value: "INBOUND"`},
	{"a port beyond the last", "gateway", "WasmPlugin", at("/spec/match", `[{"ports": [{"number": 80800}]}]`),
		`spec.match[0].ports[0].number: Invalid value: 80800`},
	{"no url", "gateway", "WasmPlugin", at("/spec/url", ``), `spec.url: Required value`},
	{"a url of another scheme", "gateway", "WasmPlugin", at("/spec/url", `"docker://registry.example.com/modelgate/modelgate:0.1.0"`),
		`url must have schema one of [http, https, file, oci]`},
	{"a digest with its algorithm", "gateway", "WasmPlugin", at("/spec/sha256", `"sha256:`+strings.Repeat("0a", 32)+`"`),
		`spec.sha256: Invalid value`},
	{"a configuration as text", "gateway", "WasmPlugin", at("/spec/pluginConfig", `"{\"version\": 1}"`),
		`spec.pluginConfig: Invalid value: "string"`},
	{"a field in lower case", "gateway", "WasmPlugin", at("/spec/pluginconfig", `{"version": 1}`), `unknown field "spec.pluginconfig"`},
	{"the configuration's fields in the spec", "gateway", "WasmPlugin", at("/spec/grants", `[]`), `unknown field "spec.grants"`},
	{"a selector beside targetRefs", "gateway", "WasmPlugin",
		at("/spec/targetRefs", `[{"kind": "Gateway", "group": "gateway.networking.k8s.io", "name": "x"}]`),
		`only one of targetRefs or selector can be set`},
	{"a pattern as a label", "gateway", "WasmPlugin", at("/spec/selector/matchLabels/istio", `"*"`),
		`wildcard not allowed in label value match`},
	{"a secret's value in the resource", "secrets", "WasmPlugin", at("/spec/vmConfig/env/0/value", `"secret"`),
		`value may only be set when valueFrom is INLINE`},
	{"a variable twice", "secrets", "WasmPlugin", at("/spec/vmConfig/env/-", `{"name": "CORP_JWKS", "valueFrom": "HOST"}`),
		`spec.vmConfig.env[3]: Duplicate value`},
	{"mutual TLS in lower case", "sidecar", "PeerAuthentication", at("/spec/mtls/mode", `"strict"`),
		`spec.mtls.mode: Unsupported value: "strict"`},
	{"ports of all workloads", "sidecar", "PeerAuthentication",
		[][2]string{{"/spec/selector", ``}, {"/spec/portLevelMtls", `{"8080": {"mode": "STRICT"}}`}}, `portLevelMtls requires selector`},
	{"an action that is none", "authorizer", "AuthorizationPolicy", at("/spec/action", `"EXTERNAL"`),
		`spec.action: Unsupported value: "EXTERNAL"`},
	{"an account beside a principal", "knative", "AuthorizationPolicy",
		at("/spec/rules/1/from/0/source/serviceAccounts", `["knative-serving/controller"]`),
		`Cannot set serviceAccounts with namespaces or principals`},
	{"a part of Envoy that is none", "body", "EnvoyFilter", at("/spec/configPatches/1/applyTo", `"HTTP_FILTERS"`),
		`spec.configPatches[1].applyTo: Unsupported value: "HTTP_FILTERS"`},
	{"a patch's value in the place of the patch", "native", "EnvoyFilter", at("/spec/configPatches/0/value", `{}`),
		`unknown field "spec.configPatches[0].value"`},
	{"a port that is text", "kfserving", "VirtualService", at("/spec/http/0/route/0/destination/port/number", `"80"`),
		`spec.http[0].route[0].destination.port.number: Invalid value: "string"`},
	{"an image's field that is none", "native", "Deployment", at("/spec/template/spec/volumes/0/image/tag", `"0.1.0"`),
		`unknown field "spec.template.spec.volumes[0].image.tag"`},
	{"a gateway that does not select its pods", "native", "Deployment", at("/spec/template/metadata/labels/istio", `"egressgateway"`),
		"`selector` does not match template `labels`"},
	{"a variable's value beside the Secret's", "secrets", "Deployment", at("/spec/template/spec/containers/0/env/0/value", `"x"`),
		`spec.template.spec.containers[0].env[0].valueFrom: Invalid value`},
	{"a Secret's owner that is none", "secrets", "ExternalSecret", at("/spec/target/creationPolicy", `"Own"`),
		`spec.target.creationPolicy: Unsupported value: "Own"`},
	{"an interval without a unit", operator, "PodMonitor", at("/spec/podMetricsEndpoints/0/interval", `"15"`),
		`spec.podMetricsEndpoints[0].interval: Invalid value: "15"`},
	{"a relabeling that is none", operator, "PodMonitor", at("/spec/podMetricsEndpoints/0/metricRelabelings/0/action", `"rename"`),
		`spec.podMetricsEndpoints[0].metricRelabelings[0].action: Unsupported value: "rename"`},
	{"a rule without an expression", operator, "PrometheusRule", at("/spec/groups/0/rules/0/expr", ``),
		`spec.groups[0].rules[0].expr: Required value`},
}

// byWebhook are mistakes that only Istio's validation refuses.
var byWebhook = []changed{
	{"an authorizer without a provider", "authorizer", "AuthorizationPolicy", at("/spec/provider", ``), "`provider.name` must not be empty"},
	{"an authorizer's provider where nobody asks it", "authorizer", "AuthorizationPolicy", at("/spec/action", `"DENY"`),
		"`provider` must not be with non CUSTOM action, found DENY"},
	{"an authorizer by principals", "authorizer", "AuthorizationPolicy",
		at("/spec/rules/0/from", `[{"source": {"principals": ["*"]}}]`), `From.Principals is currently not supported with CUSTOM action`},
	{"no route", "kfserving", "VirtualService", at("/spec/http", ``), `http, tcp or tls must be provided in virtual service`},
	{"a host within another", "kfserving", "VirtualService", at("/spec/hosts/-", `"*.prod.svc.cluster.local"`),
		`duplicate hosts in virtual service`},
	{"a gateway that is no name", "kfserving", "VirtualService", at("/spec/gateways/0", `"kubeflow/kubeflow_gateway"`),
		`invalid value for gateway name: "kubeflow_gateway"`},
	{"a filter of another type", "native", "EnvoyFilter", at("/spec/configPatches/0/patch/value/typed_config/@type",
		`"type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModule"`), `referenced type unknown`},
	{"a filter that a route selects", "native", "EnvoyFilter",
		at("/spec/configPatches/1/match", `{"context": "GATEWAY", "routeConfiguration": {}}`),
		`applyTo for listener class objects cannot have non listener match`},
	{"a number that is text", "body", "EnvoyFilter",
		at("/spec/configPatches/0/patch/value/typed_config/config/allow_on_headers_stop_iteration", `"yes"`), `Envoy filter`},
	{"no patch", "body", "EnvoyFilter", at("/spec/configPatches/0/patch", ``), `Envoy filter: missing patch`},
}

// warned are mistakes that are taken with a warning.
var warned = []changed{
	{"a filter's field that is none", "body", "EnvoyFilter",
		at("/spec/configPatches/0/patch/value/typed_config/config/fail_strategy", `"FAIL_RELOAD"`), `unknown field "fail_strategy"`},
	{"no selector", "body", "EnvoyFilter", at("/spec/workloadSelector/labels", `{}`), `will be applied to all services in namespace`},
}

// denied is how the API server says that a webhook refuses.
const denied = `admission webhook "validation.istio.io" denied the request: `

// TestWrongManifests has the API server say what is wrong with manifests that have one mistake,
// by itself or by Istio's webhook.
func TestWrongManifests(t *testing.T) {
	c, built := newCluster(t), manifests{}
	for _, w := range bySchema {
		t.Run(w.name, func(t *testing.T) {
			c.refuses(t, built, w)
		})
	}
	c.istiod(t, "")
	for _, w := range byWebhook {
		t.Run(w.name, func(t *testing.T) {
			if err := c.refuses(t, built, w); err != nil && !strings.Contains(err.Error(), denied) {
				t.Errorf("the webhook is not who refuses: %v", err)
			}
		})
	}
	const kinds = "wasmplugins,envoyfilters,virtualservices,peerauthentications,authorizationpolicies,externalsecrets,deployments," +
		"podmonitors,prometheusrules"
	if out, _, err := c.kubectl("", "get", kinds, "--all-namespaces", "-o", "name"); err != nil || out != "" {
		t.Errorf("%v: refused, and there: %s", err, out)
	}
	for _, w := range warned {
		t.Run(w.name, func(t *testing.T) {
			if _, printed, err := c.kubectl(built.with(t, w), "apply", "-f", "-"); err != nil || !strings.Contains(printed, w.want) {
				t.Errorf("it says %q, want a warning with %q; %v", printed, w.want, err)
			}
		})
	}
}

// refuses checks that a manifest is refused as it is to be, also when nothing would change.
func (c *cluster) refuses(t *testing.T, built manifests, w changed) (err error) {
	t.Helper()
	for _, dry := range []string{"server", "none"} {
		_, _, err = c.kubectl(built.with(t, w), "apply", "--dry-run="+dry, "-f", "-")
		if err == nil || !strings.Contains(err.Error(), w.want) {
			t.Errorf("dry run %s: it says %v\nwant %s", dry, err, w.want)
		}
	}
	return err
}

// manifests are what kustomize builds of directories, by their names.
type manifests map[string][]map[string]any

// with is a manifest with its mistake, as JSON.
func (m manifests) with(t *testing.T, w changed) (doc string) {
	t.Helper()
	if m[w.dir] == nil {
		m.build(t, w.dir)
	}
	for _, resource := range m[w.dir] {
		if resource["kind"] == w.kind {
			doc = marshal(t, resource)
		}
	}
	if doc == "" {
		t.Fatalf("%s has no %s", w.dir, w.kind)
	}
	for _, e := range w.edits {
		if e[1] == "" {
			doc = edit.Delete(t, doc, e[0])
		} else {
			doc = edit.Set(t, doc, e[0], e[1])
		}
	}
	return doc
}

func (m manifests) build(t *testing.T, dir string) {
	t.Helper()
	nowhere := &cluster{t.TempDir()} // kustomize needs no server
	built := nowhere.run(t, "", "kustomize", filepath.Join(root, "manifests", "istio", dir))
	for decoder := yaml.NewDecoder(strings.NewReader(built)); ; {
		var resource map[string]any
		switch err := decoder.Decode(&resource); {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			t.Fatal(err)
		}
		m[dir] = append(m[dir], resource)
	}
}
