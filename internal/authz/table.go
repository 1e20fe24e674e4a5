package authz

import (
	"slices"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
)

// table is an index of rules: of all grants, or of all denies. A lookup finds
// the few patterns that select the model, the members that the caller is, and then
// each pair of the two. Its cost depends on the numbers of these, and not on the
// number of rules.
type table struct {
	names    []string // of the rules, in configured order
	members  map[member]uint32
	patterns uint32 // their number
	root     node   // of the trie that finds and numbers the patterns
	pairs    map[pair]*pairRules
	// groupsOn has for each pattern the groups of the rules on it, each once, and
	// groupsNamed has all groups of rules by their name.
	groupsOn    map[uint32][]*groupRule
	groupsNamed map[string][]*groupRule
	// anyIssuer reports whether some rule applies whatever the issuer is.
	anyIssuer bool
	bySubject bool // some rule has a member that a caller is by its subject
	// Of grants, for what is said of a call that none covers: the first rule on each pattern, the
	// first for each member, and the verbs of each rule.
	firstOn, firstFor []int32
	verbs             []inference.Verbs
	workloads         bool // one of these is a namespace or an account
	hasScopes         bool // some rule has a condition on scopes
	ruleSemantics
}

// ruleSemantics is what differs between grants and denies. A grant needs
// certainty, a deny needs doubt.
type ruleSemantics struct {
	// conditionsHold decides for conditions that cannot be evaluated.
	conditionsHold func([]condition, *authn.Principal) bool
	// identityFor returns the address and the domain by which a caller is known.
	identityFor func(*authn.Principal) (address, domain string)
	// doubts is set for denies. Names, addresses and domains are compared in lower case,
	// and a caller is every member that its token leaves untold.
	doubts bool
	groups groups
	// groupsOfSubjects is set if a subject is in one of the groups.
	groupsOfSubjects bool
}

type pair struct{ member, pattern uint32 }

// pairRules are the rules for one member and one pattern, in configured order.
type pairRules struct {
	entries []entry
	covered inference.Verbs // by entries without conditions
}

type entry struct {
	rule       int // index in names
	verbs      inference.Verbs
	conditions []condition
	require    authn.Proofs
	from       int64 // first second in which it applies; 0 for always
	until      int64 // first second in which it no longer applies; 0 for never
}

func newTable(s ruleSemantics) *table {
	return &table{
		members: map[member]uint32{}, pairs: map[pair]*pairRules{}, ruleSemantics: s,
		groupsOn: map[uint32][]*groupRule{}, groupsNamed: map[string][]*groupRule{}, bySubject: s.groupsOfSubjects,
	}
}

// add adds a rule for one member and the patterns of one model. It leaves out the
// verbs that an earlier rule without conditions covers.
func (t *table) add(m member, patterns []uint32, e entry) {
	if t.doubts {
		m = m.lowerCase()
	}
	id, ok := t.members[m]
	if !ok {
		id = uint32(len(t.members))
		t.members[m] = id
		t.firstFor = append(t.firstFor, int32(e.rule))
		if m.kind == group || m.kind == poolGroup {
			t.groupsNamed[m.name] = append(t.groupsNamed[m.name], &groupRule{m, id})
		}
	}
	t.noteKind(m)
	for _, pattern := range patterns {
		p := t.pairs[pair{id, pattern}]
		if p == nil {
			p = &pairRules{}
			t.pairs[pair{id, pattern}] = p
			if m.kind == group || m.kind == poolGroup {
				t.groupsOn[pattern] = append(t.groupsOn[pattern], t.groupRule(m, id))
			}
		}
		p.add(e)
	}
}

// groupRule returns the entry of groupsNamed for a member.
func (t *table) groupRule(m member, id uint32) *groupRule {
	list := t.groupsNamed[m.name]
	return list[slices.IndexFunc(list, func(g *groupRule) bool { return g.id == id })]
}

func (p *pairRules) add(e entry) {
	if e.verbs &^= p.covered; e.verbs == 0 {
		return
	}
	p.entries = append(p.entries, e)
	if e.conditions == nil && e.require == 0 && e.from == 0 && e.until == 0 {
		p.covered |= e.verbs
	}
}

func (e *entry) appliesAt(now int64) bool {
	return (e.from == 0 || now >= e.from) && (e.until == 0 || now < e.until)
}

// idList is a list of numbers that does not allocate up to the array's size. It
// has no slice of its own array: such a value would escape to the heap through
// the recursion over the trie.
type idList struct {
	n     int
	array [32]uint32
	more  []uint32
}

func (s *idList) add(id uint32) {
	if s.n < len(s.array) {
		s.array[s.n] = id
	} else {
		s.more = append(s.more, id)
	}
	s.n++
}

func (s *idList) at(i int) uint32 {
	if i < len(s.array) {
		return s.array[i]
	}
	return s.more[i-len(s.array)]
}

// query is what is looked up in a table.
type query struct {
	who   *authn.Principal
	verb  inference.Verb
	model *inference.Model
	now   int64 // seconds since 1970
	// labels is set if a version of the call that is no number is a label, which some
	// other version has too.
	labels bool
	// open is set if a model without a name stands for every model of the service, and
	// one without a version for every version: then a pattern on any of them is found.
	// For grants they may still follow, and for denies nothing tells which it is.
	open bool
	// any is set if one rule is as good as another.
	any bool
	// butScopes is set if a rule may apply without its conditions on scopes; lacking is
	// then the conditions of the rule that was found.
	butScopes bool
	lacking   []condition
}

func newQuery(now time.Time, who *authn.Principal, call *inference.Call) query {
	return query{who: who, verb: call.Verb, now: now.Unix(), labels: inference.HasVersionLabels(call.Protocol)}
}

// findForCall returns the first rule that applies to one of the models that a call
// means, or possibly means.
func (t *table) findForCall(q *query, call *inference.Call, open bool) (name string, ok bool) {
	q.open = open
	if name, ok = t.findAny(q, call.Models); ok {
		return name, true
	}
	return t.findAny(q, call.Possible)
}

// findAny returns the first rule that applies to one of the models.
func (t *table) findAny(q *query, models []inference.Model) (name string, ok bool) {
	for i := range models {
		q.model = &models[i]
		if name, ok = t.find(q); ok {
			return name, true
		}
	}
	return "", false
}

// find returns the name of the first rule, in configured order, that applies to
// the caller, the verb and the model.
func (t *table) find(q *query) (name string, ok bool) {
	if len(t.names) == 0 {
		return "", false
	}
	var patterns idList
	if t.match(q, &patterns); patterns.n == 0 {
		return "", false
	}
	best := len(t.names)
	lookAt := func(id uint32) (more bool) {
		for j := range patterns.n {
			if p := t.pairs[pair{id, patterns.at(j)}]; p != nil {
				best = t.earliest(p, q, best)
			}
		}
		return best > 0 && (best == len(t.names) || !q.any)
	}
	t.eachMember(q, &patterns, lookAt)
	if best == len(t.names) {
		return "", false
	}
	return t.names[best], true
}

// eachMember calls look with the number of each member that the caller is, until look returns
// false for a group.
func (t *table) eachMember(q *query, patterns *idList, look func(id uint32) (more bool)) {
	lookFor := func(m member) {
		if id, ok := t.members[m]; ok {
			look(id)
		}
	}
	lookFor(member{kind: everyone})
	if !q.who.IsToken() {
		t.peerMembersOf(&q.who.Holder, lookFor)
	}
	if !q.who.Anonymous() {
		t.membersOf(q.who, q.who.Issuer, lookFor)
		if t.anyIssuer {
			t.membersOf(q.who, "", lookFor)
		}
		t.groupsOf(q.who, patterns, look)
	}
}

// earliest returns the first rule of a pair that applies, or best if that is
// earlier.
func (t *table) earliest(p *pairRules, q *query, best int) int {
	for i := range p.entries {
		e := &p.entries[i]
		if e.rule >= best {
			break
		}
		if !e.verbs.Has(q.verb) || !e.appliesAt(q.now) || !e.require.MetBy(q.who) {
			continue
		}
		if t.conditionsHold(e.conditions, q.who) {
			return e.rule
		}
		if q.butScopes && holdButScopes(e.conditions, q.who) {
			q.lacking = e.conditions
			return e.rule
		}
	}
	return best
}
