package authz

import (
	"maps"
	"slices"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// roleMapping is what one IAM role grants here.
type roleMapping struct {
	verbs  inference.Verbs
	models []inference.Pattern
}

// iam reads one row of "iam": a Google IAM policy as `gcloud … get-iam-policy
// --format=json` prints it, and what each of its roles grants. No binding is
// left out: a role that "roles" does not have is a problem, and so is a
// condition, which is CEL and would have to be evaluated.
func (c *compiler) iam(v strictjson.Value) {
	o := v.Object("name", "issuers", "roles", "policy")
	name := o.Need("name").Text()
	issuers := c.readIssuers(o.Need("issuers"))
	roles := map[string]roleMapping{}
	for _, m := range o.Need("roles").Object().Members {
		role := m.Value.Object("role", "verbs", "models")
		roles[m.Name] = roleMapping{readVerbs(role), readModels(role.Need("models"))}
		if !role.Get("role").Exists() && !role.Get("verbs").Exists() {
			m.Value.Fail(needsVerbs)
		}
	}
	policy := o.Need("policy").Object("version", "etag", "bindings")
	for _, item := range policy.Need("bindings").Items() {
		c.binding(item, name, issuers, roles)
	}
}

// rolesOf lists the IAM roles that "roles" has.
func rolesOf(roles map[string]roleMapping) string {
	if len(roles) == 0 {
		return ""
	}
	return ": " + strictjson.Or(slices.Sorted(maps.Keys(roles)))
}

// binding adds the members of one role as a grant with the name <row>/<role>.
func (c *compiler) binding(v strictjson.Value, name string, issuers []string, roles map[string]roleMapping) {
	o := v.Object("role", "members", "condition")
	if condition := o.Get("condition"); condition.Exists() {
		condition.Fail("must not be there: IAM conditions are not evaluated; write a grant with claims instead")
	}
	role := o.Need("role").Text()
	mapping, ok := roles[role]
	if !ok && role != "" {
		o.Get("role").MustBe(`a role that "roles" has%s`, rolesOf(roles))
	}
	r := rule{at: v, name: name + "/" + role, issuers: issuers, verbs: mapping.verbs, models: mapping.models}
	for _, item := range o.Need("members").Items() {
		switch id, ok := parseMember(item); {
		case ok && (id.isWorkload() || id.kind == callerSubject):
			item.Fail(`must not be there: IAM policies have no such member; write a grant instead`)
		case ok:
			r.members = append(r.members, id)
		}
	}
	c.review(aBinding, &r)
	c.add(c.policy.grants, r)
}
