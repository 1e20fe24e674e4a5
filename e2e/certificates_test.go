package e2e

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/certs"
	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

const (
	edgeID = "spiffe://cluster.local/ns/edge/sa/proxy"
	gateID = "spiffe://cluster.local/ns/edge/sa/gate"
	webID  = "spiffe://cluster.local/ns/prod/sa/web"
)

// issued replaces the SHA-256 of each certificate that the example only names by that of
// one which is issued here, in the configuration, and returns the certificates and what
// replaces them elsewhere.
func issued(t *testing.T, s *corpus.Scenario, a *certs.Authority) (map[string]certs.Pair, *strings.Replacer) {
	t.Helper()
	pairs, replace := map[string]certs.Pair{}, []string{}
	for _, c := range s.Cases {
		if c.Peer == nil || c.Peer.Digest == "" || pairs[c.Peer.Digest].Leaf != nil {
			continue
		}
		pair := newPair(t, a, certs.Leaf{Name: "pinned"})
		pairs[c.Peer.Digest] = pair
		replace = append(replace, c.Peer.Digest, pair.Digest(), thumbprint(t, c.Peer.Digest), thumbprint(t, pair.Digest()))
	}
	replacer := strings.NewReplacer(replace...)
	s.Config = replacer.Replace(s.Config)
	return pairs, replacer
}

// thumbprint is a digest as tokens have it (RFC 8705 section 3.1).
func thumbprint(t *testing.T, digest string) string {
	t.Helper()
	sum, err := hex.DecodeString(digest)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// replaced is a case with other digests.
func replaced(t *testing.T, c corpus.Case, r *strings.Replacer) (out corpus.Case) {
	t.Helper()
	var members map[string]json.RawMessage
	text, err := json.Marshal(c)
	if err == nil {
		err = json.Unmarshal([]byte(r.Replace(string(text))), &members)
	}
	maps.DeleteFunc(members, func(_ string, v json.RawMessage) bool { return string(v) == "null" }) // is there, where absent counts
	if err == nil {
		text, err = json.Marshal(members)
	}
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// forwards has every listener's connection manager handle x-forwarded-client-cert so.
func forwards(node any, how string) {
	switch node := node.(type) {
	case map[string]any:
		if _, ok := node["forward_client_cert_details"]; ok {
			node["forward_client_cert_details"] = how
		}
		for _, value := range node {
			forwards(value, how)
		}
	case []any:
		for _, value := range node {
			forwards(value, how)
		}
	}
}

// TestCorpusCertificates runs the example's cases, each with its client certificate, on a
// listener that lets anyone and any header through, so that the gate decides.
func TestCorpusCertificates(t *testing.T) {
	t.Parallel()
	s := load(t, "client-certificates")
	mesh, unknown := authority(t, "mesh"), authority(t, "unknown")
	pinned, replacer := issued(t, s, mesh)
	envoy := run(t, s, harness.Options{Concurrency: 2, Edit: withCerts(t, mesh, gateID, func(b map[string]any) {
		acceptAnyone(b)
		forwards(b, "ALWAYS_FORWARD_ONLY")
	})})
	for _, c := range s.Cases {
		client := &tls.Config{InsecureSkipVerify: true} // the tests are about the client's certificate
		if p := c.Peer; p != nil {
			pair, ok := pinned[p.Digest]
			if !ok {
				pair = newPair(t, map[bool]*certs.Authority{false: mesh, true: unknown}[p.Untrusted],
					certs.Leaf{Subject: p.Subject, DNS: p.DNS, URI: p.URI})
			}
			client.Certificates = []tls.Certificate{pair.TLS()}
		}
		checkIn(t, s, replaced(t, c, replacer), envoy, client, corpus.EnvoyHTTP1)
	}
	checkVisible(t, s, envoy)
}

// TestForwardedCertificates has a real Envoy in front say whose request it is: the gate's
// own Envoy passes that on, or adds to it what it knows of the connection.
func TestForwardedCertificates(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"FORWARD_ONLY", "APPEND_FORWARD"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := load(t, "client-certificates")
			mesh, unknown := authority(t, "mesh"), authority(t, "unknown")
			pinned, _ := issued(t, s, mesh)
			if how == "APPEND_FORWARD" {
				s.Config = strings.Replace(s.Config, `"forwardedBy": {`, `"forwardedBy": {"appended": true,`, 1)
				if !strings.Contains(s.Config, "appended") {
					t.Fatal("the configuration has another form")
				}
			}
			gate := run(t, s, harness.Options{Edit: withCerts(t, mesh, gateID, func(b map[string]any) { forwards(b, how) })})
			edge, err := harness.StartEnvoy(harness.Options{
				Bootstrap: filepath.Join(root, "examples", s.Name, "edge", "envoy.yaml"),
				Upstreams: map[string]string{"gate": gate.Addr()}, Edit: withCerts(t, mesh, edgeID, nil),
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(edge.Stop)
			throughTheEdge(t, s, gate.Addr(), edge.Addr(), mesh, unknown, pinned)
		})
	}
}

// ownDigest is that of the certificate with which the example's bound token passes: another of
// the example is denied.
func ownDigest(t *testing.T, s *corpus.Scenario) string {
	t.Helper()
	for _, c := range s.Cases {
		if c.Name == "a bound token with its own certificate" {
			return c.Peer.Digest
		}
	}
	t.Fatal("the example has no such case")
	return ""
}

// throughTheEdge calls the gate by the proxy in front, and around it.
func throughTheEdge(t *testing.T, s *corpus.Scenario, gate, edge string, mesh, unknown *certs.Authority, pinned map[string]certs.Pair) {
	t.Helper()
	const allowed, churn = "allow fraud-predictor.prod.svc.cluster.local /v1/models/fraud:predict", "POST /models/prod/churn:predict"
	forged := [][2]string{{"x-forwarded-client-cert", "Hash=" + strings.Repeat("0", 64) + `;Subject="CN=scorer,OU=risk,O=Example";URI=` +
		webID + ";DNS=batch.example.com"}}
	pin, ok := pinned[ownDigest(t, s)]
	if !ok {
		t.Fatal("no certificate is bound to a token that passes")
	}
	bound := func(p certs.Pair) *corpus.Token {
		return &corpus.Token{Issuer: "bank", Claims: map[string]any{"cnf": map[string]any{"x5t#S256": thumbprint(t, p.Digest())}}}
	}
	odd := newPair(t, mesh, certs.Leaf{Subject: `CN=a\,b"c,OU=x\;y,O=Example`, DNS: []string{"b.clients.example.com"}})
	for _, c := range []struct {
		name, addr string
		by         *certs.Authority // nil for no TLS
		leaf       *certs.Leaf      // nil for no certificate
		pair       *certs.Pair      // instead of a leaf
		one        corpus.Case
		client     string // what the model is told of the client's certificate
	}{
		{name: "a SPIFFE ID", addr: edge, by: mesh, leaf: &certs.Leaf{URI: webID}, one: corpus.Case{Want: allowed}, client: webID},
		{name: "two DNS names", addr: edge, by: mesh, leaf: &certs.Leaf{DNS: []string{"x.example.org", "batch.example.com"}},
			one: corpus.Case{Want: allowed}, client: "dns:batch.example.com"},
		{name: "a subject", addr: edge, by: mesh, leaf: &certs.Leaf{Subject: "CN=scorer,OU=risk,O=Example"},
			one: corpus.Case{Want: allowed}, client: "subject:CN=scorer,OU=risk,O=Example"},
		{name: "nobody's names", addr: edge, by: mesh, leaf: &certs.Leaf{Name: "x", DNS: []string{"y"}},
			one: corpus.Case{Want: "401 credential_missing"}},
		{name: "a subject with everything that is escaped", addr: edge, by: mesh, pair: &odd, one: corpus.Case{Want: "401 credential_missing"}},
		{name: "a denied name", addr: edge, by: mesh, leaf: &certs.Leaf{DNS: []string{"a.clients.example.com", "stolen.clients.example.com"}},
			one: corpus.Case{Token: &corpus.Token{Issuer: "corp", Claims: map[string]any{"email": "ana@example.com"}}, Want: "403 denied"}},
		{name: "forged by a client of the edge", addr: edge, by: mesh, leaf: &certs.Leaf{Name: "x"}, one: corpus.Case{Headers: forged,
			Want: "401 credential_missing"}},
		{name: "a bound token", addr: edge, by: mesh, pair: &pin, client: "certificate:" + pin.Digest(),
			one: corpus.Case{Request: churn, Token: bound(pin), Want: "allow churn-predictor.prod.svc.cluster.local /v1/models/churn:predict"}},
		{name: "a bound token with another certificate", addr: edge, by: mesh, leaf: &certs.Leaf{URI: webID},
			one: corpus.Case{Request: churn, Token: bound(pin), Want: "401 token_binding"}},
		{name: "a bound token around the edge", addr: gate, by: mesh, pair: &pin, client: "certificate:" + pin.Digest(),
			one: corpus.Case{Request: churn, Token: bound(pin), Want: "allow churn-predictor.prod.svc.cluster.local /v1/models/churn:predict"}},
		{name: "a bound token around the edge with another certificate", addr: gate, by: mesh, leaf: &certs.Leaf{URI: webID},
			one: corpus.Case{Request: churn, Token: bound(pin), Want: "401 token_binding"}},
		{name: "no certificate", addr: edge, by: mesh, one: corpus.Case{Want: "closed"}},
		{name: "an unknown authority", addr: edge, by: unknown, leaf: &certs.Leaf{URI: webID}, one: corpus.Case{Want: "closed"}},
		{name: "an expired certificate", addr: edge, by: mesh, leaf: &certs.Leaf{URI: webID, Expired: true}, one: corpus.Case{Want: "closed"}},
		{name: "no TLS", addr: edge, one: corpus.Case{Want: "closed"}},
		{name: "around the edge: its name, an unknown authority", addr: gate, by: unknown, leaf: &certs.Leaf{URI: edgeID},
			one: corpus.Case{Headers: forged, Want: "closed"}},
		{name: "around the edge: no certificate", addr: gate, by: mesh, one: corpus.Case{Headers: forged, Want: "closed"}},
		{name: "around the edge: another workload", addr: gate, by: mesh, leaf: &certs.Leaf{URI: "spiffe://cluster.local/ns/prod/sa/other"},
			one: corpus.Case{Headers: forged, Want: "401 credential_missing"}},
		{name: "around the edge: another trust domain", addr: gate, by: mesh, leaf: &certs.Leaf{URI: "spiffe://other.local/ns/edge/sa/proxy"},
			one: corpus.Case{Headers: forged, Want: "401 credential_missing"}},
		{name: "around the edge: its own name", addr: gate, by: mesh, leaf: &certs.Leaf{URI: webID}, one: corpus.Case{Headers: forged,
			Want: allowed}, client: webID},
	} {
		c.one.Name = c.name
		if c.one.Request == "" {
			c.one.Request = "POST /models/prod/fraud:predict"
		}
		r, err := s.Request(c.one, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		var config *tls.Config
		if c.by != nil {
			config = &tls.Config{InsecureSkipVerify: true} // the tests are about the client's certificate
			if c.leaf != nil {
				pair := newPair(t, c.by, *c.leaf)
				c.pair = &pair
			}
			if c.pair != nil {
				config.Certificates = []tls.Certificate{c.pair.TLS()}
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
		o, err := testbed.Ask(ctx, c.addr, config, rawhttp.H1, r)
		cancel()
		if err != nil {
			o.Line = "closed"
		}
		if o.Line != c.one.Want || value(o.Headers, "x-client") != c.client {
			t.Errorf("%s: %s, client %q (%v), want %s, %q", c.name, o.Line, value(o.Headers, "x-client"), err, c.one.Want, c.client)
		}
	}
}
