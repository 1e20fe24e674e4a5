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

// simplest fixes the choice of each slot, the normal one where the formula holds with it, and
// returns the literals of the choice.
func (sp *space) simplest(formula z.Lit) (lits []z.Lit) {
	holds := func(l z.Lit) bool {
		sp.solver.Assume(append(lits, l, formula)...)
		return sp.solver.Solve() == 1
	}
	for _, s := range sp.allSlots() {
		for _, k := range sp.byPreference(s) {
			if holds(s.chosen[k]) {
				lits = append(lits, s.chosen[k])
				break
			}
		}
		for i := range s.bits {
			l := s.set[i].Not()
			if !holds(l) {
				l = s.set[i]
			}
			lits = append(lits, l)
		}
	}
	return lits
}

// byPreference orders the kinds of a slot: what makes the simplest credential first.
func (sp *space) byPreference(s *slot) []int {
	var list []int
	for k := range s.kinds {
		list = append(list, k)
	}
	rank := func(k int) int {
		of := s.kinds[k]
		switch {
		case len(sp.normals) > 0 && len(sp.slots) > 0 && sp.normals[0][s].kind == k && slices.Contains(sp.slots, s):
			return 0
		case of.raw == "" && of.list == noList && !of.elsewhere:
			return 1
		case of.elsewhere, of.tab, of.raw == "null":
			return 4
		case of.raw == "true", of.raw == "false", of.raw == "0.5", of.raw == "{}":
			return 3
		}
		return 2
	}
	slices.SortStableFunc(list, func(a, b int) int { return rank(a) - rank(b) })
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
