package analysis

import (
	"slices"
	"strings"

	"github.com/go-air/gini/z"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
)

// peerSlots are the names of a client certificate. Where no side reads certificates there
// are none.
type peerSlots struct{ uri, dns, subject, digest, via *slot }

func (p *peerSlots) all() (list []*slot) {
	for _, s := range []*slot{p.uri, p.dns, p.subject, p.digest, p.via} {
		if s != nil {
			list = append(list, s)
		}
	}
	return list
}

// forms lists the slots of names with their forms.
func (p *peerSlots) forms() []formSlot {
	return []formSlot{
		{authn.FormSPIFFE, p.uri, func(c *Caller, name string) { c.URI = name }},
		{authn.FormDNS, p.dns, func(c *Caller, name string) { c.DNS = append(c.DNS, name) }},
		{authn.FormSubject, p.subject, func(c *Caller, name string) { c.Subject = name }},
		{authn.FormDigest, p.digest, func(c *Caller, name string) { c.Digest = name }},
	}
}

type formSlot struct {
	form authn.PeerForms
	*slot
	add func(c *Caller, name string)
}

// unlistedDigest and unlistedSubject are of a certificate that no rule mentions.
var unlistedDigest = strings.Repeat("0", 64)

const unlistedSubject = "CN=" + filler

// describePeers makes the slots of the certificate.
func (sp *space) describePeers(more []authz.Member) {
	if !slices.ContainsFunc(sp.sides, func(s *Side) bool { return s.issuers.PeerForms() != 0 }) {
		return
	}
	p := &sp.peer
	p.uri, p.dns, p.subject, p.digest, p.via = &slot{}, &slot{}, &slot{}, &slot{}, &slot{}
	for _, s := range p.all() {
		s.addKind(kind{})
	}
	p.dns.addKind(kind{list: inWords})
	for _, s := range []*slot{p.uri, p.dns, p.subject, p.digest} {
		s.addKind(kind{elsewhere: true}) // nobody tells whether there are more
	}
	p.dns.addKind(kind{list: inWords, elsewhere: true})
	p.dns.addBit(inWords, filler+".example")
	p.subject.addKind(kind{raw: unlistedSubject})
	p.digest.addKind(kind{raw: unlistedDigest})
	for _, s := range sp.sides {
		shape := s.issuers.PeerShape()
		if shape.TrustDomain != "" {
			p.uri.addKind(kind{raw: "spiffe://" + shape.TrustDomain + "/" + filler})
		}
		for _, name := range shape.DNS {
			p.dns.addBit(inWords, strings.Replace(name, "*", filler, 1))
		}
		p.addNames(shape.Subjects, p.subject)
		p.addNames(shape.Certificates, p.digest)
		for _, proxy := range shape.Proxies {
			p.via.addKind(kind{raw: proxy})
			p.addName(proxy)
		}
		for _, issuer := range s.issuers.IssuerNames() {
			for _, name := range s.shape(issuer).RelayPeers {
				p.addName(name)
			}
		}
		for i := range s.all {
			p.addMember(s.all[i].Member, shape.TrustDomain)
		}
		for _, m := range more {
			p.addMember(m, shape.TrustDomain)
		}
	}
}

func (p *peerSlots) addNames(list []string, s *slot) {
	for _, name := range list {
		if name == "*" {
			continue
		}
		s.addKind(kind{raw: name})
		if s == p.subject {
			for _, other := range spellings(name) {
				s.addKind(kind{raw: other})
			}
		}
	}
}

// addName adds a certificate's name as members are written.
func (p *peerSlots) addName(name string) {
	switch form, rest := splitName(name); form {
	case "spiffe":
		p.uri.addKind(kind{raw: name})
	case "dns":
		p.dns.addBit(inWords, rest)
	case "subject":
		p.addNames([]string{rest}, p.subject)
	case "certificate":
		p.digest.addKind(kind{raw: rest})
	}
}

func (p *peerSlots) addMember(m authz.Member, trustDomain string) {
	switch {
	case m.Fact() != authz.Certificate || m.Untold():
	case m.IsNamespace():
		p.uri.addKind(kind{raw: "spiffe://" + trustDomain + "/ns/" + m.Name() + "/sa/" + filler})
	case m.IsAccount():
		p.uri.addKind(kind{raw: "spiffe://" + trustDomain + "/ns/" + m.Name()})
	default:
		p.addName(m.Name())
	}
}

// part is a choice for one slot of the certificate, and the caller with it alone.
type part struct {
	lit    z.Lit
	caller Caller
}

// parts lists what each choice for one slot of the certificate adds to it.
func (sp *space) parts() (list []part) {
	if sp.peer.uri == nil {
		return nil
	}
	for _, f := range sp.peer.forms() {
		named := func(name string, lit z.Lit) {
			x := part{lit: lit}
			f.add(&x.caller, name)
			list = append(list, x)
		}
		for k, of := range f.kinds {
			if of.raw != "" {
				named(of.raw, f.chosen[k])
			}
			if of.elsewhere {
				list = append(list, part{f.chosen[k], Caller{Untold: f.form}})
			}
		}
		for i, b := range f.bits {
			named(b.text, f.set[i])
		}
	}
	return list
}

// holder returns the holder of a certificate with the names of a caller.
func (s *Side) holder(c *Caller) authn.Holder {
	return s.issuers.HolderOf(c.URI, c.DNS, c.Subject, c.Digest, c.Untold)
}

// peerWhere returns where a part of the certificate makes ok true.
func (sp *space) peerWhere(side int, ok func(*authn.Holder) bool) z.Lit {
	found := sp.F
	for _, of := range sp.parts() {
		h := sp.sides[side].holder(&of.caller)
		if ok(&h) {
			found = sp.Or(found, of.lit)
		}
	}
	return found
}

// viaWhere returns where the proxy that names the caller's certificate makes ok true.
func (sp *space) viaWhere(side int, ok func(*authn.Holder) bool) z.Lit {
	found := sp.F
	if sp.peer.via == nil {
		return found
	}
	for k, kind := range sp.peer.via.kinds[1:] {
		h := sp.sides[side].proxy(kind.raw)
		if ok(&h) {
			found = sp.Or(found, sp.peer.via.chosen[k+1])
		}
	}
	return found
}

func (sp *space) hasPeer(side int) z.Lit {
	return sp.peerWhere(side, func(h *authn.Holder) bool { return h.Peer != "" })
}

// peerValidity says which certificates a side accepts beside the credential: a proxy names
// another's, and a gateway's headers need the gateway's.
func (sp *space) peerValidity(side int, sh *authn.Shape) z.Lit {
	shape := sp.sides[side].issuers.PeerShape()
	isVia := sp.F
	if sp.peer.via != nil {
		isVia = sp.peer.via.chosen[0].Not()
	}
	isProxy := func(h *authn.Holder) bool { return h.IsOneOf(shape.Proxies) }
	valid := sp.Choice(isVia, sp.viaWhere(side, isProxy), sp.peerWhere(side, isProxy).Not())
	if sh != nil && sh.Kind == authn.Relayed {
		isGateway := func(h *authn.Holder) bool { return h.IsOneOf(sh.RelayPeers) }
		valid = sp.And(valid, sp.Choice(isVia, sp.viaWhere(side, isGateway), sp.peerWhere(side, isGateway)))
	}
	if sp.peer.uri == nil {
		return valid
	}
	for _, f := range sp.peer.forms() {
		for k, of := range f.kinds {
			if of.elsewhere && !mayHide(&shape, f.form) {
				valid = sp.And(valid, sp.Or(isVia, f.chosen[k].Not()))
			}
		}
	}
	if isAnyDigest(&shape) { // whoever has a certificate has a digest
		none := sp.Ands(sp.peer.uri.chosen[0], sp.peer.dns.chosen[0], sp.peer.subject.chosen[0])
		valid = sp.And(valid, sp.Or(none, sp.peer.digest.chosen[0].Not()))
	}
	return valid
}

// mayHide reports whether the certificate of the connection itself may have more names of a form than
// are told: DNS names that are patterns or that the host does not show, and several URIs. Both
// are read where DNS names are principals.
func mayHide(shape *authn.PeerShape, f authn.PeerForms) bool {
	return shape.DNS != nil && (f == authn.FormDNS || f == authn.FormSPIFFE)
}

// isAnyDigest reports whether each certificate is a principal.
func isAnyDigest(shape *authn.PeerShape) bool { return slices.Contains(shape.Certificates, "*") }
