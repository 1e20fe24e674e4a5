package e2e

import (
	"crypto/tls"
	"slices"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/certs"
	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// TestNoPeerState: without the filter that tells the dynamic module about certificates, a request
// with one is refused, whatever its token: a deny may be about the certificate.
func TestNoPeerState(t *testing.T) {
	testbed.OnlyNative(t, "a filter in front tells it about certificates")
	t.Parallel()
	s := load(t, "client-certificates")
	mesh := authority(t, "mesh")
	envoy := run(t, s, harness.Options{Edit: withCerts(t, mesh, gateID, func(b map[string]any) {
		acceptAnyone(b)
		harness.Native(b, "modelgate")
		dropFilters(b, "envoy.filters.http.set_filter_state")
	})})
	index := slices.IndexFunc(s.Cases, func(c corpus.Case) bool { return c.Peer != nil && c.Peer.Digest == "" && c.Token == nil })
	if index < 0 {
		t.Fatal("the example has no case of a certificate alone")
	}
	c := s.Cases[index]
	p := c.Peer
	pair := newPair(t, mesh, certs.Leaf{Subject: p.Subject, DNS: p.DNS, URI: p.URI})
	for _, x := range []struct {
		name, want   string
		certificates []tls.Certificate
	}{
		{"with a certificate", "500 internal", []tls.Certificate{pair.TLS()}},
		{"without", "401 credential_missing", nil},
	} {
		c.Name, c.Want, c.Envoy = x.name, x.want, ""
		checkIn(t, s, c, envoy, &tls.Config{InsecureSkipVerify: true, Certificates: x.certificates}, corpus.EnvoyHTTP1)
	}
}

// dropFilters removes the HTTP filters of a name.
func dropFilters(node any, name string) {
	switch node := node.(type) {
	case map[string]any:
		if filters, ok := node["http_filters"].([]any); ok {
			node["http_filters"] = slices.DeleteFunc(filters, func(f any) bool { return f.(map[string]any)["name"] == name })
		}
		for _, value := range node {
			dropFilters(value, name)
		}
	case []any:
		for _, value := range node {
			dropFilters(value, name)
		}
	}
}
