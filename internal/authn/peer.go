package authn

import (
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Peer is the client certificate of the connection, as the host knows it.
type Peer struct {
	URI string // its first URI SAN; SPIFFE has it be the only one (X.509-SVID section 2)
	// Validated says that the host checked the certificate against its trusted
	// authorities. A certificate that was only presented makes nobody of anyone.
	Validated bool
}

// trustDomain pins the SPIFFE trust domain whose names mean something here.
type trustDomain string

func compileTrustDomain(v strictjson.Value) trustDomain {
	name := v.Object("trustDomain").Need("trustDomain")
	if name.Exists() && strings.Trim(name.Text(), "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" {
		name.Fail("is a SPIFFE trust domain, such as cluster.local")
	}
	return trustDomain(name.Text())
}

// identify is the SPIFFE ID of a validated certificate of the trust domain, or
// "": in every other case the connection has no identity.
func (d trustDomain) identify(p Peer) string {
	if !p.Validated || !d.holds(p.URI) {
		return ""
	}
	return p.URI
}

// holds reports whether s is a SPIFFE ID with a path in the trust domain
// (SPIFFE-ID section 2): segments of letters, digits, dots, hyphens and
// underscores, none of them empty or made of dots.
func (d trustDomain) holds(s string) bool {
	path, ok := strings.CutPrefix(s, "spiffe://"+string(d)+"/")
	if !ok || d == "" || len(s) > 2048 {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
		for i := 0; i < len(segment); i++ {
			c := segment[i]
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return true
}

// PeerNamespace is the namespace of a SPIFFE ID in the form that Istio gives
// them, spiffe://<trust domain>/ns/<namespace>/sa/<service account>, or "".
func PeerNamespace(id string) string {
	parts := strings.Split(strings.TrimPrefix(id, "spiffe://"), "/")
	if len(parts) != 5 || parts[1] != "ns" || parts[3] != "sa" {
		return ""
	}
	return parts[2]
}

// relay is an issuer that is no signer: a gateway in front of this proxy that
// has verified the caller itself and says so in headers. They count only on a
// connection from one of its peers; from anyone else they are what a client
// made up, and never reach the upstream.
type relay struct {
	name                   string
	peers                  []string
	subject, email, groups string // header names; email and groups may be ""
}

func compileRelay(v strictjson.Value, name string, d trustDomain) *relay {
	o := v.Object("peers", "subject", "email", "groups")
	r := &relay{name: name, peers: o.Need("peers").Texts()}
	for i, item := range o.Get("peers").Items() {
		if !d.holds(r.peers[i]) {
			item.Fail(`is no SPIFFE ID of the trust domain in "peer"`)
		}
	}
	for i, into := range []*string{&r.subject, &r.email, &r.groups} {
		field := []string{"subject", "email", "groups"}[i]
		h := o.Get(field)
		if field == "subject" {
			h = o.Need(field)
		}
		if *into = h.Text(); h.Exists() && !headerForm.MatchString(*into) {
			h.Fail("is no header name in lower case, without underscores")
		}
	}
	return r
}

// read makes the caller of the gateway's headers. found is false where the
// connection is not the gateway's, or it names nobody.
func (r *relay) read(peer string, pairs [][2]string) (p Principal, found bool, why reason.Reason) {
	trusted := false
	for _, known := range r.peers {
		trusted = trusted || known == peer
	}
	if !trusted {
		return Principal{}, false, reason.Allowed
	}
	var groups string
	seen := map[string]bool{}
	for i := range pairs {
		name, value := pairs[i][0], pairs[i][1]
		switch name {
		case "":
			continue
		case r.subject:
			p.Subject = value
		case r.email:
			p.Email = value
		case r.groups:
			groups = value
		default:
			continue
		}
		if seen[name] {
			return Principal{}, true, reason.CredentialRepeated
		}
		seen[name] = true
	}
	switch {
	case !seen[r.subject]:
		return Principal{}, false, reason.Allowed
	case p.Subject == "", seen[r.email] && !addressForm(p.Email):
		return Principal{}, true, reason.ClaimsInvalid
	}
	if groups != "" {
		p.Groups = strings.Split(groups, ",")
	}
	p.Issuer = r.name
	return p, true, reason.Allowed
}
