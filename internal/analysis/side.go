package analysis

import (
	"slices"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/inference"
)

// Side is one configuration that is asked about, at one time.
type Side struct {
	issuers *authn.Authenticator
	routes  *inference.Routes
	policy  *authz.Policy
	keys    *authn.Keys
	gate    *gate.Gate
	now     time.Time
	terms   []authz.Term // of all rules, whatever they are on
}

// NewSide returns a side for a compiled configuration. Rules in shadow are as they are now.
func NewSide(g *gate.Gate, now time.Time) *Side {
	s := &Side{gate: g, now: now, keys: g.Keys()}
	s.issuers, s.routes, s.policy = g.Parts()
	s.policy.AllTerms(func(t authz.Term) { s.terms = append(s.terms, t) })
	slices.SortStableFunc(s.terms, authz.CompareTerms)
	s.terms = slices.CompactFunc(s.terms, func(a, b authz.Term) bool { return authz.CompareTerms(a, b) == 0 })
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
	Unseen   bool     // the host does not show the certificate, and nothing tells its DNS names
	Via      string   // the certificate of the proxy that names the caller's; "" for none
	Signed   bool     // the request has a signature that covers it all
}

// Principal returns the caller as the side knows it; nil if its credential is refused.
func (s *Side) Principal(c *Caller) *authn.Principal {
	p := &authn.Principal{}
	holder := s.issuers.HolderOf(c.URI, c.DNS, c.Subject, c.Digest, c.Unseen)
	connection := holder
	if c.Via != "" {
		connection = s.proxy(c.Via)
		holder.Via = &connection
	}
	peer := s.issuers.PeerShape()
	if known := connection.IsOneOf(peer.Proxies); known != (c.Via != "") {
		return nil
	}
	if c.Issuer != "" {
		sh := s.issuers.Shape(c.Issuer)
		found, why, _ := s.issuers.CallerOf(c.Issuer, c.Document, s.now)
		if why.Refuses() {
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

// proxy returns the holder of a certificate by one name, as members are written.
func (s *Side) proxy(name string) authn.Holder {
	form, rest := splitName(name)
	switch form {
	case "dns":
		return s.issuers.HolderOf("", []string{rest}, "", "", false)
	case "subject":
		return s.issuers.HolderOf("", nil, rest, "", false)
	case "certificate":
		return s.issuers.HolderOf("", nil, "", rest, false)
	}
	return s.issuers.HolderOf(name, nil, "", "", false)
}

// Now returns the time at which the side is asked.
func (s *Side) Now() time.Time { return s.now }
