package authz

import (
	"slices"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Callers is a set of callers. It names them as a grant does.
type Callers struct{ table *table }

// CompileCallers reads a set of callers: "issuers" and "members", or members of the
// connection's certificate with "peer". Its groups are those of the policy. It is nil if it has
// a problem.
func CompileCallers(v strictjson.Value, p *Policy, issuers *authn.Authenticator, routes *inference.Routes) *Callers {
	c := compiler{issuers: issuers, routes: routes, policy: p}
	o := v.Object("issuers", "peer", "members", "claims")
	r := rule{at: v, models: anyModel, verbs: inference.NewVerbs(inference.Predict)}
	r.issuers = c.readIssuers(o.Get("issuers"))
	r.members = c.readMembers(o.Get("members"))
	r.conditions = compileConditions(o.Get("claims"))
	if slices.ContainsFunc(r.members, func(m identifier) bool { return m.kind == everyone && !m.deleted }) {
		o.Get("members").Fail(`must not have allUsers; say "anyCaller": true instead`)
		return nil
	}
	c.checkCallers(o, &r)
	t := newTable(p.grants.ruleSemantics)
	c.add(t, r)
	return &Callers{t}
}

// anyModel is a pattern that selects every model.
var anyModel = []inference.Pattern{{Segments: []string{"*", "*"}}}

// Has reports whether a caller is one of the set.
func (c *Callers) Has(who *authn.Principal, now time.Time) bool {
	model := inference.Model{Namespace: "any", Service: "any"}
	_, ok := c.table.find(&query{who: who, verb: inference.Predict, model: &model, now: now.Unix(), any: true})
	return ok
}
