package authz

import (
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// mapped is what one IAM role means here.
type mapped struct {
	verbs  inference.Verbs
	models []inference.Pattern
}

// iam reads one row of "iam": a Google IAM policy as `gcloud … get-iam-policy
// --format=json` prints it, and what its roles mean. A binding that cannot be
// taken over whole is a problem, never left out: a role without a meaning, or
// a condition (it is CEL, and would have to be evaluated).
func (c *compiler) iam(v strictjson.Value) {
	o := v.Object("name", "issuers", "roles", "policy")
	name := o.Need("name").Text()
	issuers := c.readIssuers(o.Need("issuers"))
	roles := map[string]mapped{}
	for _, m := range o.Need("roles").Object().Members {
		role := m.Value.Object("role", "verbs", "models")
		roles[m.Name] = mapped{readVerbs(role), readModels(role.Need("models"))}
		if !role.Get("role").Exists() && !role.Get("verbs").Exists() {
			m.Value.Fail(`needs a "role" or "verbs"`)
		}
	}
	policy := o.Need("policy").Object("version", "etag", "bindings")
	for _, item := range policy.Need("bindings").Items() {
		c.binding(item, name, issuers, roles)
	}
}

// binding files one (role, members) as a grant named <row>/<role>.
func (c *compiler) binding(v strictjson.Value, name string, issuers []string, roles map[string]mapped) {
	o := v.Object("role", "members", "condition")
	if condition := o.Get("condition"); condition.Exists() {
		condition.Fail("IAM conditions are not evaluated here; write a grant with claims instead")
	}
	role := o.Need("role").Text()
	meaning, ok := roles[role]
	if !ok && role != "" {
		o.Get("role").Fail(`%q has no meaning in "roles"`, role)
	}
	r := rule{at: v, name: name + "/" + role, issuers: issuers, verbs: meaning.verbs, models: meaning.models}
	for _, item := range o.Need("members").Items() {
		switch id, ok := parseMember(item); {
		case ok && id.ofPeer():
			item.Fail(`is no member of an IAM policy; write a grant with "peer": true instead`)
		case ok:
			r.members = append(r.members, id)
		}
	}
	c.file(c.policy.grants, r)
}
