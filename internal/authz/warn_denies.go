package authz

import (
	"fmt"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
)

// checkDeny adds a problem for each member of a deny to whom it can never apply, and
// warnings: of callers who can avoid the deny, and of callers to whom it applies only
// because nothing tells that they are not its members.
func (c *compiler) checkDeny(r *rule) {
	if slices.ContainsFunc(r.members, identifier.ofPeer) {
		c.warn("deny %q names certificates, and a caller without one avoids it: require mutual TLS on every port (PeerAuthentication STRICT)", r.name)
	}
	for _, p := range r.models {
		if p.Version != "" && !c.routes.DeclaresVersion(p) {
			c.warn("deny %q names a version, and nothing tells which version a request is for that names none or a label: "+
				"the deny applies to it, unless its route says in \"unversioned\" what none means", r.name)
			break
		}
	}
	if r.members != nil && !slices.ContainsFunc(r.members, func(id identifier) bool { return !id.deleted }) {
		r.at.Fail("must have a member that exists: deleted: matches nobody, so the deny would never apply")
	}
	warned := map[string]bool{}
	for _, id := range r.members {
		if id.untoldKind() != 0 && !id.deleted {
			c.checkDenyMember(r, id, warned)
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

// checkDenyMember compares a member of a deny with what the tokens of its issuers tell.
func (c *compiler) checkDenyMember(r *rule, id identifier, warned map[string]bool) {
	configured := id.untoldKind() == authn.UntoldGroups && c.policy.denies.groups.has(id.name)
	bound := c.bindAll(r, id)
	ever := configured || bound == nil // without an issuer there is another problem
	var never, sometimes []string
	for _, m := range bound {
		told, missing := c.tells(m, id.untoldKind(), configured)
		ever = ever || told
		switch name := fmt.Sprintf("%q", m.issuer); {
		case missing == nil:
		case told:
			sometimes = append(sometimes, name+" without "+strings.Join(missing, " or "))
		default:
			never = append(never, name)
		}
	}
	if !ever {
		hint := `the relay has no header for it`
		switch id.untoldKind() {
		case authn.UntoldGroups:
			hint = `give an issuer "groups", or write the group in the configuration's "groups"`
		case authn.UntoldAttributes:
			hint = fmt.Sprintf("give the issuer of the pool the attribute %q", id.attribute)
		}
		id.at.Fail("must be a member whom an issuer of the deny can tell, and none can: %s", hint)
		return
	}
	warn := func(issuers []string, format string) {
		if text := fmt.Sprintf(format, r.name, strings.Join(issuers, ", ")); issuers != nil && !warned[text] {
			warned[text] = true
			c.warn("%s", text)
		}
	}
	warn(never, "deny %q applies to all callers of issuer %s, whose tokens cannot tell whether they are its members: "+
		`give the deny its "issuers", or say in the issuer's "absent" that there are none`)
	warn(sometimes, "deny %q applies to callers of issuer %s, too: list the claims in \"requiredClaims\", "+
		`say in "absent" that there is none, or name the denied by a condition on /sub`)
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
	if configured { // by the address, unless the issuer names groups too
		kinds[0] = authn.UntoldAddress
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
