package authn

import (
	"crypto/sha256"
	"slices"
	"strings"
	"unsafe"

	"github.com/modelgate/modelgate/internal/reason"
)

// Holder is how rules know who holds the client certificate of a request. The zero value
// is a request without one.
type Holder struct {
	// Peer is the first name of the validated certificate that "peer" makes a principal,
	// as members are written: spiffe://…, dns:…, subject:… or certificate:…. It is "" if
	// there is none. It is independent of the token: either may be there without the other.
	Peer string
	// PeerNames are its other such names.
	PeerNames []string
	// PeerUntold has the forms of names of which the certificate may have more than are
	// known. Such a name grants nothing, and a deny of one applies.
	PeerUntold PeerForms
	// Via is the holder of the connection's own certificate where that is a proxy which
	// says whose request it is; nil otherwise.
	Via *Holder

	digest string // SHA-256 of the certificate in hexadecimal, of one that was not validated too
}

// PeerForms is a set of forms of a certificate's names.
type PeerForms uint8

// The forms, each by its prefix in members.
const (
	FormSPIFFE  PeerForms = 1 << iota // spiffe: and namespace:
	FormDNS                           // dns:
	FormSubject                       // subject:
	FormDigest                        // certificate:
)

// certificate is what is known of a client certificate.
type certificate struct {
	uri             string   // its only URI SAN
	dns             []string // DNS SANs, in lower case
	subject, digest string
	untold          PeerForms
}

// IsToken reports whether a caller is known by a token alone, if at all.
func (h *Holder) IsToken() bool { return h.Peer == "" && h.PeerUntold == 0 && h.Via == nil }

// IsHolder reports whether the connection's certificate has one of the names. What a proxy
// says of other certificates does not count.
func (a *Authenticator) IsHolder(p *Peer, names []string) bool {
	h := a.peers.holderOfConnection(p)
	return h.isOneOf(names)
}

// isOneOf reports whether one of the holder's names is in a list.
func (h *Holder) isOneOf(list []string) bool {
	return h.Peer != "" && (slices.Contains(list, h.Peer) ||
		slices.ContainsFunc(h.PeerNames, func(name string) bool { return slices.Contains(list, name) }))
}

// detach returns a holder that shares no memory with the request. A digest has done its work
// by then.
func (h *Holder) detach() *Holder {
	own := Holder{Peer: strings.Clone(h.Peer), PeerNames: slices.Clone(h.PeerNames), PeerUntold: h.PeerUntold}
	for i, name := range own.PeerNames {
		own.PeerNames[i] = strings.Clone(name)
	}
	if h.Via != nil {
		own.Via = h.Via.detach()
	}
	return &own
}

// bytes is the size of the names.
func (h *Holder) bytes() int {
	n := len(h.Peer) + cap(h.PeerNames)*int(unsafe.Sizeof(""))
	for _, name := range h.PeerNames {
		n += len(name)
	}
	if h.Via != nil {
		n += int(unsafe.Sizeof(*h)) + h.Via.bytes()
	}
	return n
}

func (h *Holder) add(prefix, name string) {
	if h.Peer == "" {
		h.Peer = prefix + name
		return
	}
	h.PeerNames = append(h.PeerNames, prefix+name)
}

// holder returns who holds the certificate of a request, and who that of the connection.
// They differ if the connection is that of a proxy that speaks for others.
func (r *peerRules) holder(pairs [][2]string, p *Peer) (caller, connection Holder, why reason.Reason) {
	connection = r.holderOfConnection(p)
	if r.proxies == nil || !connection.isOneOf(r.proxies) {
		return connection, connection, reason.Allowed
	}
	c, ok := r.forwarded(pairs, p.Digest)
	if !ok {
		return Holder{}, connection, reason.CertificateInvalid
	}
	caller, via := r.holderOf(&c), connection // a copy: of other requests nothing is on the heap
	caller.Via = &via
	return caller, connection, reason.Allowed
}

func (r *peerRules) holderOfConnection(p *Peer) Holder {
	if !p.Validated {
		return Holder{digest: p.Digest}
	}
	c := certificate{uri: p.URI, subject: p.Subject, digest: p.Digest}
	if r.dns != nil && !c.readNames(p.Certificate) {
		c.untold = FormDNS // the host does not show the certificate
	}
	return r.holderOf(&c)
}

// holderOf returns the names of a certificate that are principals.
func (r *peerRules) holderOf(c *certificate) (h Holder) {
	h.digest, h.PeerUntold = c.digest, c.untold&r.forms()
	if r.trustDomain.contains(c.uri) {
		h.add("", c.uri)
	}
	for _, name := range c.dns {
		if r.isDNS(name) {
			h.add("dns:", name)
		}
	}
	for _, listed := range r.subjects {
		switch {
		case c.subject == "":
		case c.subject == listed, listed == "*":
			h.add("subject:", c.subject)
		case strings.EqualFold(c.subject, listed): // the same name (X.520, caseIgnoreMatch)
			h.PeerUntold |= FormSubject
		}
	}
	if IsDigest(c.digest) && isListed(r.certificates, c.digest) {
		h.add("certificate:", c.digest)
	}
	return h
}

func isListed(list []string, name string) bool {
	return slices.Contains(list, name) || len(list) == 1 && list[0] == "*"
}

// isDNS reports whether a DNS name is one that the configuration lists. "*." stands for
// exactly one label (RFC 9525 section 6.3).
func (r *peerRules) isDNS(name string) bool {
	_, parent, _ := strings.Cut(name, ".")
	return isListed(r.dns, name) || parent != "" && slices.Contains(r.dns, "*."+parent)
}

// IsDigest reports whether s is a SHA-256 in hexadecimal, in lower case.
func IsDigest(s string) bool { return len(s) == 2*sha256.Size && only(s, digits+"abcdef") }

// IsDNSName reports whether s is a DNS name in lower case: labels of letters, digits,
// hyphens and underscores (RFC 1034 section 3.5, and what certificates have beside it).
func IsDNSName(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if !only(label, lowerAlphanumeric+"-_") || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return len(s) <= 253
}
