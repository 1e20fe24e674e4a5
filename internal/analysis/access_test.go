package analysis

import (
	"math/bits"
	"slices"

	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
)

// whoCan compares who-can with brute force: whom an answer as a whole allows, and how many of each
// member's callers it says may.
func (x *trial) whoCan() {
	a, err := New(x.side)
	if err != nil {
		x.differs("%v", err)
	}
	applies := x.applying()
	for j, m := range x.models {
		for v := inference.Predict; v <= inference.Admin; v++ {
			q := Question{Verb: v, Model: m}
			list, err := a.WhoCan(q)
			if err != nil {
				x.differs("%v", err)
			}
			for i := range list {
				of := &list[i]
				x.counts["access "+of.Of.String()]++
				if c := of.Example; (c != nil) != (of.Of != None) || c != nil && !x.side.allows(x.side.Principal(c), q) {
					x.differs("%s is an example of who may %s %s", c, v, m)
				}
			}
			for i := range x.whos {
				x.whoCanOne(q, list, i, x.table[i][j].may.Has(v), applies)
			}
		}
	}
}

// whoCanOne compares the answer to a question with what one caller may.
func (x *trial) whoCanOne(q Question, list []Access, caller int, may bool, applies func(*authz.Term, int) bool) {
	covered := false
	for i := range list {
		of := &list[i]
		if !applies(&of.term, caller) {
			continue
		}
		if may && of.Of == None || !may && of.Of == All {
			x.differs("%s may %s %s: %v, and of %s's %s %s may", x.callers[caller], q.Verb, q.Model, may, of.Grant, of.Member, of.Of)
		}
		excepted := slices.ContainsFunc(of.Except, func(e Exception) bool { return applies(&e.term, caller) })
		covered = covered || of.Of != None && !excepted
	}
	if may != covered {
		x.differs("%s may %s %s: %v, and WhoCan says %v", x.callers[caller], q.Verb, q.Model, may, covered)
	}
	x.counts[map[bool]string{true: "may", false: "may not"}[may]]++
}

// applying returns whether a term applies to a caller, each of which is asked once: terms of one rule
// for one member apply alike.
func (x *trial) applying() func(*authz.Term, int) bool {
	type key struct {
		deny, shadow bool
		order        int
		member       authz.Member
	}
	known := map[key][]bool{}
	return func(t *authz.Term, caller int) bool {
		k := key{t.Deny, t.Shadow, t.Order, t.Member}
		if known[k] == nil {
			for _, who := range x.whos {
				known[k] = append(known[k], t.AppliesTo(x.side.policy, who))
			}
		}
		return known[k][caller]
	}
}

// matrix compares the matrix with what each caller of a row may.
func (x *trial) matrix() {
	m, err := NewMatrix(x.side)
	if err != nil {
		x.differs("%v", err)
	}
	table := classTable(x.side, x.whos, m.Classes)
	for i, row := range m.Rows {
		cells := map[Class]Reach{}
		for _, r := range m.Cells[i] {
			cells[r.Class] = r
		}
		for j := range x.whos {
			if !x.isIn(row, j) {
				continue
			}
			for k, class := range m.Classes {
				r, may := cells[class], table[j][k].may
				if may&^(r.All|r.Some) != 0 || r.All&^may != 0 {
					x.differs("%s is %s and may %v on %s; the matrix has all %v, some %v", x.callers[j], row, may.List(), class.Model,
						r.All.List(), r.Some.List())
				}
				x.count("cell all may", r.All)
				x.count("cell some may", r.Some&may)
				x.count("cell some may not", r.Some&^may)
				x.count("cell none may not", allVerbs&^(r.All|r.Some))
			}
		}
	}
}

func (x *trial) count(name string, verbs inference.Verbs) {
	x.counts[name] += bits.OnesCount16(uint16(verbs))
}

// isIn reports whether a caller is in a row.
func (x *trial) isIn(row Row, caller int) bool {
	who := x.whos[caller]
	if row.Issuer != "" && row.Issuer != who.Issuer {
		return false
	}
	members, err := x.side.membersOf(row.Member, row.Issuer)
	if err != nil {
		x.differs("%v", err)
	}
	if row.Member == "allUsers" {
		return who.Anonymous()
	}
	return slices.ContainsFunc(members, func(m authz.Member) bool { return x.side.policy.IsMember(who, m) })
}
