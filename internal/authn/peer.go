package authn

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
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
	// Digest is the SHA-256 of the certificate in hexadecimal, "" without one. It
	// counts whether the certificate was validated or not: that the client has the
	// private key, TLS has shown (RFC 8705 section 2.2).
	Digest string
}

// thumbprint is the digest as tokens have it (RFC 8705 section 3.1), "" where
// there is none.
func (p Peer) thumbprint() string {
	sum, err := hex.DecodeString(p.Digest)
	if err != nil || len(sum) != sha256.Size {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// trustDomain pins the SPIFFE trust domain whose names mean something here.
type trustDomain string

func compileTrustDomain(v strictjson.Value) trustDomain {
	name := v.Object("trustDomain").Need("trustDomain")
	text := name.Text()
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" || len(text) > 255 {
		name.Fail("is a SPIFFE trust domain, such as cluster.local")
	}
	return trustDomain(text)
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
	_, path, _ := strings.Cut(strings.TrimPrefix(id, "spiffe://"), "/")
	rest, isNamespace := strings.CutPrefix(path, "ns/")
	name, rest, _ := strings.Cut(rest, "/")
	account, isAccount := strings.CutPrefix(rest, "sa/")
	if !isNamespace || !isAccount || account == "" || strings.Contains(account, "/") {
		return ""
	}
	return name
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
	for i, id := range r.peers {
		if id != "" && !d.holds(id) {
			o.Get("peers").Items()[i].Fail(`is no SPIFFE ID of the trust domain in "peer"`)
		}
	}
	seen := map[string]bool{}
	for i, into := range []*string{&r.subject, &r.email, &r.groups} {
		field := []string{"subject", "email", "groups"}[i]
		h := o.Get(field)
		if field == "subject" {
			h = o.Need(field)
		}
		if *into = h.Text(); h.Exists() && !headerForm(*into) {
			h.Fail("is no header name in lower case, without underscores")
		} else if seen[*into] {
			h.Fail("%q stands twice", *into)
		}
		seen[*into] = *into != ""
	}
	return r
}

// read makes the caller of the gateway's headers. found is false where the
// connection is not the gateway's, or it names nobody.
func (r *relay) read(peer string, pairs [][2]string) (p Principal, found bool, why reason.Reason) {
	if !slices.Contains(r.peers, peer) {
		return Principal{}, false, reason.Allowed
	}
	subject, named, twice := single(pairs, r.subject)
	email, addressed, twiceEmail := single(pairs, r.email)
	groups, _, twiceGroups := single(pairs, r.groups)
	switch {
	case twice || twiceEmail || twiceGroups:
		return Principal{}, true, reason.CredentialRepeated
	case !named:
		return Principal{}, false, reason.Allowed
	case subject == "", addressed && !addressForm(email):
		return Principal{}, true, reason.ClaimsInvalid
	}
	p = Principal{Issuer: r.name, Subject: subject, Email: email, ClaimedEmail: email}
	for name := range strings.SplitSeq(groups, ",") {
		if name = strings.Trim(name, " \t"); name != "" { // a list of RFC 9110 section 5.6.1
			p.Groups = append(p.Groups, name)
		}
	}
	return p, true, reason.Allowed
}

// single is the value of a header that stands once; name may be "".
func single(pairs [][2]string, name string) (value string, found, twice bool) {
	for i := range pairs {
		if name != "" && pairs[i][0] == name {
			if found {
				return "", true, true
			}
			value, found = pairs[i][1], true
		}
	}
	return value, found, false
}
