package authz

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/phrase"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// AppliesTo reports whether the term applies to a caller.
func (t *Term) AppliesTo(p *Policy, who *authn.Principal) bool {
	if !p.IsMember(who, t.Member) || !t.Require.MetBy(who) {
		return false
	}
	for _, c := range t.Conditions {
		if t.Deny && !c.MayBeMet(who) || !t.Deny && !c.Met(who) {
			return false
		}
	}
	return true
}

// IsMember reports whether a caller is a member as a lookup has it: for a deny, also one
// of whom the token leaves it untold.
func (p *Policy) IsMember(who *authn.Principal, of Member) (found bool) {
	t := p.grants
	if of.deny {
		t = p.denies
	}
	if of.m.kind == everyone {
		return true
	}
	every := *t // that knows every kind of member, whether the rules have it or not
	every.bySubject, every.workloads = true, true
	look := func(m member) { found = found || m == of.m }
	if !who.IsToken() {
		every.peerMembersOf(&who.Holder, look)
	}
	if who.Anonymous() {
		return found
	}
	every.membersOf(who, who.Issuer, look)
	every.membersOf(who, "", look)
	if of.m.kind == group || of.m.kind == poolGroup {
		rule := groupRule{member: of.m}
		found = found || rule.isGroupOf(who) && slices.Contains(who.Groups, of.m.name)
	}
	return found
}

// ParseMember reads a member for IsMember as a grant of the issuer has it; issuer is ""
// for the members that a certificate makes.
func ParseMember(text, issuer string, issuers *authn.Authenticator) ([]Member, error) {
	var problems strictjson.Problems
	quoted := appendQuoted(text)
	v, ok := strictjson.Parse(quoted, &problems)
	if !ok {
		return nil, phrase.Errorf("must be a member; got %q", text)
	}
	id, ok := parseMember(v)
	if !ok {
		return nil, phrase.Errorf("%s", problems[0].Message)
	}
	c := compiler{issuers: issuers}
	r := rule{at: v, issuers: []string{issuer}, peer: issuer == "", members: []identifier{id}}
	if issuer == "" && !id.namesPeer() && id.kind != everyone {
		return nil, nil
	}
	var list []Member
	switch {
	case id.kind == account && issuer == "":
	case issuer != "" && id.pool != "" && issuers.Pool(issuer) != id.pool:
	default:
		for _, m := range c.bindIssuers(r, id) {
			list = append(list, Member{m: m})
		}
	}
	return list, nil
}

// appendQuoted writes a JSON string. A text that is not UTF-8 stays so, and is refused.
func appendQuoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(text) + `"`
}

// Terms returns the denies and the grants that could apply at a time to a verb on a model,
// those of one rule together, in the order in which Decide prefers them. A call allowed by
// a grant in shadow passes.
func (p *Policy) Terms(now time.Time, verb inference.Verb, model inference.Model, protocol string) (denies, grants []Term) {
	q := newQuery(now, authn.Nobody(), &inference.Call{Verb: verb, Protocol: protocol})
	q.model, q.open = &model, true
	denies = p.denies.terms(&q, true, false)
	q.open = false
	grants = append(p.grants.terms(&q, false, false), p.shadowGrants.terms(&q, false, true)...)
	return denies, grants
}

func (t *table) terms(q *query, deny, shadow bool) (list []Term) {
	var patterns idList
	t.match(q, &patterns)
	for m, id := range t.members {
		for i := range patterns.n {
			found := t.pairs[pair{id, patterns.at(i)}]
			if found == nil {
				continue
			}
			for _, e := range found.entries {
				if !e.verbs.Has(q.verb) || !e.appliesAt(q.now) {
					continue
				}
				list = append(list, t.term(&e, Member{m, deny}, shadow))
			}
		}
	}
	slices.SortFunc(list, func(a, b Term) int {
		return cmp.Or(a.Order-b.Order, compareMembers(a.Member.m, b.Member.m))
	})
	return slices.CompactFunc(list, func(a, b Term) bool { return a.Order == b.Order && a.Member == b.Member })
}

// term returns the term of an entry for one member.
func (t *table) term(e *entry, m Member, shadow bool) Term {
	x := Term{Rule: t.names[e.rule], Order: e.rule, Deny: m.deny, Shadow: shadow, Member: m, Require: e.require}
	for i := range e.conditions {
		x.Conditions = append(x.Conditions, Condition{&e.conditions[i]})
	}
	return x
}

// Selected returns a text that two models share if the policy's rules select both alike:
// then Decide answers alike about both.
func (p *Policy) Selected(model inference.Model, protocol string) string {
	var b []byte
	for i, t := range []*table{p.denies, p.shadowDenies, p.grants, p.shadowGrants} {
		q := newQuery(time.Time{}, authn.Nobody(), &inference.Call{Protocol: protocol})
		q.model, q.open = &model, i < 2
		var found idList
		t.match(&q, &found)
		ids := make([]uint32, found.n)
		for j := range ids {
			ids[j] = found.at(j)
		}
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			b = append(strconv.AppendUint(b, uint64(id), 10), ',')
		}
		b = append(b, ';')
	}
	return string(b)
}

// GroupMembers calls yield with each address or subject that the configuration's groups
// name, in alphabetical order.
func (p *Policy) GroupMembers(yield func(name string, isSubject bool)) {
	for _, m := range slices.SortedFunc(maps.Keys(p.grants.groups), compareMembers) {
		yield(m.name, m.kind == callerSubject)
	}
}

// compareMembers orders members, so that answers come in the same order each time.
func compareMembers(a, b member) int {
	return cmp.Or(strings.Compare(a.issuer, b.issuer), cmp.Compare(a.kind, b.kind), strings.Compare(a.name, b.name),
		strings.Compare(a.attribute, b.attribute))
}

// AllTerms calls yield with each term of the policy, whatever verb and model it is for, in no
// certain order.
func (p *Policy) AllTerms(yield func(Term)) {
	for i, t := range []*table{p.denies, p.shadowDenies, p.grants, p.shadowGrants} {
		names := map[uint32]member{}
		for m, id := range t.members {
			names[id] = m
		}
		for at, found := range t.pairs {
			for _, e := range found.entries {
				yield(t.term(&e, Member{names[at.member], i < 2}, i%2 == 1))
			}
		}
	}
}

// CompareTerms orders terms: by kind, rule and member.
func CompareTerms(a, b Term) int {
	order := func(t *Term) int {
		n := 0
		if t.Deny {
			n += 2
		}
		if t.Shadow {
			n++
		}
		return n
	}
	return cmp.Or(order(&a)-order(&b), a.Order-b.Order, compareMembers(a.Member.m, b.Member.m))
}

// RuleNames lists the names of the denies and the grants that are in force, in configured order.
// A rule may have no term: rules before it have all of its members, verbs and models, or its
// members are deleted.
func (p *Policy) RuleNames() (denies, grants []string) { return p.denies.names, p.grants.names }
