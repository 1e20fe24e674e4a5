package istio

import (
	"crypto/tls"
	"testing"
	"time"

	extensions "istio.io/api/extensions/v1alpha1"
	security "istio.io/api/security/v1beta1"
	"istio.io/istio/pkg/config"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

const (
	activatorID  = "spiffe://cluster.local/ns/knative-serving/sa/activator"
	autoscalerID = "spiffe://cluster.local/ns/knative-serving/sa/controller"
	workloadID   = "spiffe://cluster.local/ns/prod/sa/default"
	podHost      = "10.244.0.77:8012" // of the activator's requests
	internalHost = "fraud-predictor.prod.svc.cluster.local"
)

// knativePlugin is the manifest with its own configuration, but for the keys.
func knativePlugin(t *testing.T, s *corpus.Scenario) config.Config {
	t.Helper()
	own := only[*extensions.WasmPlugin](t, manifests(t, "knative")).Spec.(*extensions.WasmPlugin).PluginConfig
	return plugin(t, "knative", s, func(w *extensions.WasmPlugin) {
		own.Fields["issuers"] = w.PluginConfig.Fields["issuers"]
		w.PluginConfig = own
	})
}

// TestKnative runs the manifest for pods behind Knative's activator: the pod becomes
// healthy and scales, the activator's requests are decided by the host that they had, and
// nobody else can say so.
func TestKnative(t *testing.T) {
	s, model, w, mesh := load(t, "knative"), upstreams(t, "fraud"), predictor(t), authority(t, "mesh")
	w.certs = withCerts(t, mesh, predictorID)
	all := manifests(t, "knative")
	strict := only[*security.PeerAuthentication](t, all)
	plane := newPlane(t, unnormalised, append(inbound(t, w, model["fraud"]), strict, only[*security.AuthorizationPolicy](t, all),
		knativePlugin(t, s))...)
	sidecar := plane.start(t, w)
	listens(t, sidecar, security.PeerAuthentication_MutualTLS_STRICT, client(t, mesh, activatorID))
	token := &corpus.Token{Issuer: "corp", Claims: map[string]any{"groups": []any{"data-scientist"}}}
	for _, c := range []struct {
		name, peer, request, host, original string
		token                               *corpus.Token
		want                                string
	}{
		{"the activator's probe", activatorID, "GET /healthz", podHost, "", nil, "allow " + podHost + " /healthz"},
		{"the autoscaler's scrape", autoscalerID, "GET /metrics", "10.244.0.77:9090", "", nil, "allow 10.244.0.77:9090 /metrics"},
		{"another workload's scrape", workloadID, "GET /metrics", "10.244.0.77:9090", "", nil, "403"},
		{"another workload asks to drain", workloadID, "GET /wait-for-drain", "10.244.0.77:8022", "", nil, "403"},
		{"a probe without a certificate", "", "GET /healthz", podHost, "", nil, "closed"},
		{"the activator", activatorID, "POST /v1/models/fraud:predict", podHost, internalHost, token,
			"allow " + internalHost + " /v1/models/fraud:predict"},
		{"the activator, the public host", activatorID, "POST /v1/models/fraud:predict", podHost, "fraud-predictor.prod.models.example.com",
			token, "allow fraud-predictor.prod.models.example.com /v1/models/fraud:predict"},
		{"the activator, another service", activatorID, "POST /v1/models/fraud:predict", podHost, "churn-predictor.prod.svc.cluster.local",
			token, "404 not_served"},
		{"the activator, nobody", activatorID, "POST /v1/models/fraud:predict", podHost, internalHost, nil, "401 credential_missing"},
		{"another workload", workloadID, "POST /v1/models/fraud:predict", podHost, internalHost, token, "400 host_invalid"},
		{"another workload on the service's host", workloadID, "POST /v1/models/fraud:predict", internalHost,
			"churn-predictor.prod.svc.cluster.local", token, "allow " + internalHost + " /v1/models/fraud:predict"},
		{"no certificate", "", "POST /v1/models/fraud:predict", podHost, internalHost, token, "closed"},
	} {
		kase := corpus.Case{Name: c.name, Token: c.token, Request: c.request, Host: c.host}
		if c.original != "" {
			kase.Headers = [][2]string{{"k-original-host", c.original}, {"k-proxy-request", "activator"}}
		}
		r, err := s.Request(kase, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		var mutual *tls.Config
		if c.peer != "" {
			mutual = client(t, mesh, c.peer)
		}
		o := ask(t, sidecar.addr, mutual, r)
		if o.Line != c.want || value(o.Headers, "k-original-host") != "" {
			t.Errorf("%s: %s, want %s; the model gets %v", c.name, o.Line, c.want, o.Headers)
		}
	}

	// The kubelet's hook comes without a certificate, on its port only.
	plane.apply(permissiveOn(t, strict, w.port))
	listens(t, sidecar, security.PeerAuthentication_MutualTLS_PERMISSIVE, client(t, mesh, activatorID))
	for request, want := range map[string]string{
		"GET /wait-for-drain":           "allow 10.244.0.77:8022 /wait-for-drain",
		"GET /metrics":                  "403",
		"POST /v1/models/fraud:predict": "401 credential_missing",
	} {
		r, err := s.Request(corpus.Case{Name: "plaintext", Request: request, Host: "10.244.0.77:8022"}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if o := ask(t, sidecar.addr, nil, r); o.Line != want {
			t.Errorf("%s in plaintext: %s, want %s", request, o.Line, want)
		}
	}

	if n := sidecar.nacks(); len(n) > 0 {
		t.Errorf("Envoy rejected %q", n)
	}
}

// permissiveOn is a PeerAuthentication whose exception is for another port.
func permissiveOn(t *testing.T, c config.Config, port string) config.Config {
	t.Helper()
	c = c.DeepCopy()
	c.Spec.(*security.PeerAuthentication).PortLevelMtls = map[uint32]*security.PeerAuthentication_MutualTLS{
		number(t, port): {Mode: security.PeerAuthentication_MutualTLS_PERMISSIVE},
	}
	return c
}
