package authn

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// peerRules is the compiled "peer": which names of which certificates are principals. The
// zero value has none.
type peerRules struct {
	trustDomain  trustDomain
	dns          []string // names, "*." and a domain, or "*" alone
	subjects     []string // or "*" alone
	certificates []string // SHA-256, or "*" alone
	// proxies are the holders of certificates that say in x-forwarded-client-cert whose
	// request it is, by one of their names.
	proxies []string
	// appended is set if this proxy adds an element of its own to that header.
	appended bool
}

// compilePeer reads "peer".
func compilePeer(v strictjson.Value) (r peerRules) {
	o := v.Object("trustDomain", "dns", "subjects", "certificates", "forwardedBy")
	r.trustDomain = compileTrustDomainName(o.Get("trustDomain"))
	r.dns = readPeerNames(o.Get("dns"), isDNSPattern, `a DNS name in lower case, "*." and a domain, or "*"`)
	r.subjects = readPeerNames(o.Get("subjects"), IsSubject, `a subject as RFC 2253 writes it, such as CN=scorer,O=Example, or "*"`)
	r.certificates = readPeerNames(o.Get("certificates"), IsDigest, `the SHA-256 of a certificate, 64 digits of 0-9 and a-f, or "*"`)
	isForm := func(m strictjson.Member) bool { return m.Name != "forwardedBy" }
	if v.JSON().IsObject() && !slices.ContainsFunc(o.Members, isForm) {
		v.Fail(`needs "trustDomain", "dns", "subjects" or "certificates"`)
	}
	if f := o.Get("forwardedBy"); f.Exists() {
		f := f.Object("peers", "appended")
		r.proxies = r.readHolders(f.Need("peers"))
		if a := f.Get("appended"); a.Exists() {
			r.appended = a.Bool()
		}
	}
	return r
}

// readPeerNames reads a list of names, or "*" alone for any.
func readPeerNames(v strictjson.Value, ok func(string) bool, want string) []string {
	names := v.Texts()
	for i, name := range names {
		item := v.Items()[i]
		switch {
		case name == "": // reported
		case name == "*" && len(names) > 1:
			item.Fail(`must be alone: "*" is any`)
		case name != "*" && !ok(name):
			item.MustBe("%s", want)
		}
	}
	return names
}

// readHolders reads names of certificates, as members are written.
func (r *peerRules) readHolders(v strictjson.Value) []string {
	names := v.Texts()
	for i, name := range names {
		switch {
		case name == "" || r.names(name):
		case strings.HasPrefix(name, "spiffe:") && r.trustDomain == "":
			v.Items()[i].Fail(`needs its trust domain in "peer"`)
		case r.trustDomain != "" && r.forms() == FormSPIFFE:
			v.Items()[i].MustBe("a SPIFFE ID of the trust domain, such as spiffe://%s/ns/NAMESPACE/sa/SERVICE-ACCOUNT", string(r.trustDomain))
		default:
			v.Items()[i].MustBe(`a name that "peer" makes a principal, after spiffe:, dns:, subject: or certificate:`)
		}
	}
	return names
}

// CompilePeers reads names of certificates, as members are written, for IsHolder.
func (a *Authenticator) CompilePeers(v strictjson.Value) []string { return a.peers.readHolders(v) }

// forms returns the forms of names that are principals.
func (r *peerRules) forms() (f PeerForms) {
	if r.trustDomain != "" {
		f |= FormSPIFFE
	}
	if r.dns != nil {
		f |= FormDNS
	}
	if r.subjects != nil {
		f |= FormSubject
	}
	if r.certificates != nil {
		f |= FormDigest
	}
	return f
}

// names reports whether a name, as members are written, is one that a certificate could
// have as a principal.
func (r *peerRules) names(name string) bool {
	form, rest, _ := strings.Cut(name, ":")
	switch form {
	case "spiffe":
		return r.trustDomain.contains(name)
	case "dns":
		return IsDNSName(rest) && r.isDNS(rest)
	case "subject":
		return IsSubject(rest) && isListed(r.subjects, rest)
	case "certificate":
		return IsDigest(rest) && isListed(r.certificates, rest)
	}
	return false
}

func isDNSPattern(s string) bool { return IsDNSName(strings.TrimPrefix(s, "*.")) }

// IsSubject reports whether s can be a subject as RFC 2253 section 2 writes it, with every
// character that is not visible ASCII escaped: TYPE=VALUE, joined by "," or "+", without
// spaces around these and without an empty value. It catches other forms, such as
// OpenSSL's "CN = a, O = b" and "/O=b/CN=a".
func IsSubject(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	for s != "" {
		name, rest, ok := strings.Cut(s, "=")
		if !ok || !only(name, alphanumeric+".-") {
			return false
		}
		end := endOfValue(rest)
		value := rest[:end]
		if value == "" || value[0] == ' ' || strings.HasSuffix(value, " ") && !strings.HasSuffix(value, `\ `) {
			return false
		}
		if s = rest[end:]; s == "" {
			return true
		} else if s = s[1:]; s == "" {
			return false
		}
	}
	return false
}

// endOfValue returns the index of the first "," or "+" that is not escaped, or the length.
func endOfValue(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ',', '+':
			return i
		}
	}
	return len(s)
}

// PeerNeeds returns what Authenticate reads of the connection's certificate.
func (a *Authenticator) PeerNeeds() PeerNeeds {
	return PeerNeeds{
		Peer:    a.certificateBound || a.peers.forms() != 0,
		Subject: a.peers.subjects != nil, Certificate: a.peers.dns != nil,
	}
}

// PeerForms returns the forms of a certificate's names that identify callers.
func (a *Authenticator) PeerForms() PeerForms { return a.peers.forms() }

// HasTrustDomain reports whether the SPIFFE IDs of certificates identify callers.
func (a *Authenticator) HasTrustDomain() bool { return a.peers.trustDomain != "" }

// IsPeerName reports whether a certificate with this name, as members are written, is a
// principal by it.
func (a *Authenticator) IsPeerName(name string) bool { return a.peers.names(name) }

// Has reports whether the set has one of the forms.
func (f PeerForms) Has(forms PeerForms) bool { return f&forms != 0 }
