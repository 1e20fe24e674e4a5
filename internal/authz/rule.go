package authz

import (
	"slices"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Source is where the parts of a policy stand in a configuration.
type Source struct{ Groups, Grants, Denies, IAM strictjson.Value }

// Compile reads the policy. The issuers are those that rules may name.
func Compile(s Source, issuers *authn.Authenticator) *Policy {
	snapshot := compileGroups(s.Groups)
	deny := meaning{holds: denies, as: asDenied, folds: true, groups: snapshot.folded()}
	grant := meaning{holds: grants, as: asGranted, groups: snapshot}
	c := compiler{issuers: issuers, policy: &Policy{
		denies: newTable(deny), shadowDenies: newTable(deny),
		grants: newTable(grant), shadowGrants: newTable(grant),
	}}
	for _, item := range s.Denies.Items() {
		c.deny(item)
	}
	c.ruleNames = nil // a grant may be called like a deny
	for _, item := range s.Grants.Items() {
		c.grant(item)
	}
	for _, item := range s.IAM.Items() {
		c.iam(item)
	}
	return c.policy
}

// maxPairs bounds what the rules of a configuration multiply out to: issuers
// times members times models, some 100 MB of index.
const maxPairs = 1_000_000

type compiler struct {
	issuers   *authn.Authenticator
	policy    *Policy
	ruleNames map[string]bool
	pairs     int
}

// rule is a grant or a deny, read but not yet filed.
type rule struct {
	at         strictjson.Value
	name       string
	issuers    []string // nil for any
	members    []identifier
	conditions []condition
	verbs      inference.Verbs
	models     []inference.Pattern
	until      int64 // in shadow: the second in which it ends; 0 for not in shadow
	from       int64 // of a deny: the second in which its shadow has ended; 0 for always
}

// read takes what grants and denies have in common.
func (c *compiler) read(v strictjson.Value) (rule, strictjson.Object) {
	o := v.Object("name", "issuers", "peer", "members", "claims", "role", "verbs", "models", "shadow")
	r := rule{at: v, name: o.Need("name").Text()}
	if c.ruleNames[r.name] && r.name != "" {
		o.Get("name").Fail("%q stands twice", r.name)
	}
	if c.ruleNames == nil {
		c.ruleNames = map[string]bool{}
	}
	c.ruleNames[r.name] = true
	r.issuers = c.readIssuers(o.Get("issuers"))
	r.members = c.readMembers(o.Get("members"))
	r.conditions = compileConditions(o.Get("claims"))
	r.verbs = readVerbs(o)
	r.models = readModels(o.Get("models"))
	r.until = o.Get("shadow").Object("until").Need("until").Instant()
	return r, o
}

func (c *compiler) readMembers(v strictjson.Value) (members []identifier) {
	for _, item := range v.Items() {
		id, ok := parseMember(item)
		if !ok {
			continue
		}
		if id.ofPeer() && (!c.issuers.HasTrustDomain() || id.kind == spiffe && !c.issuers.IsPeerID(id.name)) {
			item.Fail(`is of no trust domain that "peer" names`)
		}
		members = append(members, id)
	}
	return members
}

func (c *compiler) readIssuers(v strictjson.Value) []string {
	names := v.Texts()
	if names == nil {
		return nil
	}
	for i, item := range v.Items() {
		if names[i] != "" && !c.issuers.HasIssuer(names[i]) {
			item.Fail("no issuer has this name")
		}
	}
	return names
}

// grant reads one row of "grants". It must say who, what and on what; only
// allUsers goes without an issuer, and then alone.
func (c *compiler) grant(v strictjson.Value) {
	r, o := c.read(v)
	everybody := slices.ContainsFunc(r.members, func(m identifier) bool { return m.kind == everyone && !m.deleted })
	switch {
	case o.Get("peer").Exists():
		c.peerGrant(v, o, r)
	case slices.ContainsFunc(r.members, identifier.ofPeer):
		v.Fail(`has members of the connection's certificate and needs "peer": true`)
	case everybody && (len(r.members) > 1 || o.Get("issuers").Exists() || o.Get("claims").Exists()):
		v.Fail("allUsers stands alone: anonymous callers have no issuer and no claims")
	case everybody:
	case !o.Get("issuers").Exists():
		v.Fail(`"issuers" is missing: otherwise any issuer could assert the member`)
	case !o.Get("members").Exists() && !o.Get("claims").Exists():
		v.Fail(`needs "members" or "claims"; allAuthenticatedUsers is everyone of the issuers`)
	}
	if !o.Get("role").Exists() && !o.Get("verbs").Exists() {
		v.Fail(`needs a "role" or "verbs"`)
	}
	o.Need("models")
	if !o.Get("members").Exists() {
		r.members = []identifier{{member: member{kind: authenticated}}}
	}
	t := c.policy.grants
	if r.until != 0 {
		t = c.policy.shadowGrants
	}
	c.file(t, r)
}

// peerGrant checks a grant to whoever holds a certificate, token or not.
func (c *compiler) peerGrant(v strictjson.Value, o strictjson.Object, r rule) {
	others := slices.ContainsFunc(r.members, func(m identifier) bool { return !m.ofPeer() })
	switch {
	case !o.Get("peer").Bool():
		o.Get("peer").Fail("is true or absent")
	case r.members == nil || others || o.Get("issuers").Exists() || o.Get("claims").Exists():
		v.Fail("a grant to the peer has members spiffe: and namespace:, and neither issuers nor claims")
	}
}

// deny reads one row of "denies". What it leaves out does not constrain it.
func (c *compiler) deny(v strictjson.Value) {
	r, o := c.read(v)
	if !o.Get("members").Exists() {
		r.members = []identifier{{member: member{kind: everyone}}}
		if o.Get("issuers").Exists() || o.Get("claims").Exists() {
			r.members[0].kind = authenticated
		}
	}
	if !o.Get("role").Exists() && !o.Get("verbs").Exists() {
		r.verbs = admin
	}
	if !o.Get("models").Exists() {
		r.models = []inference.Pattern{{Segments: []string{"*", "*"}}}
	}
	if o.Get("peer").Exists() {
		o.Get("peer").Fail("stands in grants only: a deny applies to its members without it")
	}
	c.evadable(&r)
	if r.until != 0 { // a trial, and then in force
		c.file(c.policy.shadowDenies, r)
		r.from, r.until = r.until, 0
	}
	c.file(c.policy.denies, r)
}

// file puts a rule into a table, for each issuer, member and model.
func (c *compiler) file(t *table, r rule) {
	t.names = append(t.names, r.name)
	e := entry{rule: len(t.names) - 1, verbs: r.verbs, conditions: r.conditions, from: r.from, until: r.until}
	for _, p := range r.models {
		pattern := t.pattern(p)
		for _, id := range r.members {
			for _, m := range c.bind(r, id) {
				if c.pairs++; c.pairs > maxPairs {
					if c.pairs == maxPairs+1 {
						r.at.Fail("the rules multiply out to more than %d pairs of member and model", maxPairs)
					}
					return
				}
				t.add(m, pattern, e)
			}
		}
	}
}

// bind makes a member for each issuer that may assert it.
func (c *compiler) bind(r rule, id identifier) (members []member) {
	issuers := r.issuers
	switch {
	case id.deleted:
		return nil
	case id.kind == everyone || id.ofPeer():
		return []member{id.member}
	case issuers == nil && id.pool == "":
		return []member{id.member} // a deny, for whichever issuer
	case issuers == nil:
		issuers = c.issuers.IssuerNames()
	}
	for _, issuer := range issuers {
		if id.pool == "" || c.issuers.Pool(issuer) == id.pool {
			m := id.member
			m.issuer = issuer
			members = append(members, m)
		}
	}
	if members == nil {
		r.at.Fail("no issuer of the rule stands for the pool %s", id.pool)
	}
	return members
}
