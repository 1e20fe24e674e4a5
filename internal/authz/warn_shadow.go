package authz

import (
	"fmt"
	"slices"
	"time"
)

// shadow is a rule in shadow: its end in seconds since 1970, and what the rule does since
// then.
type shadow struct {
	rule, since string
	until       int64
}

func (c *compiler) addShadow(kind string, r *rule, since string) {
	c.policy.shadows = append(c.policy.shadows, shadow{fmt.Sprintf("%s %q", kind, r.name), since, r.until})
}

// EndedShadows describes rules whose shadow has ended by now.
func (p *Policy) EndedShadows(now time.Time) (list []string) {
	for _, s := range p.shadows {
		if s.until <= now.Unix() {
			list = append(list, fmt.Sprintf("the shadow of %s ended at %s: %s",
				s.rule, time.Unix(s.until, 0).UTC().Format(time.RFC3339), s.since))
		}
	}
	return list
}

// checkGroups adds a warning of each group of a grant in which no issuer of the grant can
// say that a caller is.
func (c *compiler) checkGroups(r *rule) {
	for _, id := range r.members {
		if id.kind == group && !id.deleted && !c.policy.grants.groups.has(id.name) && !slices.ContainsFunc(r.issuers, c.issuers.HasGroups) {
			c.warn("grant %q names the group %q, and none of its issuers tells groups: nobody is its member; "+
				"set \"groups\" of an issuer, or list its members in \"groups\"", r.name, id.name)
		}
	}
}
