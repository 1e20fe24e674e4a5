package authn

import (
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

// TestRequireCertificate: a token of an issuer that requires a certificate counts only
// beside one that is a principal, whether the token is new or cached.
func TestRequireCertificate(t *testing.T) {
	const id = "spiffe://cluster.local/ns/prod/sa/web"
	r := with(row("a", []string{"ES256"}, publicJWK(ecKey, "", "")), "require", []string{"certificate"})
	w, problems := compileWithPeer(mustJSON([]m{r}), mesh)
	if problems != nil {
		t.Fatal(problems)
	}
	w.env.Cache = NewCache()
	good := bearerPairs(sign("ES256", ecKey, m{"alg": "ES256"}, claimsOf("a")))
	for _, c := range []struct {
		name  string
		pairs [][2]string
		peer  Peer
		want  reason.Reason
	}{
		{"both", good, Peer{URI: id, Validated: true}, reason.Allowed},
		{"no certificate", good, Peer{}, reason.CertificateMissing},
		{"one that was not validated", good, Peer{URI: id}, reason.CertificateMissing},
		{"one of another trust domain", good, Peer{URI: "spiffe://other.local/ns/prod/sa/web", Validated: true}, reason.CertificateMissing},
		{"one without a name", good, Peer{Validated: true, Digest: "00"}, reason.CertificateMissing},
		{"no token", nil, Peer{URI: id, Validated: true}, reason.Allowed}, // anonymous, which is not this issuer's matter
		{"a bad token", bearerPairs("x"), Peer{URI: id, Validated: true}, reason.TokenMalformed},
		{"a bad token, no certificate", bearerPairs("x"), Peer{}, reason.TokenMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i := range 4 { // new twice, then cached
				p, got := w.authenticate(c.pairs, c.peer)
				if got != c.want || p.Anonymous() == (got == reason.Allowed && c.pairs != nil) {
					t.Errorf("Authenticate = %v, %v at time %d, want %v", p, got, i+1, c.want)
				}
			}
		})
	}
}

// TestRequireBesideAPIKeys: an API key counts only beside a certificate, too.
func TestRequireBesideAPIKeys(t *testing.T) {
	r := with(keyRow("keys", "mg_", entry(testKey("ana"), "ana")),
		"require", []string{"certificate"}, "from", []m{{"header": "x-api-key"}})
	w, problems := compileWithPeer(mustJSON([]m{r}), mesh)
	if problems != nil {
		t.Fatal(problems)
	}
	w.env.Cache = NewCache()
	key := [][2]string{{"x-api-key", testKey("ana")}}
	for i := range 3 {
		if p, why := w.authenticate(key, Peer{URI: "spiffe://cluster.local/a", Validated: true}); why != reason.Allowed || p.Subject != "ana" {
			t.Errorf("Authenticate with a certificate = %q, %v at time %d, want ana", p.Subject, why, i+1)
		}
		if _, why := w.authenticate(key, Peer{}); why != reason.CertificateMissing {
			t.Errorf("Authenticate without a certificate = %v at time %d, want %v", why, i+1, reason.CertificateMissing)
		}
	}
}
