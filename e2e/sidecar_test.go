package e2e

import (
	"context"
	"crypto/tls"
	"path/filepath"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/certs"
	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

const (
	gatewayID = "spiffe://cluster.local/ns/istio-system/sa/ingressgateway"
	sidecarID = "spiffe://cluster.local/ns/prod/sa/fraud"
)

// authority makes the mesh's certificate authority.
func authority(t *testing.T, name string) *certs.Authority {
	t.Helper()
	a, err := certs.NewAuthority(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// withCerts puts certificates where an edit of the bootstrap has Envoy look.
func withCerts(t *testing.T, a *certs.Authority, uri string, more func(map[string]any)) func(map[string]any) {
	t.Helper()
	dir := t.TempDir()
	if err := a.Write(dir, uri); err != nil {
		t.Fatal(err)
	}
	return func(bootstrap map[string]any) {
		certs.Move(bootstrap, dir)
		if more != nil {
			more(bootstrap)
		}
	}
}

// acceptAnyone has a listener accept clients without a certificate, or with one
// that no authority of its own has signed, so that the gate decides on them.
func acceptAnyone(node any) {
	switch node := node.(type) {
	case map[string]any:
		if _, ok := node["require_client_certificate"]; ok {
			node["require_client_certificate"] = false
		}
		if context, ok := node["validation_context"].(map[string]any); ok {
			context["trust_chain_verification"] = "ACCEPT_UNTRUSTED"
		}
		for _, value := range node {
			acceptAnyone(value)
		}
	case []any:
		for _, value := range node {
			acceptAnyone(value)
		}
	}
}

// TestCorpusPeers runs the sidecars' cases, each with its client certificate:
// none, one of the mesh, or one that an unknown authority signed.
func TestCorpusPeers(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"gateway-and-sidecar", "knative"} {
		t.Run(name, func(t *testing.T) { corpusPeers(t, load(t, name)) })
	}
}

func corpusPeers(t *testing.T, s *corpus.Scenario) {
	t.Helper()
	mesh, unknown := authority(t, "mesh"), authority(t, "unknown")
	envoy := run(t, s, harness.Options{Edit: withCerts(t, mesh, sidecarID, func(b map[string]any) { acceptAnyone(b) })})
	for _, c := range s.Cases {
		from, uri := mesh, ""
		if c.Peer != nil {
			uri = c.Peer.URI
			if c.Peer.Untrusted {
				from = unknown
			}
		}
		client, err := from.Client(uri)
		if err != nil {
			t.Fatal(err)
		}
		checkIn(t, s, c, envoy, client, corpus.EnvoyHTTP1)
	}
	checkVisible(t, s, envoy)
}

// TestNoTLS: on a plaintext listener nobody has a certificate, and a token works
// as ever.
func TestNoTLS(t *testing.T) {
	t.Parallel()
	s := load(t, "gateway-and-sidecar")
	envoy, servers := runWith(t, s, harness.Options{Edit: plaintext})
	for _, c := range s.Cases {
		if c.Peer == nil {
			checkIn(t, s, c, envoy, nil, corpus.EnvoyHTTP1)
		}
	}
	t.Run("ExemptHasNoBody", func(t *testing.T) { exemptHasNoBody(t, envoy, servers["fraud"]) })
}

// plaintext takes TLS off every listener.
func plaintext(bootstrap map[string]any) {
	for _, listener := range bootstrap["static_resources"].(map[string]any)["listeners"].([]any) {
		for _, chain := range listener.(map[string]any)["filter_chains"].([]any) {
			delete(chain.(map[string]any), "transport_socket")
		}
	}
}

// TestGatewayAndSidecar runs both as their envoy.yaml say, with mutual TLS
// between them: a caller comes by the gateway, and others go round it.
func TestGatewayAndSidecar(t *testing.T) {
	t.Parallel()
	mesh, unknown := authority(t, "mesh"), authority(t, "unknown")
	s := load(t, "gateway-and-sidecar")
	sidecar := run(t, s, harness.Options{Edit: withCerts(t, mesh, sidecarID, nil)})

	front, err := corpus.LoadConfig(filepath.Join(root, "examples", "gateway-and-sidecar", "gateway"))
	if err != nil {
		t.Fatal(err)
	}
	gateway, err := harness.StartEnvoy(harness.Options{
		Bootstrap: filepath.Join(front.Dir, "envoy.yaml"), PluginConfig: front.Config, Module: shipped,
		Upstreams: map[string]string{"fraud": sidecar.Addr()}, Edit: withCerts(t, mesh, gatewayID, nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(gateway.Stop)
	const allowed = "allow fraud-predictor.prod.svc.cluster.local /v1/models/fraud:predict"
	for _, c := range []struct{ name, email, domain, want string }{
		{"both gates grant", "ana@example.com", "example.com", allowed},
		{"only the gateway does", "bob@example.com", "example.com", "403 grant_missing"},
		{"only the sidecar would", "ana@example.com", "", "403 grant_missing"},
	} {
		r, err := front.Request(corpus.Case{
			Name: c.name, Request: "POST /kfserving/prod/fraud:predict",
			Token: &corpus.Token{Issuer: "iap", Claims: map[string]any{"email": c.email, "hd": c.domain}},
			Headers: [][2]string{
				{"x-goog-iap-jwt-assertion", "{token}"}, {"x-caller", "iap/root"},
				{"x-caller-email", "ana@example.com"}, {"x-caller-groups", "analysts"},
			},
		}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		o := ask(t, gateway, r)
		if o.Line != c.want {
			t.Errorf("%s: %s, want %s", c.name, o.Line, c.want)
		}
		if o.Line == allowed {
			if got := value(o.Headers, "x-user"); got != "gateway/iap/subject-1" {
				t.Errorf("%s: the model is told it serves %q", c.name, got)
			}
		}
	}
	goRound(t, s, sidecar.Addr(), map[string]*certs.Authority{"mesh": mesh, "unknown": unknown})
}

// goRound calls the sidecar as a workload of the mesh that skips the gateway and
// sends the identity headers that the gateway would have sent.
func goRound(t *testing.T, s *corpus.Scenario, addr string, by map[string]*certs.Authority) {
	t.Helper()
	r, err := s.Request(corpus.Case{
		Name: "round", Request: "POST /v1/models/fraud:predict", Host: "fraud-predictor.prod.svc.cluster.local",
		Headers: [][2]string{{"x-caller", "iap/7"}, {"x-caller-email", "ana@example.com"}},
	}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, authority, uri, want string }{
		{"another workload of the mesh", "mesh", "spiffe://cluster.local/ns/prod/sa/default", "401 credential_missing"},
		{"the gateway's name, an unknown authority", "unknown", gatewayID, "closed"},
		{"no certificate", "mesh", "", "closed"},
		{"no TLS", "", "", "closed"},
	} {
		var config *tls.Config
		if c.authority != "" {
			if config, err = by[c.authority].Client(c.uri); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
		o, err := testbed.Ask(ctx, addr, config, rawhttp.H1, r)
		cancel()
		if err != nil {
			o.Line = "closed"
		}
		if o.Line != c.want {
			t.Errorf("%s: %s (%v), want %s", c.name, o.Line, err, c.want)
		}
	}
}

func value(headers [][2]string, name string) string {
	for _, h := range headers {
		if h[0] == name {
			return h[1]
		}
	}
	return ""
}
