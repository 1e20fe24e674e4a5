package authn

import "github.com/modelgate/modelgate/internal/strictjson"

// Proofs are what a request must have beside its caller's credential. The zero value
// asks for nothing.
type Proofs uint8

// ByCertificate asks for a client certificate that is a principal.
const ByCertificate Proofs = 1 << iota

// CompileProofs reads "require" of an issuer or a grant.
func (a *Authenticator) CompileProofs(v strictjson.Value) (p Proofs) {
	for i, name := range v.Texts() {
		item := v.Items()[i]
		switch {
		case name == "":
		case name != "certificate":
			item.MustBe("certificate")
		case a.peers.forms() == 0:
			item.Fail(`needs "peer" in the configuration: without it no certificate is a principal`)
		default:
			p |= ByCertificate
		}
	}
	return p
}

// Has reports whether the set has a proof.
func (p Proofs) Has(proof Proofs) bool { return p&proof != 0 }

// MetBy reports whether a caller has shown all of them.
func (p Proofs) MetBy(who *Principal) bool { return !p.Has(ByCertificate) || who.Peer != "" }
