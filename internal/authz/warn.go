package authz

import (
	"fmt"
	"slices"

	"github.com/modelgate/modelgate/internal/authn"
)

// Warnings returns a text for each rule or issuer that may not do what its author
// expects: an issuer that is trusted and in no grant, a group that both the
// configuration and an issuer fill, and a deny that a caller can avoid.
func (p *Policy) Warnings(issuers *authn.Authenticator) (list []string) {
	used := map[string]bool{}
	for _, t := range []*table{p.grants, p.shadowGrants} {
		for m := range t.members {
			used[m.issuer] = true
			if m.kind == group && t.groups.has(m.name) && issuers.HasGroups(m.issuer) {
				list = append(list, fmt.Sprintf(
					"group %q is in \"groups\", and issuer %q names groups in its tokens too: a grant to the group accepts both", m.name, m.issuer))
			}
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	for _, name := range issuers.IssuerNames() {
		if !used[name] {
			list = append(list, fmt.Sprintf(
				"issuer %q is trusted, but no grant names it: its tokens make their callers known and grant nothing", name))
		}
	}
	return append(list, p.warnings...)
}

// has reports whether there is a group of that name.
func (g groups) has(name string) bool {
	for _, names := range g {
		if slices.Contains(names, name) {
			return true
		}
	}
	return false
}

func (c *compiler) warn(format string, args ...any) {
	c.policy.warnings = append(c.policy.warnings, fmt.Sprintf(format, args...))
}

// checkReach adds a warning of each pattern of a rule that no request can be about.
func (c *compiler) checkReach(kind string, r *rule) {
	for _, p := range r.models {
		if len(p.Segments) > 1 && !c.routes.Reaches(p) {
			c.warn("%s %q is on the service %s/%s, to which no route leads", kind, r.name, p.Segments[0], p.Segments[1])
		}
	}
}

// warnOfAddress adds a warning about a grant with a condition on the address, for the
// issuers that do not vouch for every address.
func (c *compiler) warnOfAddress(r *rule) {
	if !slices.ContainsFunc(r.conditions, func(c condition) bool { return c.ofAddress() && c.op != exists }) {
		return
	}
	for _, name := range r.issuers {
		if c.issuers.HasIssuer(name) && !c.issuers.VouchesForAddresses(name) {
			c.warn(`grant %q has a condition on /email, which holds only for tokens of issuer %q with "email_verified": true`, r.name, name)
		}
	}
}
