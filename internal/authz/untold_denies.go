package authz

import (
	"slices"
	"strconv"
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/phrase"
)

// checkDeny adds a problem for each member of a deny to whom it can never apply.
func (c *compiler) checkDeny(r *rule) {
	if r.members != nil && !slices.ContainsFunc(r.members, func(id identifier) bool { return !id.deleted }) {
		r.at.Fail("must have a member that exists: deleted: matches nobody, so the deny would never apply")
	}
	for _, id := range r.members {
		if id.untoldKind() == 0 || id.deleted || c.issuers == nil {
			continue
		}
		if told, _, _ := c.tellers(r, id); !told {
			id.at.Fail("must be a member whom an issuer of the deny can tell, and none can: %s", id.untoldHint())
		}
	}
}

// untoldKind returns what a token may leave untold of a member; 0 if nothing.
func (id identifier) untoldKind() authn.Untold {
	switch id.kind {
	case user, serviceAccount:
		return authn.UntoldAddress
	case domain:
		return authn.UntoldDomain
	case group, poolGroup:
		return authn.UntoldGroups
	case poolAttribute:
		return authn.UntoldAttributes
	}
	return 0
}

// untoldHint says what lets an issuer tell who is the member.
func (id identifier) untoldHint() string {
	switch id.untoldKind() {
	case authn.UntoldGroups:
		return `give an issuer "groups", or write the group in the configuration's "groups"`
	case authn.UntoldAttributes:
		return phrase.Sprintf("give the issuer of the pool the attribute %q", id.attribute)
	}
	return `the relay has no header for it`
}

// tellers compares a member of a deny with what the tokens of its issuers tell. told
// reports whether any can tell who is the member; never are the issuers whose tokens
// cannot, and sometimes those whose tokens may leave it out, with the claims.
func (c *compiler) tellers(r *rule, id identifier) (told bool, never, sometimes []string) {
	configured := id.untoldKind() == authn.UntoldGroups && c.policy.denies.groups.has(id.name)
	bound := c.bindAll(r, id)
	told = configured || bound == nil // without an issuer there is another problem
	for _, m := range bound {
		tells, missing := c.tells(m, id.untoldKind(), configured)
		told = told || tells
		switch name := strconv.Quote(m.issuer); {
		case missing == nil:
		case tells:
			sometimes = append(sometimes, name+" without "+strings.Join(missing, " or "))
		default:
			never = append(never, name)
		}
	}
	return told, never, sometimes
}

// tells reports whether an issuer's tokens can tell members of that kind, and which
// claims a token needs for it and may not have.
func (c *compiler) tells(m member, kind authn.Untold, configured bool) (told bool, missing []string) {
	if kind == authn.UntoldAttributes {
		mapped, untold := c.issuers.MapsAttribute(m.issuer, m.attribute)
		if untold {
			missing = []string{"attribute " + m.attribute}
		}
		return mapped, missing
	}
	may, kinds := c.issuers.MayLeaveUntold(m.issuer), []authn.Untold{kind}
	if configured { // by the address or the subject, unless the issuer names groups too
		kinds = kinds[:0]
		var addresses bool
		if addresses, told = c.policy.denies.groups.tells(m.name); addresses {
			kinds = append(kinds, authn.UntoldAddress)
		}
		if may&authn.OmittedGroups != 0 {
			kinds = append(kinds, authn.UntoldGroups)
		}
	}
	for _, kind := range kinds {
		claim := c.issuers.ClaimFor(m.issuer, kind)
		told = told || claim != ""
		if may&kind != 0 {
			missing = append(missing, claim)
		}
	}
	return told, missing
}

// bindAll returns the member for each issuer that may assert it, by name.
func (c *compiler) bindAll(r *rule, id identifier) (list []member) {
	names := r.issuers
	if names == nil {
		names = c.issuers.IssuerNames()
	}
	for _, name := range names {
		if c.issuers.HasIssuer(name) && (id.pool == "" || c.issuers.Pool(name) == id.pool) {
			m := id.member
			m.issuer = name
			list = append(list, m)
		}
	}
	return list
}
