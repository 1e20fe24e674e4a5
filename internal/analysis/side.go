package analysis

import (
	"slices"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Side is one configuration that is asked about, at one time. It is for one goroutine.
type Side struct {
	issuers *authn.Authenticator
	routes  *inference.Routes
	policy  *authz.Policy
	keys    *authn.Keys
	gate    *gate.Gate
	now     time.Time
	all     []authz.Term            // of all rules, whatever they are on
	shapes  map[string]*authn.Shape // by issuer
	asked   map[Question]asked
}

// asked has the terms that could apply to a question.
type asked struct{ denies, grants []authz.Term }

// NewSide returns a side for a compiled configuration. Rules in shadow are as they are now.
func NewSide(g *gate.Gate, now time.Time) *Side {
	s := &Side{gate: g, now: now, keys: g.Keys(), shapes: map[string]*authn.Shape{}, asked: map[Question]asked{}}
	s.issuers, s.routes, s.policy = g.Parts()
	s.policy.AllTerms(func(t authz.Term) { s.all = append(s.all, t) })
	slices.SortStableFunc(s.all, authz.CompareTerms)
	s.all = slices.CompactFunc(s.all, func(a, b authz.Term) bool { return authz.CompareTerms(a, b) == 0 })
	return s
}

// Question is a verb on a model. Protocol is that of the route by which the model is asked
// for, where a version may be a label; otherwise it does not matter and is "".
type Question struct {
	Verb     inference.Verb
	Model    inference.Model
	Protocol string
}

func (q *Question) call() *inference.Call {
	return &inference.Call{Verb: q.Verb, Models: []inference.Model{q.Model}, Protocol: q.Protocol}
}

// reaches reports whether some route may lead to the model's service.
func (s *Side) reaches(m inference.Model) bool {
	return s.routes.Reaches(inference.Pattern{Segments: []string{m.Namespace, m.Service}})
}

// shape returns the shape of an issuer's credentials.
func (s *Side) shape(issuer string) *authn.Shape {
	sh := s.shapes[issuer]
	if sh == nil {
		of := s.issuers.Shape(issuer)
		sh = &of
		s.shapes[issuer] = sh
	}
	return sh
}

// terms returns the denies and the grants that could apply to a question.
func (s *Side) terms(q Question) (denies, grants []authz.Term) {
	a, known := s.asked[q]
	if !known {
		a.denies, a.grants = s.policy.Terms(s.now, q.Verb, q.Model, q.Protocol)
		s.asked[q] = a
	}
	return a.denies, a.grants
}

// decide asks the policy itself.
func (s *Side) decide(who *authn.Principal, q Question) authz.Decision {
	if !s.reaches(q.Model) {
		return authz.Decision{}
	}
	return s.policy.Decide(s.now, who, q.call())
}

// allows reports whether a caller may.
func (s *Side) allows(who *authn.Principal, q Question) bool {
	return who != nil && s.decide(who, q).Effect == authz.Allow
}

// issuerNames lists the issuers of all sides, each once, after "" for callers without any.
func issuerNames(sides []*Side) []string {
	names := []string{""}
	for _, s := range sides {
		for _, name := range s.issuers.IssuerNames() {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// Caller is a caller as a credential makes it.
type Caller struct {
	Issuer   string   // the configured name; "" for a caller without a token
	Document string   // the claims, the entry of the API key, or what a gateway names; "" without a token
	URI      string   // of the client certificate
	DNS      []string // the same
	Subject  string   // the same
	Digest   string   // the same: its SHA-256
	// Untold has the forms of names of which the certificate may have more than are told: the host
	// does not show it, or the proxy that names it leaves them out.
	Untold authn.PeerForms
	Via    string // the certificate of the proxy that names the caller's; "" for none
	Signed bool   // the request has a signature that covers it all
}

// Principal returns the caller as the side knows it; nil if its credential is refused.
func (s *Side) Principal(c *Caller) *authn.Principal {
	p := &authn.Principal{}
	holder := s.holder(c)
	connection := holder
	if c.Via != "" {
		connection = s.proxy(c.Via)
		holder.Via = &connection
	}
	peer := s.issuers.PeerShape()
	if known := connection.IsOneOf(peer.Proxies); known != (c.Via != "") || !isPossible(&peer, c) {
		return nil
	}
	if c.Issuer != "" {
		sh := s.shape(c.Issuer)
		found := s.callerOf(c.Issuer, c.Document)
		if found == nil {
			return nil
		}
		*p = *found
		switch {
		case sh.Kind == authn.Relayed && !connection.IsOneOf(sh.RelayPeers):
			return nil
		case sh.Require.Has(authn.ByCertificate) && holder.Peer == "", sh.Require.Has(authn.BySignature) && !c.Signed:
			return nil
		}
	}
	p.Holder = holder
	if c.Signed {
		p.SignedBy = "any"
	}
	return p
}

// callerOf returns the caller whom a document makes; nil if the credential is refused. Of an API key
// the document only says which key it is, where the configuration has the keys.
func (s *Side) callerOf(issuer, document string) *authn.Principal {
	if s.shape(issuer).Kind == authn.APIKeys {
		if entries, known := s.issuers.KeyEntries(s.keys, issuer, s.now); known {
			i := slices.IndexFunc(entries, func(e string) bool { return digestIn(e) == digestIn(document) })
			if i < 0 {
				return nil
			}
			document = entries[i]
		}
	}
	p, why, _ := s.issuers.CallerOf(issuer, document, s.now)
	if why.Refuses() {
		return nil
	}
	return p
}

// digestIn returns the digest in the entry of an API key.
func digestIn(entry string) string { return strictjson.Read(entry).Get("sha256").Str }

// isPossible reports whether a certificate can be told of as it is.
func isPossible(peer *authn.PeerShape, c *Caller) bool {
	for _, f := range []authn.PeerForms{authn.FormSPIFFE, authn.FormDNS, authn.FormSubject, authn.FormDigest} {
		if c.Via == "" && c.Untold.Has(f) && !mayHide(peer, f) {
			return false
		}
	}
	hasDigest := c.Digest != "" || c.Untold.Has(authn.FormDigest)
	return hasDigest || !isAnyDigest(peer) || c.URI == "" && c.DNS == nil && c.Subject == "" && c.Untold == 0
}

// proxy returns the holder of a certificate by one name, as members are written.
func (s *Side) proxy(name string) authn.Holder {
	form, rest := splitName(name)
	switch form {
	case "dns":
		return s.issuers.HolderOf("", []string{rest}, "", "", 0)
	case "subject":
		return s.issuers.HolderOf("", nil, rest, "", 0)
	case "certificate":
		return s.issuers.HolderOf("", nil, "", rest, 0)
	}
	return s.issuers.HolderOf(name, nil, "", "", 0)
}

// Now returns the time at which the side is asked.
func (s *Side) Now() time.Time { return s.now }
