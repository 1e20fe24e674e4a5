// Package authz decides whether a caller may do what it asks for. It relates a
// Principal to a Call by two kinds of rules: denies, which win, and grants. A
// call that no rule matches is denied. The package knows neither tokens nor
// protocols, and a decision allocates nothing.
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

// Decision is an effect and the rule that it comes from.
type Decision struct {
	Effect Effect
	// Rule is the name of the grant or the deny; "" if no grant matches.
	Rule string
	// Shadow is the name of the rule in shadow that would change the decision: a
	// grant without which the call would be refused, or a deny that would refuse
	// it. It is "" if there is none.
	Shadow string
	// Missing reports that Shadow is a grant, and that no other grant covers the
	// call. The name alone does not tell: a deny may have the name of a grant.
	Missing bool
}

// Policy is the compiled denies and grants. It is immutable.
type Policy struct {
	denies, grants             *table
	shadowDenies, shadowGrants *table
	onlyDenies                 bool // what no deny covers is allowed: see Config.Beside
}

// groups returns the policy's groups; none of nil.
func (p *Policy) groups() groups {
	if p == nil {
		return nil
	}
	return p.grants.groups
}

// Decide decides on a call. A deny on one of its models, or on one that it possibly
// means, denies the call, and each of its models needs a grant. A call that names no
// model is denied.
//
// A deny applies to a caller whose token leaves untold whether the caller is its
// member, to a service as a whole if it denies one model of it, and to a model of
// which nothing tells the version if it denies one version.
//
// Rules in shadow are looked up after the others, and only until their shadow
// ends. From then on a grant that was in shadow grants nothing, and a deny that
// was in shadow denies.
func (p *Policy) Decide(now time.Time, who *authn.Principal, call *inference.Call) Decision {
	q := newQuery(now, who, call)
	if rule, ok := p.denies.findForCall(&q, call, true); ok {
		return Decision{Effect: Deny, Rule: rule}
	}
	d := Decision{}
	q.open = false
	for i := range call.Models {
		q.model = &call.Models[i]
		rule, ok := p.grants.find(&q)
		if !ok && !p.onlyDenies {
			if rule, ok = p.shadowGrants.find(&q); !ok {
				return Decision{}
			}
			d.Shadow, d.Missing = rule, true
		}
		d.Effect, d.Rule = Allow, rule
	}
	if d.Missing {
		d.Rule = d.Shadow
	} else if rule, ok := p.shadowDenies.findForCall(&q, call, true); ok && d.Effect == Allow {
		d.Shadow = rule
	}
	return d
}

// DecidePartial decides on a call of which a part may still follow: for a
// service without a model it accepts a grant on any model inside, and for a
// model without a version a grant on any version. A deny applies only if it does
// whatever follows. Deny is final. Allow is not: Decide decides once the call is
// complete.
func (p *Policy) DecidePartial(now time.Time, who *authn.Principal, call *inference.Call) Decision {
	q := newQuery(now, who, call)
	if rule, ok := p.denies.findForCall(&q, call, false); ok {
		return Decision{Effect: Deny, Rule: rule}
	}
	q.open, q.any = true, true
	for i := range call.Models {
		q.model = &call.Models[i]
		if _, ok := p.grants.find(&q); ok || p.onlyDenies {
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
