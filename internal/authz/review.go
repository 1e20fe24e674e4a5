package authz

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/phrase"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Review collects warnings of rules that may not do what their author expects. A host has
// no use for it: its code is linked only where NewReview is called.
type Review struct {
	visit    func(*compiler, ruleKind, *rule)
	warnings strictjson.Problems
	shadows  []shadow
	scopes   []AskedScopes
}

// AskedScopes is a condition of a grant: one of the scopes is enough.
type AskedScopes struct {
	Grant  string
	Scopes []string
}

// Scopes returns what the grants ask for by their conditions on scopes.
func (w *Review) Scopes() []AskedScopes { return w.scopes }

// NewReview returns a Review for Config.
func NewReview() *Review { return &Review{visit: (*compiler).reviewRule} }

// ruleKind is how a warning calls a rule.
type ruleKind string

const (
	aGrant   ruleKind = "grant"
	aDeny    ruleKind = "deny"
	aBinding ruleKind = "binding of"
)

func (k ruleKind) String() string { return string(k) }

// shadow is a rule in shadow: its end in seconds since 1970, and what the rule does since
// then.
type shadow struct {
	at          string // its place, as a JSON Pointer
	rule, since string
	until       int64
}

// review tells the Review of a rule, if there is one.
func (c *compiler) review(kind ruleKind, r *rule) {
	if c.reviewer != nil {
		c.reviewer.visit(c, kind, r)
	}
}

func (c *compiler) reviewRule(kind ruleKind, r *rule) {
	switch kind {
	case aGrant:
		c.reviewGroups(r)
		c.reviewAddress(r)
		c.reviewCapitals(r)
		c.reviewConditions(kind, r)
		c.reviewShadow(kind, r, "the grant grants nothing since then; leave it out, or its \"shadow\"")
	case aDeny:
		c.reviewDeny(r)
		c.reviewConditions(kind, r)
		c.reviewShadow(kind, r, "the deny denies since then; leave its \"shadow\" out")
	}
	for i, p := range r.models {
		if p.Version != "" && kind != aDeny && len(p.Segments) > 2 && c.routes.AsksNoVersion(p) {
			c.warn(r.part("models", i), "%s %q is on a version, which no request of its routes names: if %q is a part of the model's name, write %q",
				kind, r.name, "@"+p.Version, "@@"+p.Version)
		}
		if len(p.Segments) > 1 && !c.routes.Reaches(p) {
			c.warn(r.part("models", i), "%s %q is on the service %s/%s, to which no route leads", kind, r.name, p.Segments[0], p.Segments[1])
		}
	}
}

// warn adds a warning about a place, which is a JSON Pointer.
func (c *compiler) warn(at, format string, args ...any) {
	c.reviewer.warnings = append(c.reviewer.warnings, strictjson.Problem{Pointer: at, Message: phrase.Sprintf(format, args...)})
}

// part returns the place of an item of one of the rule's lists; that of the rule, if it has no such
// list of its own.
func (r *rule) part(list string, i int) string {
	if !r.at.JSON().Get(list).Exists() {
		return r.at.Pointer()
	}
	return r.at.Pointer() + "/" + list + "/" + strconv.Itoa(i)
}

func (c *compiler) reviewShadow(kind ruleKind, r *rule, since string) {
	if r.until != 0 {
		c.reviewer.shadows = append(c.reviewer.shadows, shadow{r.at.Pointer() + "/shadow", phrase.Sprintf("%s %q", kind, r.name), since, r.until})
	}
}

// reviewGroups warns of each group of a grant in which no issuer of the grant can say
// that a caller is.
func (c *compiler) reviewGroups(r *rule) {
	for _, id := range r.members {
		if id.kind == group && !id.deleted && !c.policy.grants.groups.has(id.name) && !slices.ContainsFunc(r.issuers, c.issuers.HasGroups) {
			c.warn(id.at.Pointer(), "grant %q names the group %q, and none of its issuers tells groups: nobody is its member; "+
				"set \"groups\" of an issuer, or list its members in \"groups\"", r.name, id.name)
		}
		if _, subjects := c.policy.grants.groups.tells(id.name); subjects && id.kind == group && len(r.issuers) > 1 {
			c.warn(id.at.Pointer(), "grant %q names the group %q, which has members sub:, and several issuers: "+
				"a subject of one issuer is another caller at the next", r.name, id.name)
		}
	}
}

// reviewAddress warns of a grant with a condition on the address, for the issuers that do
// not vouch for every address.
func (c *compiler) reviewAddress(r *rule) {
	i := slices.IndexFunc(r.conditions, func(c condition) bool { return len(c.pointer) == 1 && c.pointer[0] == "email" && c.op != exists })
	if i < 0 {
		return
	}
	for _, name := range r.issuers {
		if c.issuers.HasIssuer(name) && !c.issuers.VouchesForAddresses(name) {
			c.warn(r.part("claims", i), `grant %q has a condition on /email, which holds only for tokens of issuer %q with "email_verified": true`,
				r.name, name)
		}
	}
}

// reviewCapitals warns of each address with capital letters in a grant whose issuer folds
// addresses: it is nobody's.
func (c *compiler) reviewCapitals(r *rule) {
	for _, id := range r.members {
		if (id.kind == user || id.kind == serviceAccount) && id.name != strings.ToLower(id.name) &&
			slices.ContainsFunc(r.issuers, c.issuers.FoldsAddresses) {
			c.warn(id.at.Pointer(), `grant %q names %s with capital letters, and its issuer folds addresses: write it in lower case`,
				r.name, id.name)
		}
	}
}

// reviewDeny warns of callers who can avoid a deny, and of callers to whom it applies only
// because nothing tells that they are not its members.
func (c *compiler) reviewDeny(r *rule) {
	at := r.at.Pointer()
	if r.issuers != nil && slices.ContainsFunc(r.members, func(m identifier) bool { return m.kind == everyone && !m.deleted }) {
		c.warn(at, "deny %q has issuers beside allUsers, and denies everybody: allAuthenticatedUsers is every caller of the issuers", r.name)
	}
	if c.issuers.PeerForms() != 0 && slices.ContainsFunc(r.members, identifier.namesPeer) {
		c.warn(at, "deny %q names certificates, and a caller without one avoids it: "+
			"require mutual TLS on every port (PeerAuthentication STRICT)", r.name)
	}
	for i, p := range r.models {
		if p.Version != "" && !c.routes.DeclaresVersion(p) {
			c.warn(r.part("models", i), "deny %q names a version, and nothing tells which version a request is for that names none or a label: "+
				"the deny applies to it, unless its route says in \"unversioned\" what none means", r.name)
			break
		}
	}
	warned := map[string]bool{}
	for _, id := range r.members {
		if id.untoldKind() == 0 || id.deleted {
			continue
		}
		_, never, sometimes := c.tellers(r, id)
		c.warnOfUntold(warned, r, id, never, "deny %q applies to all callers of issuer %s, whose tokens cannot tell "+
			`whether they are its members: give the deny its "issuers", or say in the issuer's "absent" that there are none`)
		c.warnOfUntold(warned, r, id, sometimes, "deny %q applies to callers of issuer %s, too: list the claims in \"requiredClaims\", "+
			`say in "absent" that there is none, or name the denied by a condition on /sub`)
	}
}

func (c *compiler) warnOfUntold(warned map[string]bool, r *rule, id identifier, issuers []string, format string) {
	if text := phrase.Sprintf(format, r.name, strings.Join(issuers, ", ")); issuers != nil && !warned[text] {
		warned[text] = true
		c.warn(id.at.Pointer(), "%s", text)
	}
}

// Warnings returns the warnings of a policy that was compiled with the Review. Besides
// those of single rules they are of an issuer that is trusted and in no grant, and of a group
// that both the configuration and an issuer fill.
func (w *Review) Warnings(p *Policy, issuers *authn.Authenticator) (list strictjson.Problems) {
	warn := func(at, format string, args ...any) {
		list = append(list, strictjson.Problem{Pointer: at, Message: phrase.Sprintf(format, args...)})
	}
	used := map[string]bool{}
	for _, t := range []*table{p.grants, p.shadowGrants} {
		for m := range t.members {
			used[m.issuer] = true
			if m.kind == group && t.groups.has(m.name) && issuers.HasGroups(m.issuer) {
				warn("/groups", "group %q is in \"groups\", and issuer %q names groups in its tokens too: a grant to the group accepts both",
					m.name, m.issuer)
			}
		}
	}
	slices.SortFunc(list, func(a, b strictjson.Problem) int { return strings.Compare(a.Message, b.Message) })
	list = slices.Compact(list)
	for i, name := range issuers.IssuerNames() {
		if !used[name] {
			warn("/issuers/"+strconv.Itoa(i),
				"issuer %q is trusted, but no grant names it: its tokens make their callers known and grant nothing", name)
		}
	}
	return append(list, w.warnings...)
}

// EndedShadows describes rules whose shadow has ended by now.
func (w *Review) EndedShadows(now time.Time) (list strictjson.Problems) {
	for _, s := range w.shadows {
		if s.until <= now.Unix() {
			list = append(list, strictjson.Problem{Pointer: s.at, Message: phrase.Sprintf("the shadow of %s ended at %s: %s",
				s.rule, time.Unix(s.until, 0).UTC().Format(time.RFC3339), s.since)})
		}
	}
	return list
}
