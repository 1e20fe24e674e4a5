package istio

import (
	"maps"
	"path/filepath"
	"testing"
	"time"

	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pkg/config"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// upstreams starts a recording server for each name.
func upstreams(t *testing.T, names ...string) map[string]string {
	t.Helper()
	servers, addrs, err := testbed.Upstreams(names...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, s := range servers {
			s.Close()
		}
	})
	return addrs
}

// standalone runs an example in an Envoy without Istio.
func standalone(t *testing.T, s *corpus.Scenario, module string, clusters map[string]string) *harness.Envoy {
	t.Helper()
	envoy, err := harness.StartEnvoy(harness.Options{
		Bootstrap: filepath.Join(s.Dir, "envoy.yaml"), PluginConfig: s.Config, Module: module, Upstreams: clusters, Timeout: patience,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(envoy.Stop)
	return envoy
}

// public are the ingress gateway and the routes by which the iap example's two
// namespaces are reached, by the hosts that the gate writes.
func public(t *testing.T, w workload, clusters map[string]string) []config.Config {
	t.Helper()
	return append(front(t, w), testdata(t, "public.yaml", map[string]string{
		"KUBEFLOW": portOf(clusters["kubeflow"]), "PROD": portOf(clusters["prod"]),
	})...)
}

// front is the ingress gateway without a route.
func front(t *testing.T, w workload) []config.Config {
	t.Helper()
	return testdata(t, "ingress.yaml", map[string]string{"IP": w.ip, "PORT": w.port})
}

// TestCorpusGateway sends the iap example's cases through the gateway's
// WasmPlugin as Istio delivers it, and through an Envoy without Istio: the
// answers must be the same, word for word. This test lists the differences.
func TestCorpusGateway(t *testing.T) {
	// Istio lets websockets be asked for, so that the gate is who refuses one.
	upgrade := map[string]string{"an upgrade to a websocket; Envoy refuses it first": "400 upgrade_refused"}
	// By Istio's default Envoy resolves a path before any filter sees it (its
	// BASE normalisation), so that the gate judges, and the model gets, what is
	// left; a NUL Envoy refuses itself.
	normalised := maps.Clone(upgrade)
	normalised["refused: an escaped NUL"] = "400"
	for _, name := range []string{"a dot segment", "a dot-dot segment", "an escaped dot-dot segment", "an escaped letter", "a backslash",
		"a dot-dot with a parameter"} {
		normalised["refused: "+name] = passed
	}
	s, clusters := load(t, "iap"), upstreams(t, "kubeflow", "prod")
	alone := standalone(t, s, shipped, clusters)
	for _, c := range []struct {
		name    string
		mesh    func(*meshconfig.MeshConfig)
		differs map[string]string
	}{
		{"paths as they are sent", unnormalised, upgrade},
		{"Istio's default, paths normalised", nil, normalised},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := ingress(t)
			plane := newPlane(t, c.mesh, append(public(t, w, clusters), plugin(t, "gateway", s))...)
			gateway := plane.start(t, w)
			for _, one := range s.Cases {
				sameVerdict(t, s, one, gateway, alone, c.differs[one.Name])
			}
			if n := gateway.nacks(); len(n) > 0 {
				t.Errorf("Envoy rejected %q", n)
			}
		})
	}
}

// sameVerdict holds a case's answer by Istio to the corpus and to the answer
// without Istio, or to the one by which it is known to differ.
func sameVerdict(t *testing.T, s *corpus.Scenario, c corpus.Case, gateway *proxy, alone *harness.Envoy, differs string) {
	t.Helper()
	r, err := s.Request(c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	o, want := ask(t, gateway.addr, nil, r), ask(t, alone.Addr(), nil, r)
	if differs != "" {
		if o.Line != differs || o.Line == want.Line {
			t.Errorf("%s: %q by Istio, %q without, want %q by Istio alone", c.Name, o.Line, want.Line, differs)
		}
		return
	}
	if o.Line != want.Line {
		t.Errorf("%s: %q by Istio, %q without", c.Name, o.Line, want.Line)
	}
	if err := c.Check(r, o, corpus.EnvoyHTTP1); err != nil {
		t.Error(err)
	}
}

// unnormalised has paths arrive as they were sent. Istio's default resolves "."
// and ".." before any filter sees the path.
func unnormalised(m *meshconfig.MeshConfig) {
	m.PathNormalization = &meshconfig.MeshConfig_ProxyPathNormalization{
		Normalization: meshconfig.MeshConfig_ProxyPathNormalization_NONE,
	}
}
