package authz

import (
	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// table is the index of all grants, or of all denies. A request looks up what
// its caller is (a few members) and what its model falls under (a few
// patterns), and then each pair of the two: its cost depends on those, not on
// how many rules there are.
type table struct {
	names   []string // of rules, in configured order
	members map[member]uint32
	root    node
	pairs   map[pair]*list
	// patterns counts those in root, which numbers them.
	patterns uint32
	// anyIssuer says that some rule holds for every issuer.
	anyIssuer bool
	meaning
}

// meaning is in what grants and denies differ: which conditions hold that cannot
// be evaluated, and what a caller goes by.
type meaning struct {
	holds  func([]condition, strictjson.Result) bool
	as     func(*authn.Principal) (address, domain string)
	folds  bool // the names of members are in small letters, as those of as
	groups groups
}

type pair struct{ member, pattern uint32 }

// list is what the rules say of one pair, in configured order.
type list struct {
	entries []entry
	covered inference.Verbs // by entries without conditions
}

type entry struct {
	rule       int // index in names
	verbs      inference.Verbs
	conditions []condition
	from       int64 // the second in which it begins; 0 for always
	until      int64 // the second in which it ends; 0 for never
}

func newTable(m meaning) *table {
	return &table{members: map[member]uint32{}, pairs: map[pair]*list{}, meaning: m}
}

// add files one rule under one member and one pattern. What an earlier rule
// without conditions already says is left out.
func (t *table) add(m member, pattern uint32, e entry) {
	if t.folds {
		m = m.folded()
	}
	id, ok := t.members[m]
	if !ok {
		id = uint32(len(t.members))
		t.members[m] = id
	}
	t.anyIssuer = t.anyIssuer || m.issuer == "" && m.kind != everyone && m.kind < spiffe
	l := t.pairs[pair{id, pattern}]
	if l == nil {
		l = &list{}
		t.pairs[pair{id, pattern}] = l
	}
	if e.verbs &^= l.covered; e.verbs == 0 {
		return
	}
	l.entries = append(l.entries, e)
	if e.conditions == nil && e.from == 0 && e.until == 0 {
		l.covered |= e.verbs
	}
}

func (e *entry) holdsAt(now int64) bool {
	return (e.from == 0 || now >= e.from) && (e.until == 0 || now < e.until)
}

// ids collects numbers without allocating, up to the array's size. It holds no
// slice of its own array: such a value would escape through the recursion.
type ids struct {
	// possible finds what may select the model once more of it is known: its name
	// where there is none yet, and its version.
	possible bool

	n     int
	array [32]uint32
	more  []uint32
}

func (s *ids) add(id uint32) {
	if s.n < len(s.array) {
		s.array[s.n] = id
	} else {
		s.more = append(s.more, id)
	}
	s.n++
}

func (s *ids) at(i int) uint32 {
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
	// possible asks of a model of which not everything is known.
	possible bool
}

// any returns the first rule that says something of one of the models.
func (t *table) any(q *query, models []inference.Model) (name string, ok bool) {
	for i := range models {
		q.model = &models[i]
		if name, ok = t.find(q); ok {
			return name, true
		}
	}
	return "", false
}

// find returns the first rule, in configured order, that says something of the
// caller, the verb and the model.
func (t *table) find(q *query) (name string, ok bool) {
	if len(t.names) == 0 {
		return "", false
	}
	var members, patterns ids
	patterns.possible = q.possible
	t.root.match(*q.model, &patterns)
	if patterns.n == 0 {
		return "", false
	}
	add := func(m member) {
		if id, ok := t.members[m]; ok {
			members.add(id)
		}
	}
	add(member{kind: everyone})
	if q.who.Peer != "" {
		add(member{kind: spiffe, name: q.who.Peer})
		add(member{kind: namespace, name: authn.PeerNamespace(q.who.Peer)})
	}
	if !q.who.Anonymous() {
		t.of(q.who, q.who.Issuer, add)
		if t.anyIssuer {
			t.of(q.who, "", add)
		}
	}
	best := len(t.names)
	for i := range members.n {
		for j := range patterns.n {
			if l := t.pairs[pair{members.at(i), patterns.at(j)}]; l != nil {
				best = t.first(l, q, best)
			}
		}
	}
	if best == len(t.names) {
		return "", false
	}
	return t.names[best], true
}

// first is the earliest rule of a list that holds, or best if none is earlier.
func (t *table) first(l *list, q *query, best int) int {
	for i := range l.entries {
		e := &l.entries[i]
		if e.rule >= best {
			break
		}
		if e.verbs.Has(q.verb) && e.holdsAt(q.now) && t.holds(e.conditions, q.who.Claims) {
			return e.rule
		}
	}
	return best
}
