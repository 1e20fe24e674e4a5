package authn

import (
	"slices"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// What follows answers questions about all callers at once. A host has no use for it: its
// code is linked only where it is called.

// Shape is what an issuer reads in a credential, and what it asks for.
type Shape struct {
	Kind     CredentialKind
	Iss      []string // with Tenants, forms of it
	Tenants  []string
	Audience strictjson.Pointer
	// Audiences are those of which a token must have one; with AnyAudience it may have none.
	Audiences   []string
	AnyAudience bool
	Access      bool               // the token has what RFC 9068 asks of access tokens
	Address     strictjson.Pointer // nil if nothing tells an address
	Vouched     strictjson.Pointer // the claim that vouches for it; nil if none does
	VouchedBy   []strictjson.Result
	IsDomain    bool // the domain is that of the address
	Subject     []strictjson.Pointer
	Groups      []GroupsShape
	Pool        string
	Workforce   bool
	Attributes  []AttributeShape
	Required    []RequiredShape
	Cluster     bool
	TrustDomain string
	Require     Proofs
	RelayPeers  []string // the certificates of a gateway
	RelayEmail  bool     // it names addresses
	RelayGroups bool     // it names groups
}

// CredentialKind is what an issuer's callers show.
type CredentialKind uint8

// The kinds.
const (
	Tokens  CredentialKind = iota // signed tokens
	Relayed                       // headers of a gateway
	APIKeys                       // API keys
)

// GroupsShape is a claim with groups, and its form as it is configured.
type GroupsShape struct {
	Pointer strictjson.Pointer
	Form    string
}

// AttributeShape is a claim that is an attribute of the pool.
type AttributeShape struct {
	Name    string
	Pointer strictjson.Pointer
}

// RequiredShape is a claim that every token has; AnyOf is nil for any value.
type RequiredShape struct {
	Pointer strictjson.Pointer
	AnyOf   []strictjson.Result
}

// Shape returns the shape of the named issuer's credentials.
func (a *Authenticator) Shape(issuer string) (s Shape) {
	is := a.issuer(issuer)
	if is == nil {
		return s
	}
	s = Shape{Require: is.require, Iss: is.iss}
	switch {
	case is.relay != nil:
		s.Kind, s.RelayPeers = Relayed, is.relay.peers
		s.RelayEmail, s.RelayGroups = is.relay.email != "", is.relay.groups != ""
		s.Subject, s.Address = []strictjson.Pointer{{"subject"}}, strictjson.Pointer{"email"}
		s.Groups = []GroupsShape{{strictjson.Pointer{"groups"}, "list"}}
		return s
	case is.apiKeys != nil:
		s.Kind = APIKeys
		s.Subject, s.Address = []strictjson.Pointer{{"subject"}}, strictjson.Pointer{"email"}
		s.Groups = []GroupsShape{{strictjson.Pointer{"groups"}, "list"}}
		return s
	}
	for tenant := range is.tenants {
		s.Tenants = append(s.Tenants, tenant)
	}
	slices.Sort(s.Tenants)
	s.Audience, s.Audiences, s.AnyAudience, s.Access = is.audienceClaim, is.audiences, is.noAudience, is.typ != ""
	if s.Audience == nil {
		s.Audience = audClaim
	}
	r := &is.address
	s.Address, s.Vouched, s.VouchedBy, s.IsDomain = r.pointer, r.verified.pointer, r.verified.anyOf, r.isDomain
	if s.Subject = is.subject; s.Subject == nil {
		s.Subject = []strictjson.Pointer{subClaim}
	}
	for _, g := range is.groups {
		s.Groups = append(s.Groups, GroupsShape{g.pointer, g.form})
	}
	s.Pool, s.Workforce, s.Cluster, s.TrustDomain = is.pool, is.workforce, is.cluster, string(is.trustDomain)
	for _, m := range is.attributes {
		s.Attributes = append(s.Attributes, AttributeShape{m.name, m.pointer})
	}
	for _, r := range is.required {
		s.Required = append(s.Required, RequiredShape{r.pointer, r.anyOf})
	}
	return s
}

// CallerOf returns the caller that a credential of the named issuer makes, once its
// signature has been checked: of a token the document has the claims, of an API key its
// entry, and of a gateway's headers the members subject, email and groups. The document must
// be one that strictjson.Check accepts. claim is the JSON Pointer of the claim at fault.
func (a *Authenticator) CallerOf(issuer, document string, now time.Time) (p *Principal, why reason.Reason, claim string) {
	is, root := a.issuer(issuer), strictjson.Read(document)
	switch {
	case is == nil:
		return Nobody(), reason.IssuerUnknown, ""
	case is.relay != nil:
		return is.relay.callerOf(root)
	case is.apiKeys != nil:
		p := (&apiKey{entry: document}).principal(issuer)
		return &p, reason.Allowed, ""
	}
	var c claims
	root.ForEach(func(name, value strictjson.Result) bool {
		c = append(c, strictjson.Field{Name: name.Str, Value: value})
		return true
	})
	if v := c.get("iss"); len(is.iss) > 0 && !is.hasIss(v.Str) || v.Exists() && (v.Type != strictjson.String || v.Str == "") {
		return Nobody(), reason.IssuerUnknown, issClaim.String()
	}
	v := verification{issuer: is}
	if v.checkClaims(c, now); v.why != reason.Allowed {
		return Nobody(), v.why, v.claim
	}
	v.principal.Claims = root
	return &v.principal, reason.Allowed, ""
}

// callerOf returns the caller whom the headers name.
func (r *relay) callerOf(v strictjson.Result) (*Principal, reason.Reason, string) {
	subject, email, groups := v.Get("subject").Str, v.Get("email"), v.Get("groups")
	var named Untold
	if email.Exists() {
		named |= UntoldAddress
	}
	list, _ := stringList(groups)
	if groups.Exists() {
		named |= UntoldGroups
	}
	switch {
	case email.Exists() && (r.email == "" || !isEmailAddress(email.Str)):
		return Nobody(), reason.ClaimsInvalid, "/email"
	case groups.Exists() && r.groups == "":
		return Nobody(), reason.ClaimsInvalid, "/groups"
	case subject == "":
		return Nobody(), reason.ClaimsInvalid, "/subject"
	}
	p := r.principalOf(subject, email.Str, strings.Join(list, ","), named)
	return &p, reason.Allowed, ""
}

// KeyEntries returns the entries of an issuer's API keys that are good at a time, in configured
// order; ok is false if they are published and not known.
func (a *Authenticator) KeyEntries(keys *Keys, issuer string, now time.Time) (entries []string, ok bool) {
	is := a.issuer(issuer)
	if is == nil || is.apiKeys == nil || keys.sets[is.index] == nil {
		return nil, false
	}
	for _, k := range keys.sets[is.index].apiKeys.keys {
		if k.entry != "" && k.period.Contains(now) {
			entries = append(entries, k.entry)
		}
	}
	return entries, true
}

// PeerShape is what names of client certificates are principals.
type PeerShape struct {
	TrustDomain                 string
	DNS, Subjects, Certificates []string // or "*" alone
	Proxies                     []string // certificates of those who name the certificate of another
}

// PeerShape returns what "peer" configures.
func (a *Authenticator) PeerShape() PeerShape {
	r := &a.peers
	return PeerShape{string(r.trustDomain), r.dns, r.subjects, r.certificates, r.proxies}
}

// HolderOf returns how rules know a validated certificate. untold has the forms of names of which
// the certificate may have more than are given: a host that has no sight of it cannot tell its DNS
// names, and a proxy that says whose request it is may leave out any form.
func (a *Authenticator) HolderOf(uri string, dns []string, subject, digest string, untold PeerForms) Holder {
	return a.peers.holderOf(&certificate{uri: uri, dns: dns, subject: subject, digest: digest, untold: untold})
}

// IsOneOf reports whether the holder has one of the names.
func (h *Holder) IsOneOf(names []string) bool { return h.isOneOf(names) }

// TakesSignatures reports whether requests may be signed.
func (a *Authenticator) TakesSignatures() bool { return a.signatures }
