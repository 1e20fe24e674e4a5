package analysis

import (
	"fmt"
	"slices"

	"github.com/go-air/gini/z"
)

// maxBroken bounds the callers that the solver finds and that turn out not to be.
const maxBroken = 200

// find returns a caller for whom the formula holds; nil if there is none. check asks what
// decides in the proxy about the caller.
func (sp *space) find(formula z.Lit, check func(*Caller) bool) (*Caller, error) {
	if formula == sp.F {
		return nil, nil
	}
	if c, known := sp.answers[formula]; known && (c == nil || check(c)) {
		return c, nil
	}
	sp.mark, _ = sp.CnfSince(sp.solver, sp.mark, formula)
	for {
		if sp.solver.Assume(formula); sp.solver.Solve() != 1 {
			sp.answers[formula] = nil
			return nil, nil
		}
		lits := sp.simplest(formula)
		c := sp.caller(lits)
		if check(c) {
			sp.answers[formula] = c
			return c, nil
		}
		if sp.broken++; sp.broken > maxBroken {
			return nil, fmt.Errorf("issuer %q: the rules compare claims in a way that cannot be told exactly; the last caller tried was %s",
				sp.issuer, c)
		}
		for i := range lits {
			lits[i] = lits[i].Not()
		}
		sp.clause(lits...)
	}
}

// simplest returns the literals of a choice for which the formula holds. It begins with the one
// that the solver has found, and takes for each slot what makes a simpler credential, if the
// formula holds with that.
func (sp *space) simplest(formula z.Lit) (lits []z.Lit) {
	var slots []*slot
	found := map[z.Lit]bool{}
	note := func() {
		for _, s := range slots {
			for _, l := range slices.Concat(s.chosen, s.set) {
				found[l] = sp.solver.Value(l)
			}
		}
	}
	holds := func(l z.Lit) bool {
		sp.solver.Assume(append(lits, l, formula)...)
		ok := sp.solver.Solve() == 1
		if ok {
			note()
		}
		return ok
	}
	slots = sp.allSlots()
	note()
	for _, s := range slots {
		k := slices.IndexFunc(s.chosen, func(l z.Lit) bool { return found[l] })
		for _, simpler := range sp.simpler(s, k) {
			if holds(s.chosen[simpler]) {
				k = simpler
				break
			}
		}
		lits = append(lits, s.chosen[k])
		for i := range s.bits {
			if l := s.set[i]; found[l] && !holds(l.Not()) {
				lits = append(lits, l)
			} else {
				lits = append(lits, l.Not())
			}
		}
	}
	return lits
}

// simpler lists kinds of a slot that make a simpler credential than another kind: the normal
// one, and none.
func (sp *space) simpler(s *slot, than int) (list []int) {
	if len(sp.normals) > 0 && slices.Contains(sp.slots, s) {
		list = append(list, sp.normals[0][s].kind)
	}
	if i := slices.Index(s.kinds, kind{}); i >= 0 {
		list = append(list, i)
	}
	if i := slices.Index(list, than); i >= 0 {
		list = list[:i]
	}
	return list
}

// caller returns the caller of a choice that the literals say.
func (sp *space) caller(lits []z.Lit) *Caller {
	is := map[z.Lit]bool{}
	for _, l := range lits {
		is[l] = true
	}
	all := choice{}
	for _, s := range sp.allSlots() {
		k := max(slices.IndexFunc(s.chosen, func(l z.Lit) bool { return is[l] }), 0)
		of := chosen{kind: k}
		for _, b := range s.bitsOf(k) {
			if is[s.set[b]] {
				of.bits = append(of.bits, b)
			}
		}
		all[s] = of
	}
	c := &Caller{Issuer: sp.issuer, Signed: all[sp.signed].kind == 1}
	if sp.issuer != "" {
		c.Document = sp.document(all)
	}
	if p := &sp.peer; p.uri != nil {
		raw := func(s *slot) string { return s.kinds[all[s].kind].raw }
		c.URI, c.Subject, c.Digest, c.Via = raw(p.uri), raw(p.subject), raw(p.digest), raw(p.via)
		c.Unseen = p.dns.kinds[all[p.dns].kind].elsewhere
		for _, b := range all[p.dns].bits {
			c.DNS = append(c.DNS, p.dns.bits[b].text)
		}
	}
	return c
}
