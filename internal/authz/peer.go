package authz

import (
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
)

// peerForm is a form of a certificate's names.
type peerForm struct {
	prefix string // of its members
	form   authn.PeerForms
	field  string // of "peer"
}

var peerForms = [...]peerForm{
	{"spiffe", authn.FormSPIFFE, "trustDomain"}, {"dns", authn.FormDNS, "dns"},
	{"subject", authn.FormSubject, "subjects"}, {"certificate", authn.FormDigest, "certificates"},
}

// peerForm returns the form of the name by which a certificate is this member.
func (m member) peerForm() *peerForm {
	for i := range peerForms {
		if m.kind == certificate && strings.HasPrefix(m.name, peerForms[i].prefix+":") {
			return &peerForms[i]
		}
	}
	return &peerForms[0] // spiffe:, namespace:, and serviceAccount: of Kubernetes
}

// mustBeName returns what the name of a certificate must be after a prefix, or "" if it is.
func mustBeName(prefix, name string) (mustBe string) {
	switch {
	case prefix == "dns" && !authn.IsDNSName(name):
		return "dns: and a DNS name in lower case"
	case prefix == "subject" && !authn.IsSubject(name):
		return "subject: and a subject as RFC 2253 writes it, such as subject:CN=scorer,O=Example"
	case prefix == "certificate" && !authn.IsDigest(name):
		return "certificate: and the SHA-256 of a certificate, 64 digits of 0-9 and a-f"
	}
	return ""
}

// peerMembersOf calls yield with each member that a caller is by its certificate. For a
// deny, that includes a certificate that a proxy holds on the caller's behalf, and one that
// may have names which nobody has told.
func (t *table) peerMembersOf(h *authn.Holder, yield func(member)) {
	if h.Peer != "" {
		t.peerMembersNamed(h.Peer, yield)
		for _, name := range h.PeerNames {
			t.peerMembersNamed(name, yield)
		}
	}
	if !t.doubts {
		return
	}
	for _, f := range peerForms {
		if h.PeerUntold.Has(f.form) {
			yield(member{kind: untoldCertificate, name: f.prefix})
		}
	}
	if h.Via != nil {
		t.peerMembersOf(h.Via, yield)
	}
}

func (t *table) peerMembersNamed(name string, yield func(member)) {
	if strings.HasPrefix(name, "spiffe:") {
		yield(member{kind: spiffe, name: name})
		yield(member{kind: namespace, name: authn.PeerNamespace(name)})
		yield(member{kind: account, name: authn.PeerAccount(name)})
		return
	}
	m := member{kind: certificate, name: name}
	if t.doubts {
		m = m.lowerCase()
	}
	yield(m)
}

// checkCertificate adds the problem with a name that no certificate of the rule can have.
func (c *compiler) checkCertificate(r *rule, id identifier) {
	switch f := id.peerForm(); {
	case !r.peer && !r.denies:
		id.at.Fail(`needs a grant with "peer": true, because only a certificate has such a name`)
	case !c.issuers.PeerForms().Has(f.form):
		id.at.Fail("needs %q in the configuration's \"peer\"", f.field)
	default:
		id.at.MustBe("a name in %q of \"peer\"", f.field)
	}
}
