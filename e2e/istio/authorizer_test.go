package istio

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	extensions "istio.io/api/extensions/v1alpha1"
	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config/mesh"
)

// TestAuthorizer lists the filters in the order in which Istio puts them: a CUSTOM policy is
// asked before every WasmPlugin, and behind the gate if that is an EnvoyFilter.
func TestAuthorizer(t *testing.T) {
	s, w := load(t, "iap"), ingress(t)
	resources := slices.Concat(front(t, w), testdata(t, "authorizer.yaml", map[string]string{"PORT": "9191"}), manifests(t, "authorizer"))
	const (
		custom = "envoy.filters.http.rbac envoy.filters.http.ext_authz"
		gate   = "modelgate"
		authn  = "envoy.filters.http.jwt_authn"
		authz  = "envoy.filters.http.rbac"
	)
	for _, c := range []struct{ name, want string }{
		{"AUTHN", strings.Join([]string{custom, gate, authn, authz}, " ")},
		{"AUTHZ", strings.Join([]string{custom, authn, gate, authz}, " ")},
		{"STATS", strings.Join([]string{custom, authn, authz, gate}, " ")},
		{"UNSPECIFIED_PHASE", strings.Join([]string{custom, authn, authz, gate}, " ")},
		{"EnvoyFilter", strings.Join([]string{gate, custom, authn, authz}, " ")},
	} {
		t.Run(c.name, func(t *testing.T) {
			gated := filled(t, "registry.example.com/modelgate", s.Config)
			if phase, ok := extensions.PluginPhase_value[c.name]; ok {
				gated = plugin(t, "gateway", s, func(w *extensions.WasmPlugin) { w.Phase = extensions.PluginPhase(phase) })
			}
			plane := newPlane(t, providers(t), append(slices.Clone(resources), gated)...)
			if got := plane.filters(w); got != c.want {
				t.Errorf("the filters are\n%s, want\n%s", got, c.want)
			}
		})
	}
}

// providers reads the manifest's part of the meshConfig.
func providers(t *testing.T) func(*meshconfig.MeshConfig) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "manifests", "istio", "authorizer", "meshconfig.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return func(m *meshconfig.MeshConfig) {
		read, err := mesh.ApplyMeshConfig(string(text), m)
		if err != nil {
			t.Fatal(err)
		}
		m.ExtensionProviders = read.ExtensionProviders
	}
}

// gateway is a proxy in a namespace, whose pod has this label istio.
func (p *plane) gateway(ip, namespace, label string) *model.Proxy {
	labels := map[string]string{"istio": label}
	return p.fake.SetupProxy(&model.Proxy{Type: model.Router, IPAddresses: []string{ip}, ConfigNamespace: namespace,
		Labels: labels, Metadata: &model.NodeMetadata{Namespace: namespace, Labels: labels}})
}

// filters are the names of a proxy's HTTP filters that decide, in order.
func (p *plane) filters(w workload) string {
	p.t.Helper()
	var names []string
	for _, l := range p.fake.Listeners(p.gateway(w.ip, w.namespace, "ingressgateway")) {
		for _, f := range managerOf(p.t, l).GetHttpFilters() {
			switch {
			case strings.Contains(f.Name, "modelgate"):
				names = append(names, "modelgate")
			case strings.Contains(f.Name, "auth"), strings.Contains(f.Name, "rbac"):
				names = append(names, f.Name)
			}
		}
	}
	return strings.Join(names, " ")
}

// managerOf is the connection manager of a listener with one filter chain.
func managerOf(t *testing.T, l *listener.Listener) *hcm.HttpConnectionManager {
	t.Helper()
	for _, chain := range l.GetFilterChains() {
		for _, f := range chain.GetFilters() {
			m := &hcm.HttpConnectionManager{}
			if f.GetTypedConfig().MessageIs(m) {
				if err := f.GetTypedConfig().UnmarshalTo(m); err != nil {
					t.Fatal(err)
				}
				return m
			}
		}
	}
	t.Fatalf("%s has no connection manager", l.GetName())
	return nil
}
