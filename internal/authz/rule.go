package authz

import (
	"slices"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Config has the sections of a configuration that make up a policy.
type Config struct {
	Groups, Grants, Denies, IAM strictjson.Value
	Review                      *Review // is told of each rule, or nil
	// Beside is a policy that must allow each call too, or nil. Its groups are known here, and
	// if this policy says nothing of grants it only denies.
	Beside *Policy
}

// Check reads a policy as far as it can be read before the issuers and the routes are known.
// What is wrong by then is added to the problems of the document.
func Check(s Config) { Compile(s, nil, nil) }

// Compile reads a policy. Rules may name the issuers of the Authenticator, and name
// models as requests of the routes do. Everything that is wrong is added to the
// problems of the document.
func Compile(s Config, issuers *authn.Authenticator, routes *inference.Routes) *Policy {
	snapshot := compileGroups(s.Groups, s.Beside.groups())
	deny := ruleSemantics{
		conditionsHold: noneFails, identityFor: claimedIdentity, doubts: true, groups: snapshot.lowerCase(),
	}
	grant := ruleSemantics{conditionsHold: allHold, identityFor: verifiedIdentity, groups: snapshot}
	deny.groupsOfSubjects = snapshot.haveSubjects()
	grant.groupsOfSubjects = deny.groupsOfSubjects
	c := compiler{issuers: issuers, routes: routes, reviewer: s.Review, ruleNames: map[string]bool{}, policy: &Policy{
		onlyDenies: s.Beside != nil && !s.Grants.Exists() && !s.IAM.Exists(),
		denies:     newTable(deny), shadowDenies: newTable(deny),
		grants: newTable(grant), shadowGrants: newTable(grant),
	}}
	for _, item := range s.Denies.Items() {
		c.deny(item)
	}
	clear(c.ruleNames) // a grant may have the name of a deny
	for _, item := range s.Grants.Items() {
		c.grant(item)
	}
	for _, item := range s.IAM.Items() {
		c.iam(item)
	}
	return c.policy
}

// maxPairs bounds the pairs of member and model that the rules of a configuration
// multiply out to, each once an issuer: an index of some 100 MB.
const maxPairs = 1_000_000

type compiler struct {
	issuers   *authn.Authenticator // nil: the rules are only checked
	routes    *inference.Routes
	policy    *Policy
	ruleNames map[string]bool
	pairs     int
	reviewer  *Review // or nil
}

// rule is a grant or a deny that has been read and is not in a table yet.
type rule struct {
	at         strictjson.Value // for problems
	name       string
	issuers    []string // nil for any
	peer       bool     // a grant to certificates
	denies     bool
	members    []identifier
	conditions []condition
	require    authn.Proofs // of a grant
	verbs      inference.Verbs
	models     []inference.Pattern
	until      int64 // the end of its shadow, in seconds since 1970; 0 if it is not in shadow
	from       int64 // of a deny: when it begins to deny, in seconds since 1970; 0 for always
}

// readRule reads what grants and denies have in common.
func (c *compiler) readRule(v strictjson.Value) (rule, strictjson.Object) {
	o := v.Object("name", "issuers", "peer", "members", "claims", "role", "verbs", "models", "shadow", "require")
	r := rule{at: v, name: o.Need("name").Text()}
	if c.ruleNames[r.name] && r.name != "" {
		o.Get("name").Fail("%q is there twice", r.name)
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
		if id, ok := parseMember(item); ok {
			members = append(members, id)
		}
	}
	return members
}

// readIssuers reads the names of issuers; nil means any.
func (c *compiler) readIssuers(v strictjson.Value) []string {
	names := v.Texts()
	if names == nil {
		return nil
	}
	for i, item := range v.Items() {
		if names[i] != "" && c.issuers != nil && !c.issuers.HasIssuer(names[i]) {
			item.MustBe("the name of an issuer: %s", strictjson.Or(c.issuers.IssuerNames()))
		}
	}
	return names
}

// grant reads one row of "grants". It must say who may do what on which models.
// Only a grant to allUsers has no issuers, and it has no other members.
func (c *compiler) grant(v strictjson.Value) {
	r, o := c.readRule(v)
	c.checkCallers(o, &r)
	r.require = c.issuers.CompileProofs(o.Get("require"))
	if !o.Get("role").Exists() && !o.Get("verbs").Exists() {
		v.Fail(needsVerbs)
	}
	o.Need("models")
	c.review(aGrant, &r)
	t := c.policy.grants
	if r.until != 0 {
		t = c.policy.shadowGrants
	}
	c.add(t, r)
}

// checkCallers checks whom a grant is for. It must say so: without issuers and members only
// conditions tell one caller from another.
func (c *compiler) checkCallers(o strictjson.Object, r *rule) {
	everybody := slices.ContainsFunc(r.members, func(m identifier) bool { return m.kind == everyone && !m.deleted })
	switch {
	case o.Get("peer").Exists():
		c.peerGrant(o, r)
	case everybody && (len(r.members) > 1 || o.Get("issuers").Exists() || o.Get("claims").Exists()):
		o.Fail("must not have issuers, claims or other members beside allUsers: anonymous callers have no issuer and no claims")
	case everybody:
	case !o.Get("issuers").Exists() && slices.ContainsFunc(r.members, identifier.namesPeer):
		o.Fail(`needs "peer": true, for certificates, or "issuers", for tokens`)
	case !o.Get("issuers").Exists():
		o.Fail(`needs "issuers": without them any issuer could assert the members`)
	case !o.Get("members").Exists() && !o.Get("claims").Exists():
		o.Fail(`needs "members" or "claims"; the member allAuthenticatedUsers is every caller of the issuers`)
	}
	if !o.Get("members").Exists() {
		r.members = []identifier{{member: member{kind: authenticated}}}
	}
	r.peer = o.Get("peer").Exists()
	c.checkWorkloads(r)
}

// peerGrant checks a grant to callers with a certificate, with or without a token.
func (c *compiler) peerGrant(o strictjson.Object, r *rule) {
	others := slices.ContainsFunc(r.members, func(m identifier) bool { return !m.namesPeer() })
	switch {
	case o.Get("peer").JSON().Raw != "true":
		o.Get("peer").MustBe("true, or left out")
	case r.members == nil || others || o.Get("issuers").Exists() || o.Get("claims").Exists():
		o.Fail(`must have only members that a certificate makes, and neither issuers nor claims, because it has "peer"`)
	}
}

// deny reads one row of "denies". A field that it leaves out does not constrain it.
func (c *compiler) deny(v strictjson.Value) {
	r, o := c.readRule(v)
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
		r.models = anyModel
	}
	if o.Get("peer").Exists() {
		o.Get("peer").Fail("must not be in a deny, which applies to certificates without it")
	}
	if o.Get("require").Exists() {
		o.Get("require").Fail("must not be in a deny, which applies whatever a request has shown")
	}
	r.denies = true
	c.checkDeny(&r)
	c.checkWorkloads(&r)
	c.review(aDeny, &r)
	if r.until != 0 { // in shadow first, then in force
		c.add(c.policy.shadowDenies, r)
		r.from, r.until = r.until, 0
	}
	c.add(c.policy.denies, r)
}
