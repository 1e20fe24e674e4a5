package authn

import (
	"encoding/hex"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/jose"
)

// TestCertificateBound: RFC 8705 section 3.
func TestCertificateBound(t *testing.T) {
	sum := jose.Random(32)
	mine, other := Peer{Digest: hex.EncodeToString(sum)}, Peer{Digest: hex.EncodeToString(jose.Random(32))}
	bound := func(cnf any) m {
		if cnf == nil {
			return claimsOf("a")
		}
		return claimsOf("a", "cnf", cnf)
	}
	good := m{"x5t#S256": b64(sum)}
	for _, x := range []struct {
		name     string
		required bool
		cnf      any
		peer     Peer
		want     reason.Reason
	}{
		{"its certificate", true, good, mine, reason.Allowed},
		{"another", true, good, other, reason.TokenBinding},
		{"none", true, good, Peer{}, reason.TokenBinding},
		{"a broken digest", true, good, Peer{Digest: "zz"}, reason.TokenBinding},
		{"a short digest", true, good, Peer{Digest: mine.Digest[:62]}, reason.TokenBinding},
		{"not bound", true, nil, mine, reason.TokenBinding},
		{"bound otherwise", true, m{"jkt": "x"}, mine, reason.TokenBinding},
		{"no text", true, m{"x5t#S256": 7}, mine, reason.TokenBinding},
		{"empty", true, m{"x5t#S256": ""}, Peer{}, reason.TokenBinding},
		{"a hyphen, and no certificate", true, m{"x5t#S256": "-"}, Peer{Digest: "-"}, reason.TokenBinding},
		{"cnf no object", true, "x", mine, reason.TokenBinding},
		{"nobody checks", false, good, mine, reason.TokenBinding},
		{"its certificate, and a proof of DPoP", true, m{"x5t#S256": b64(sum), "jkt": "x"}, mine, reason.TokenBinding},
		{"DPoP", false, m{"jkt": "x"}, mine, reason.TokenBinding},
		{"a key of its own", false, m{"jwk": publicJWK(ecKey, "", "")}, mine, reason.TokenBinding},
		{"an encrypted key", false, m{"jwe": "x"}, mine, reason.TokenBinding},
		{"the name of a key", false, m{"kid": "x"}, mine, reason.TokenBinding},
		{"the place of a key", false, m{"jku": "https://x.example", "kid": "x"}, mine, reason.TokenBinding},
		{"in a way that nobody knows", false, m{"x": "y"}, mine, reason.TokenBinding},
		{"by nothing", false, m{}, mine, reason.TokenBinding},
		{"by a text", false, "x", mine, reason.TokenBinding},
		{"plain", false, nil, Peer{}, reason.Allowed},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := row("a", []string{"ES256"}, publicJWK(ecKey, "", ""))
			if x.required {
				r["certificateBound"] = true
			}
			w := newWorld(t, r)
			if needs := w.a.PeerNeeds(); needs != (PeerNeeds{Peer: x.required}) || w.a.PeerForms() != 0 {
				t.Errorf("PeerNeeds, PeerForms = %v, %v, want %v, 0", needs, w.a.PeerForms(), x.required)
			}
			w.env.Cache = NewCache()
			pairs := bearerPairs(sign("ES256", ecKey, m{"alg": "ES256"}, bound(x.cnf)))
			for i := range 3 { // new twice, then cached
				if _, got := w.authenticate(pairs, x.peer); got != x.want {
					t.Errorf("Authenticate = %v at time %d, want %v", got, i+1, x.want)
				}
			}
			if x.want == reason.Allowed && x.required { // cached for one certificate, not for another
				if _, got := w.authenticate(pairs, other); got != reason.TokenBinding {
					t.Errorf("Authenticate(another certificate) = %v, want %v", got, reason.TokenBinding)
				}
			}
		})
	}
}
