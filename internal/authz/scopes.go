package authz

import (
	"slices"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
)

// LackingScopes returns the scopes with which a call would be granted that is not, as a
// challenge names them (RFC 6750 section 3): for each model, those of the first grant that
// covers it but for the scopes. It returns "" if no scope would do, and to anonymous
// callers. A partial call is one for DecidePartial.
func (p *Policy) LackingScopes(now time.Time, who *authn.Principal, call *inference.Call, partial bool) string {
	if !p.grants.hasScopes || who.Anonymous() {
		return ""
	}
	q := newQuery(now, who, call)
	q.open = partial
	var lacking []string
	for i := range call.Models {
		q.model = &call.Models[i]
		q.butScopes = false
		if _, ok := p.grants.find(&q); ok {
			continue
		}
		q.butScopes = true
		if _, ok := p.grants.find(&q); !ok {
			return ""
		}
		for i := range q.lacking {
			c := &q.lacking[i]
			if c.op == scope && c.evaluate(who.Claims) != yes && !slices.Contains(lacking, c.want[0].Str) {
				lacking = append(lacking, c.want[0].Str)
			}
		}
	}
	return strings.Join(lacking, " ")
}

// holdButScopes is allHold without the conditions on scopes.
func holdButScopes(list []condition, who *authn.Principal) bool {
	for i := range list {
		if list[i].op != scope && !allHold(list[i:i+1], who) {
			return false
		}
	}
	return true
}

// askForScopes reports whether one of the conditions is on scopes.
func askForScopes(list []condition) bool {
	return slices.ContainsFunc(list, func(c condition) bool { return c.op == scope })
}
