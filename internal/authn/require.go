package authn

import "github.com/modelgate/modelgate/internal/strictjson"

// Proofs are what a request must have beside its caller's credential. The zero value
// asks for nothing.
type Proofs uint8

const (
	ByCertificate Proofs = 1 << iota // a client certificate that is a principal
	BySignature                      // a signature of the request (RFC 9421)
)

// CompileProofs reads "require" of an issuer or a grant.
func (a *Authenticator) CompileProofs(v strictjson.Value) (p Proofs) {
	for i, name := range v.Texts() {
		item := v.Items()[i]
		switch {
		case name == "":
		case name != "certificate" && name != "signature":
			item.MustBe("certificate or signature")
		case name == "signature" && a != nil && !a.signatures:
			item.Fail(`needs "signatures" in the configuration: without it no signature counts`)
		case name == "signature":
			p |= BySignature
		case a != nil && a.peers.forms() == 0:
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
func (p Proofs) MetBy(who *Principal) bool {
	return (!p.Has(ByCertificate) || who.Peer != "") && (!p.Has(BySignature) || who.SignedBy != "")
}
