// Package authz answers whether a caller may do what it asks: it relates a
// Principal to a Call by denies, which win, and grants; nothing matches means
// no. It knows neither tokens nor protocols, and decides without allocating.
package authz

import (
	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
)

// Effect is what a decision does. The zero value denies.
type Effect uint8

// The two effects.
const (
	Deny Effect = iota
	Allow
)

// Decision is an effect and the rule it comes from: the name of the grant, the
// name of the deny, or "" where no grant matches.
type Decision struct {
	Effect Effect
	Rule   string
}

// Policy is the compiled denies and grants. It is immutable.
type Policy struct {
	groups         groups
	denies, grants *table
}

// Decide weighs every model of a call: one deny on any of them denies, and
// each needs a grant. A call that names no model is not granted by anything.
func (p *Policy) Decide(who *authn.Principal, call *inference.Call) Decision {
	for i := range call.Models {
		if rule, ok := p.denies.find(p.groups, who, call.Verb, call.Models[i]); ok {
			return Decision{Deny, rule}
		}
	}
	d := Decision{}
	for i := range call.Models {
		rule, ok := p.grants.find(p.groups, who, call.Verb, call.Models[i])
		if !ok {
			return Decision{}
		}
		d = Decision{Allow, rule}
	}
	return d
}
