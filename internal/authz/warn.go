package authz

import (
	"fmt"
	"slices"

	"github.com/modelgate/modelgate/internal/authn"
)

// Warnings say where rules may not mean what they say: issuers that are trusted and
// not used, a key that somebody holds for nothing; groups that two may fill; and
// denies that a caller can step out of.
func (p *Policy) Warnings(issuers *authn.Authenticator) (list []string) {
	used := map[string]bool{}
	for _, t := range []*table{p.grants, p.shadowGrants} {
		for m := range t.members {
			used[m.issuer] = true
			if m.kind == group && t.groups.name(m.name) && issuers.HasGroups(m.issuer) {
				list = append(list, fmt.Sprintf("group %q stands in \"groups\", and issuer %q names groups in its tokens too: a grant to it takes either's word", m.name, m.issuer))
			}
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	for _, name := range issuers.IssuerNames() {
		if !used[name] {
			list = append(list, fmt.Sprintf("issuer %q is trusted, but no grant names it: its tokens only keep their callers from being anonymous", name))
		}
	}
	return append(list, p.evadable...)
}

// name reports whether the snapshot has a group of that name.
func (g groups) name(name string) bool {
	for _, names := range g {
		if slices.Contains(names, name) {
			return true
		}
	}
	return false
}

// evadable notes what lets a caller step out of a deny.
func (c *compiler) evadable(r *rule) {
	if slices.ContainsFunc(r.members, identifier.ofPeer) {
		c.policy.evadable = append(c.policy.evadable, fmt.Sprintf("deny %q is of certificates, and whoever shows none steps out of it: require mutual TLS on every port (PeerAuthentication STRICT)", r.name))
	}
	for _, p := range r.models {
		if p.Version != "" {
			c.policy.evadable = append(c.policy.evadable, fmt.Sprintf("deny %q is of a version, and a request that names none steps out of it", r.name))
			return
		}
	}
}
