package analysis

import (
	"fmt"
	"slices"

	"github.com/go-air/gini/z"

	"github.com/modelgate/modelgate/internal/authn"
)

// maxBroken bounds the callers that the solver finds and that turn out not to be.
const maxBroken = 200

// maxWitnesses bounds the callers that are tried before the solver is asked.
const maxWitnesses = 64

// witness is a caller that the solver has found.
type witness struct {
	caller *Caller
	who    []*authn.Principal // by side; nil where the credential is refused
	known  [][]truth          // of the formulas' parts, by page and variable; nil for a page of which nothing is known
}

// page is the number of variables in a page of a witness: formulas share few of them, and there are
// many.
const page = 512

// truth is what a witness makes of a part of a formula.
type truth uint8

const (
	notAsked truth = iota
	no
	yes
)

// check asks what decides in the proxy about a caller, as each side knows it.
type check func(who []*authn.Principal) bool

// find returns a caller for whom the formula holds; nil if there is none. It has the simplest
// credential of those that are like it.
func (sp *space) find(formula z.Lit, ok check) (*Caller, error) {
	w, known := sp.answers[formula]
	if !known || w != nil && !ok(w.who) {
		var err error
		if w, err = sp.solve(formula, true, ok); err != nil {
			return nil, err
		}
		sp.answers[formula] = w
	}
	if w == nil {
		return nil, nil
	}
	return w.caller, nil
}

// exists reports whether there is a caller for whom the formula holds.
func (sp *space) exists(formula z.Lit, ok check) (bool, error) {
	if w, known := sp.answers[formula]; known && (w == nil || ok(w.who)) {
		return w != nil, nil
	}
	if w := sp.ones[formula]; w != nil && ok(w.who) {
		return true, nil
	}
	for _, w := range slices.Backward(sp.witnesses) {
		if sp.holds(w, formula) && ok(w.who) {
			sp.ones[formula] = w
			return true, nil
		}
	}
	w, err := sp.solve(formula, false, ok)
	switch {
	case err != nil:
		return false, err
	case w == nil:
		sp.answers[formula] = nil
	default:
		sp.ones[formula] = w
	}
	return w != nil, nil
}

// solve asks the solver. Unless a simple credential is asked for, the first one is as good as any.
func (sp *space) solve(formula z.Lit, simple bool, ok check) (*witness, error) {
	if formula == sp.F {
		return nil, nil
	}
	sp.mark, _ = sp.CnfSince(sp.solver, sp.mark, formula)
	for {
		if sp.solver.Assume(formula); sp.solver.Solve() != 1 {
			return nil, nil
		}
		m := sp.model()
		if simple {
			m = sp.simplest(formula, m)
		}
		w := sp.witness(m)
		if ok(w.who) {
			if sp.witnesses = append(sp.witnesses, w); len(sp.witnesses) > maxWitnesses {
				sp.witnesses = sp.witnesses[1:]
			}
			return w, nil
		}
		if sp.broken++; sp.broken > maxBroken {
			return nil, fmt.Errorf("issuer %q: the rules compare claims in a way that cannot be told exactly; the last caller tried was %s",
				sp.issuer, w.caller)
		}
		simple = true // what a credential has beside what matters may be what breaks it
		sp.exclude(m)
	}
}

// model returns the choice for all slots that the solver has found.
func (sp *space) model() choice {
	m := make(choice, len(sp.all))
	for i, s := range sp.all {
		m[i].kind = max(slices.IndexFunc(s.chosen, sp.solver.Value), 0)
		for b, l := range s.set {
			if sp.solver.Value(l) {
				m[i].bits = append(m[i].bits, b)
			}
		}
	}
	return m
}

// exclude keeps the solver from finding a choice again.
func (sp *space) exclude(m choice) {
	var clause []z.Lit
	for i := range m {
		for _, l := range sp.literals(i, m[i]) {
			clause = append(clause, l.Not())
		}
	}
	sp.clause(clause...)
}

// literals returns what is true of a slot with a choice.
func (sp *space) literals(at int, of chosen) []z.Lit {
	s := sp.all[at]
	lits := []z.Lit{s.chosen[of.kind]}
	for b, l := range s.set {
		if slices.Contains(of.bits, b) {
			lits = append(lits, l)
		} else {
			lits = append(lits, l.Not())
		}
	}
	return lits
}

// simplest returns a choice for which the formula holds. It begins with one that the solver has
// found, and takes for each slot what makes a simpler credential, if the formula holds with that.
func (sp *space) simplest(formula z.Lit, m choice) choice {
	var lits []z.Lit
	holds := func(l z.Lit) bool {
		sp.solver.Assume(append(lits, l, formula)...)
		ok := sp.solver.Solve() == 1
		if ok {
			m = sp.model()
		}
		return ok
	}
	for i, s := range sp.all {
		for _, simpler := range sp.simpler(s, m[i].kind) {
			if holds(s.chosen[simpler]) {
				break
			}
		}
		lits = append(lits, s.chosen[m[i].kind])
		for b, l := range s.set {
			if slices.Contains(m[i].bits, b) && !holds(l.Not()) {
				lits = append(lits, l)
			} else {
				lits = append(lits, l.Not())
			}
		}
	}
	return m
}

// simpler lists kinds of a slot that make a simpler credential than another kind: the normal
// one, and none.
func (sp *space) simpler(s *slot, than int) (list []int) {
	if len(sp.normals) > 0 && s.at < len(sp.slots) {
		list = append(list, sp.normals[0][s.at].kind)
	}
	if i := slices.Index(s.kinds, kind{}); i >= 0 {
		list = append(list, i)
	}
	if i := slices.Index(list, than); i >= 0 {
		list = list[:i]
	}
	return list
}

// witness makes the caller of a choice for all slots.
func (sp *space) witness(m choice) *witness {
	w := &witness{caller: sp.caller(m)}
	for _, s := range sp.sides {
		w.who = append(w.who, s.Principal(w.caller))
	}
	for i := range m { // what is not chosen is not so
		*w.at(sp.all[i].chosen[m[i].kind].Var()) = yes
		for _, b := range m[i].bits {
			*w.at(sp.all[i].set[b].Var()) = yes
		}
	}
	*w.at(sp.T.Var()) = yes
	return w
}

// at returns what is known of a variable.
func (w *witness) at(v z.Var) *truth {
	for int(v/page) >= len(w.known) {
		w.known = append(w.known, nil)
	}
	if w.known[v/page] == nil {
		w.known[v/page] = make([]truth, page)
	}
	return &w.known[v/page][v%page]
}

// holds reports whether a formula holds for a witness.
func (sp *space) holds(w *witness, formula z.Lit) bool {
	is := w.at(formula.Var())
	if *is == notAsked {
		*is = no
		if a, b := sp.Ins(formula); a != z.LitNull && sp.holds(w, a) && sp.holds(w, b) {
			*is = yes
		}
	}
	return (*is == yes) == formula.IsPos()
}

// caller returns the caller of a choice for all slots.
func (sp *space) caller(m choice) *Caller {
	c := &Caller{Issuer: sp.issuer, Signed: m[sp.signed.at].kind == 1}
	if sp.issuer != "" {
		c.Document = sp.document(m)
	}
	if p := &sp.peer; p.uri != nil {
		c.Via = p.via.kinds[m[p.via.at].kind].raw
		for _, f := range p.forms() {
			of := f.kinds[m[f.at].kind]
			if of.raw != "" {
				f.add(c, of.raw)
			}
			if of.elsewhere {
				c.Untold |= f.form
			}
			for _, b := range m[f.at].bits {
				f.add(c, f.bits[b].text)
			}
		}
	}
	return c
}
