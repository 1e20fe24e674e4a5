package istio

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"
	extensions "istio.io/api/extensions/v1alpha1"
	meshconfig "istio.io/api/mesh/v1alpha1"
	security "istio.io/api/security/v1beta1"
	typeapi "istio.io/api/type/v1beta1"
	"istio.io/istio/pkg/config"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

const (
	ingressID      = "spiffe://cluster.local/ns/istio-system/sa/istio-ingressgateway"
	localGatewayID = "spiffe://cluster.local/ns/istio-system/sa/knative-local-gateway"
	served         = "allow fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud:predict"
)

// mutual has proxies speak mutual TLS to those that can, as a mesh does.
func mutual(m *meshconfig.MeshConfig) { m.EnableAutoMtls = wrapperspb.Bool(true) }

// knative are Knative's local gateway and its route to the predictor.
func knative(t *testing.T, w workload, selector, server string) []config.Config {
	t.Helper()
	return testdata(t, "knative.yaml", map[string]string{"IP": w.ip, "PORT": w.port, "SELECTOR": selector, "SERVER": server})
}

// gated is the iap example's gate for a predictor: it verifies the assertion
// again, which the gateway has forwarded.
func gated(t *testing.T, s *corpus.Scenario) config.Config {
	t.Helper()
	return plugin(t, "sidecar", s, func(w *extensions.WasmPlugin) {
		w.PluginConfig.Fields["serves"] = document(t, `{"v": {"namespace": "prod", "service": "fraud"}}`).Fields["v"]
	})
}

// forwarding returns the gateway's plugin with credentials: forward.
func forwarding(t *testing.T, s *corpus.Scenario, edits ...func(*extensions.WasmPlugin)) config.Config {
	t.Helper()
	return plugin(t, "gateway", s, append(edits, func(w *extensions.WasmPlugin) {
		w.PluginConfig = document(t, strings.Replace(s.Config, `"names": "kfserving",`, `"names": "kfserving", "credentials": "forward",`, 1))
	})...)
}

// TestKFServing runs KFServing's path: ingress gateway, Knative's local gateway,
// the predictor's sidecar, each a real Envoy with mutual TLS to the last. The
// gate is at the ingress, at the sidecar, or at both; the way round the ingress,
// by the local gateway, is open until the sidecar has one.
func TestKFServing(t *testing.T) {
	s, model, mesh := load(t, "iap"), upstreams(t, "fraud"), authority(t, "mesh")
	public, pod := ingress(t), predictor(t)
	local := workload{router: true, name: "knative-local-gateway", namespace: "istio-system", ip: "127.0.0.4", port: freePort(t),
		labels: map[string]any{"istio": "knative-local-gateway"}, certs: withCerts(t, mesh, localGatewayID)}
	public.certs, pod.certs = withCerts(t, mesh, ingressID), withCerts(t, mesh, predictorID)
	route := manifests(t, "kfserving")
	plane := newPlane(t, mutual, slices.Concat(front(t, public), knative(t, local, "istio: knative-local-gateway", "80"),
		testdata(t, "localpod.yaml", map[string]string{"IP": local.ip}),
		inbound(t, pod, model["fraud"]), []config.Config{peers(t, security.PeerAuthentication_MutualTLS_STRICT)}, route)...)
	gateway, inside, sidecar := plane.start(t, public), plane.start(t, local), plane.start(t, pod)

	allowed := request(t, s, ana, "POST /kfserving/prod/fraud:predict")
	noGrant := request(t, s, &corpus.Token{Issuer: "iap", Claims: map[string]any{"email": "bob@example.com"}},
		"POST /kfserving/prod/fraud:predict")
	nobody := request(t, s, nil, "POST /kfserving/prod/fraud:predict")
	round := func(token *corpus.Token) corpus.Request { // inside the mesh, past the ingress
		r, err := s.Request(corpus.Case{Name: "round", Token: token, Request: "POST /v1/models/fraud:predict",
			Host: "fraud-predictor-default.prod.svc.cluster.local", Headers: headersFor(token)}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}

	t.Log("no gate: the wildcard route opens the model to everybody")
	settled(t, gateway, round(nil), served, "no gate")
	settled(t, inside, round(nil), served, "no gate, round the ingress")

	t.Log("a gate at the ingress")
	plane.apply(forwarding(t, s))
	settled(t, gateway, allowed, served, "gate at the ingress")
	settled(t, gateway, noGrant, "403 grant_missing", "gate at the ingress, no grant")
	settled(t, gateway, nobody, "401 credential_missing", "gate at the ingress, nobody")
	settled(t, gateway, round(nil), "401 credential_missing", "gate at the ingress, the model's own host")
	settled(t, inside, round(nil), served, "gate at the ingress, round it")

	t.Log("and one at the sidecar")
	plane.apply(gated(t, s))
	settled(t, inside, round(nil), "401 credential_missing", "both gates, round the ingress")
	settled(t, inside, round(&corpus.Token{Issuer: "iap", Claims: map[string]any{"email": "bob@example.com"}}), "403 grant_missing",
		"both gates, round the ingress without a grant")
	settled(t, inside, round(ana), served, "both gates, round the ingress with a grant")
	settled(t, gateway, allowed, served, "both gates")
	settled(t, gateway, noGrant, "403 grant_missing", "both gates, no grant")
	if o := ask(t, gateway.addr, nil, allowed); value(o.Headers, "kubeflow-userid") != "accounts.google.com:ana@example.com" ||
		value(o.Headers, "x-goog-iap-jwt-assertion") != "" {
		t.Errorf("the model got %v", o.Headers)
	}
	if o := ask(t, sidecar.addr, nil, round(ana)); o.Line != "closed" {
		t.Errorf("to the pod without mutual TLS: %s, want closed", o.Line)
	}
	if o := ask(t, sidecar.addr, client(t, mesh, "spiffe://cluster.local/ns/prod/sa/default"),
		round(nil)); o.Line != "401 credential_missing" {
		t.Errorf("to the pod by a workload of the mesh: %s, want 401 credential_missing", o.Line)
	}

	t.Log("only at the sidecar, with a route by hand for the model")
	plane.remove(plugin(t, "gateway", s))
	plane.remove(route[0])
	plane.apply(testdata(t, "byhand.yaml", nil)...)
	settled(t, gateway, round(nil), "404", "gate at the sidecar, the model's own host") // neither the gate nor its route is there any more
	settled(t, gateway, allowed, served, "gate at the sidecar")
	settled(t, gateway, noGrant, "403 grant_missing", "gate at the sidecar, no grant")
	settled(t, gateway, nobody, "401 credential_missing", "gate at the sidecar, nobody")
	for _, x := range []*proxy{gateway, inside, sidecar} {
		if n := x.nacks(); len(n) > 0 {
			t.Errorf("Envoy rejected %q", n)
		}
	}
}

// headersFor puts an assertion where a caller inside the mesh would, beside an
// identity that it has no right to.
func headersFor(token *corpus.Token) [][2]string {
	headers := [][2]string{{"kubeflow-userid", "accounts.google.com:root@example.com"}}
	if token != nil {
		headers = append(headers, [2]string{"x-goog-iap-jwt-assertion", "{token}"})
	}
	return headers
}

func value(headers [][2]string, name string) string {
	for _, h := range headers {
		if h[0] == name {
			return h[1]
		}
	}
	return ""
}

// TestLocalGatewayInOnePod is Knative's present form: the local gateway is a
// second port of the ingress gateway's pods, so that the plugin is on both. A
// gate that strips the assertion then refuses its own request when it comes by
// the second time. `match` with the public port keeps it to that one, and leaves
// the other to the sidecar's gate; forwarding the assertion has both check it.
func TestLocalGatewayInOnePod(t *testing.T) {
	s, model, mesh := load(t, "iap"), upstreams(t, "fraud"), authority(t, "mesh")
	public, pod := ingress(t), predictor(t)
	public.certs, pod.certs = withCerts(t, mesh, ingressID), withCerts(t, mesh, predictorID)
	second := public
	second.port = freePort(t)
	plane := newPlane(t, mutual, slices.Concat(front(t, public), knative(t, second, "istio: ingressgateway", second.port),
		inbound(t, pod, model["fraud"]), []config.Config{peers(t, security.PeerAuthentication_MutualTLS_STRICT)}, manifests(t, "kfserving"))...)
	gateway := plane.start(t, public)
	sidecar := plane.start(t, pod)
	inside := &proxy{gateway.Envoy, gateway.agent, second.addr(), gateway.workers}
	allowed := request(t, s, ana, "POST /kfserving/prod/fraud:predict")
	nobody := request(t, s, nil, "POST /v1/models/fraud:predict")
	nobody.Authority = "fraud-predictor-default.prod.svc.cluster.local"
	match := func(selectors ...*extensions.WasmPlugin_TrafficSelector) func(*extensions.WasmPlugin) {
		return func(w *extensions.WasmPlugin) { w.Match = selectors }
	}
	first := match(&extensions.WasmPlugin_TrafficSelector{Ports: []*typeapi.PortSelector{{Number: number(t, public.port)}}})
	server := match(&extensions.WasmPlugin_TrafficSelector{Mode: typeapi.WorkloadMode_SERVER})
	for i, c := range []struct {
		name                string
		plugin              config.Config
		public, out, around string // a caller with a grant; nobody, by either port
	}{
		{"mode SERVER, which a gateway is not", plugin(t, "gateway", s, server), "404", served, served},
		{"on both ports, stripping", plugin(t, "gateway", s), "401 credential_missing", "401 credential_missing", "401 credential_missing"},
		{"on the public port, stripping", plugin(t, "gateway", s, first), served, "401 credential_missing", served},
		{"on both ports, forwarding", forwarding(t, s), served, "401 credential_missing", "401 credential_missing"},
	} {
		mark := fmt.Sprintf("row-%d-mark", i)
		plane.apply(c.plugin)
		plane.apply(testdata(t, "mark.yaml", map[string]string{"NAME": mark})...)
		gateway.serves(t, mark)
		settled(t, gateway, allowed, c.public, c.name)
		settled(t, gateway, nobody, c.out, c.name+", nobody")
		settled(t, inside, nobody, c.around, c.name+", nobody round it")
	}
	plane.apply(plugin(t, "sidecar", load(t, "gateway-and-sidecar"), marked("at-the-sidecar")))
	sidecar.serves(t, "at-the-sidecar")
	plane.apply(plugin(t, "gateway", s, first, marked("at-the-gateway")))
	gateway.serves(t, "at-the-gateway")
	settled(t, inside, nobody, "401 credential_missing", "on the public port and at the sidecar, nobody round it")
}

// TestPeerGrants has a workload's own sidecar call the model's: the certificate
// by which it does is a principal, by its account or by its namespace. Without
// mutual TLS there is none.
func TestPeerGrants(t *testing.T) {
	s, model, mesh := load(t, "gateway-and-sidecar"), upstreams(t, "fraud"), authority(t, "mesh")
	pod := predictor(t)
	pod.certs = withCerts(t, mesh, predictorID)
	caller := workload{name: "caller", namespace: "batch", ip: "127.0.0.5", port: freePort(t), labels: map[string]any{"app": "caller"}}
	mode := func(mode string) config.Config {
		return testdata(t, "plaintext.yaml", map[string]string{"MODE": mode})[0]
	}
	plane := newPlane(t, mutual, slices.Concat(inbound(t, pod, model["fraud"]),
		testdata(t, "caller.yaml", map[string]string{"IP": caller.ip, "PORT": caller.port, "TARGET": pod.port}),
		[]config.Config{peers(t, security.PeerAuthentication_MutualTLS_STRICT), plugin(t, "sidecar", s), mode("ISTIO_MUTUAL")})...)
	plane.start(t, pod)
	ask := func(line string) corpus.Request {
		r := request(t, s, nil, line)
		r.Authority = "fraud-predictor.prod.svc.cluster.local"
		return r
	}
	const predict, ready = "POST /v1/models/fraud:predict", "GET /v1/models/fraud"
	const allowed = "allow fraud-predictor.prod.svc.cluster.local /v1/models/fraud"
	var last *proxy
	for _, c := range []struct{ name, uri, predict, ready string }{
		{"an account with a grant", "spiffe://cluster.local/ns/batch/sa/scorer", allowed + ":predict", "401 credential_missing"},
		{"a namespace with a grant", "spiffe://cluster.local/ns/monitoring/sa/prometheus", "401 credential_missing", allowed},
		{"another account", "spiffe://cluster.local/ns/batch/sa/other", "401 credential_missing", "401 credential_missing"},
		{"a namespace with a deny", "spiffe://cluster.local/ns/quarantine/sa/scorer", "401 credential_missing", "401 credential_missing"},
	} {
		if last != nil {
			last.Stop()
		}
		caller.certs = withCerts(t, mesh, c.uri)
		last = plane.start(t, caller)
		settled(t, last, ask(predict), c.predict, c.name+" predicts")
		settled(t, last, ask(ready), c.ready, c.name+" looks")
	}
	last.Stop()
	caller.certs = withCerts(t, mesh, "spiffe://cluster.local/ns/batch/sa/scorer")
	scorer := plane.start(t, caller)
	plane.apply(mode("DISABLE"))
	settled(t, scorer, ask(predict), "503", "without mutual TLS where it is demanded")
	plane.apply(peers(t, security.PeerAuthentication_MutualTLS_PERMISSIVE))
	settled(t, scorer, ask(predict), "401 credential_missing", "without mutual TLS where it is not")
	plane.apply(mode("ISTIO_MUTUAL"))
	settled(t, scorer, ask(predict), allowed+":predict", "with it again")
}
