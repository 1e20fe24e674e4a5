package authz

import (
	"slices"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/cause"
	"github.com/modelgate/modelgate/internal/inference"
)

// Near is the grant that comes nearest to covering a call which none covers, and what it lacks.
type Near struct {
	Grant string // its name; "" if no grant is near
	Lacks string // member, condition, certificate, signature, verb or model
	Model inference.Model
	cause.Cause
}

// What a grant may lack.
const (
	LacksMember      = "member"
	LacksCondition   = "condition"
	LacksCertificate = "certificate"
	LacksSignature   = "signature"
	LacksVerb        = "verb"
	LacksModel       = "model"
)

// maxNear bounds the rules that Nearest looks at.
const maxNear = 256

// Nearest finds the grant that comes nearest to covering a call, of which it looks at the first
// model without a grant. Nearest is one of the caller's that has the model: it lacks a condition,
// a certificate, a signature or the verb. Then comes one that others have on the model, and then
// one that the caller has on another model. What it costs does not depend on the number of rules.
func (p *Policy) Nearest(now time.Time, who *authn.Principal, call *inference.Call) Near {
	q := newQuery(now, who, call)
	for i := range call.Models {
		q.model, q.open = &call.Models[i], false
		if _, ok := p.grants.find(&q); ok {
			continue
		}
		near := p.grants.nearest(&q)
		if near.Grant == "" {
			q.open = true // of a model inside the service, or of a version
			near = p.grants.nearest(&q)
		}
		near.Model = call.Models[i]
		near.Place = "grant"
		return near
	}
	return Near{Cause: cause.Cause{Place: "grant", Why: "must cover the call: no grant is near it"}}
}

func (t *table) nearest(q *query) (near Near) {
	var patterns idList
	t.match(q, &patterns)
	looked, own := 0, -1
	lookAt := func(id uint32) (more bool) {
		if first := int(t.firstFor[id]); own < 0 || first < own {
			own = first
		}
		for j := range patterns.n {
			found := t.pairs[pair{id, patterns.at(j)}]
			if found == nil {
				continue
			}
			for i := range found.entries {
				if looked++; looked > maxNear {
					return false
				}
				if n := t.lacking(&found.entries[i], q); near.Grant == "" || near.Lacks == LacksVerb && n.Lacks != LacksVerb {
					near = n
				}
			}
		}
		return true
	}
	t.eachMember(q, &patterns, lookAt)
	if near.Grant != "" {
		return near
	}
	for j := range patterns.n {
		rule := int(t.firstOn[patterns.at(j)])
		if near.Grant == "" || t.verbs[rule].Has(q.verb) {
			near = Near{Grant: t.names[rule], Lacks: LacksMember, Cause: cause.Cause{Why: "must have the caller as a member"}}
		}
		if t.verbs[rule].Has(q.verb) {
			return near
		}
	}
	if near.Grant == "" && own >= 0 {
		near = Near{Grant: t.names[own], Lacks: LacksModel, Cause: cause.Cause{Why: "must have the model"}}
	}
	if near.Grant == "" {
		near.Why = "must cover the call: no grant has the model, and none the caller"
	}
	return near
}

// lacking says what a grant lacks that the caller has on the model.
func (t *table) lacking(e *entry, q *query) Near {
	n := Near{Grant: t.names[e.rule]}
	switch {
	case !e.verbs.Has(q.verb):
		n.Lacks, n.Why = LacksVerb, "must have the verb "+q.verb.String()
	case e.require.Has(authn.ByCertificate) && q.who.Peer == "":
		n.Lacks, n.Why = LacksCertificate, "holds only beside a client certificate that is a principal"
	case e.require.Has(authn.BySignature) && q.who.SignedBy == "":
		n.Lacks, n.Why = LacksSignature, "holds only for a signed request"
	default:
		n.Lacks, n.Why = LacksCondition, "holds only if the token meets"
		for i := range e.conditions {
			if c := (Condition{&e.conditions[i]}); !c.Met(q.who) {
				n.Want = append(n.Want, cause.Cut(c.String()))
			}
		}
	}
	return n
}

// AppliesInDoubt reports whether a deny that applies to a call does so only because the caller's
// credential does not tell whether it is a member, or whether it meets a condition.
func (p *Policy) AppliesInDoubt(now time.Time, who *authn.Principal, call *inference.Call) bool {
	q := newQuery(now, who, call)
	told := *who
	told.Untold, told.UntoldAttributes, told.PeerUntold = 0, nil, 0
	q.who = &told
	for _, denies := range [...]*table{p.denies, p.shadowDenies} {
		certain := *denies
		certain.conditionsHold = func(list []condition, who *authn.Principal) bool {
			return !slices.ContainsFunc(list, func(c condition) bool { return c.evaluate(who.Claims) != yes })
		}
		if _, ok := certain.findForCall(&q, call, true); ok {
			return false
		}
	}
	return true
}
