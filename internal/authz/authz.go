// Package authz answers whether a caller may do what it asks: it relates a
// Principal to a Call by denies, which win, and grants; nothing matches means
// no. It knows neither tokens nor protocols, and decides without allocating.
package authz

import (
	"time"

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
	// Shadow is the rule in shadow without which the call would have been
	// refused, or which would have refused it; "" where none had a say.
	Shadow string
	// Missing says that it is the first: Shadow is a grant, and no other covers
	// the call. A deny may have the same name as a grant.
	Missing bool
}

// Policy is the compiled denies and grants. It is immutable.
type Policy struct {
	denies, grants             *table
	shadowDenies, shadowGrants *table
	evadable                   []string // warnings of denies
}

// Decide weighs every model of a call: one deny on any of them denies, and
// each needs a grant. A call that names no model is not granted by anything.
// Rules in shadow are asked until they end, and only after the others. Then
// such a grant grants nothing, and such a deny is one like any other.
func (p *Policy) Decide(now time.Time, who *authn.Principal, call *inference.Call) Decision {
	q := query{who: who, verb: call.Verb, now: now.Unix()}
	if rule, ok := p.denies.any(&q, call.Models); ok {
		return Decision{Effect: Deny, Rule: rule}
	}
	d := Decision{}
	for i := range call.Models {
		q.model = &call.Models[i]
		rule, ok := p.grants.find(&q)
		if !ok {
			if rule, ok = p.shadowGrants.find(&q); !ok {
				return Decision{}
			}
			d.Shadow, d.Missing = rule, true
		}
		d.Effect, d.Rule = Allow, rule
	}
	if d.Missing {
		d.Rule = d.Shadow
	} else if rule, ok := p.shadowDenies.any(&q, call.Models); ok && d.Effect == Allow {
		d.Shadow = rule
	}
	return d
}

// Possible weighs a call of which not everything is known yet: of a service as a
// whole it asks for any model inside, of a model without a version for any
// version. Deny is final then, and Allow is not: once more is known, Decide has
// the say. A service of the call without a possible grant denies.
func (p *Policy) Possible(now time.Time, who *authn.Principal, call *inference.Call) Decision {
	q := query{who: who, verb: call.Verb, now: now.Unix()}
	if rule, ok := p.denies.any(&q, call.Models); ok {
		return Decision{Effect: Deny, Rule: rule}
	}
	q.possible = true
	for i := range call.Models {
		q.model = &call.Models[i]
		if _, ok := p.grants.find(&q); ok {
			continue
		}
		if _, ok := p.shadowGrants.find(&q); !ok {
			return Decision{}
		}
	}
	if len(call.Models) == 0 {
		return Decision{}
	}
	return Decision{Effect: Allow}
}
