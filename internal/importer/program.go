package importer

import (
	"fmt"
	"slices"
)

// program is what a source decides about the requests of one workload: one rule of each list
// of allow must hold, and none of denies. Without a list everybody is allowed.
type program struct {
	service     string // NAMESPACE/NAME
	trustDomain string
	allow       [][]sourceRule
	denies      []sourceRule
	credentials string // of the routes
}

// sourceRule is a rule at its place in the source.
type sourceRule struct {
	at   value
	name string
	when expr
}

// compile adds the routes, grants and denies of a program to the configuration.
func (s *session) compile(p *program) error {
	var literals []*literal
	for _, list := range append(slices.Clone(p.allow), p.denies) {
		for _, r := range list {
			literals = appendLiterals(literals, r.when)
		}
	}
	if slices.ContainsFunc(literals, func(l *literal) bool { return l.kind == onPeer }) {
		s.config.Peer = &peer{p.trustDomain}
	}
	sp := newSpace(literals, s.options)
	const most = 50_000
	if n := len(sp.sortedHosts()) * len(sp.paths) * len(sp.methods); n > most {
		return fmt.Errorf("must have rules about at most %d hosts, paths and methods, multiplied; got %d", most, n)
	}
	w := &writer{session: s, program: p, space: sp, verdicts: map[key]*verdict{}}
	for _, host := range sp.sortedHosts() {
		for _, path := range sp.sortedPaths() {
			for _, method := range sp.methods {
				c := &cell{space: sp, host: host, path: path, method: method}
				v, err := w.decide(c)
				if err != nil {
					return err
				}
				w.verdicts[key{host, path, method}] = v
			}
		}
	}
	s.otherHosts(w)
	s.otherPorts(w)
	w.write()
	return nil
}

// appendLiterals appends the literals of a condition.
func appendLiterals(list []*literal, e expr) []*literal {
	if e.kind == literally {
		return append(list, e.is)
	}
	for _, part := range e.parts {
		list = appendLiterals(list, part)
	}
	return list
}

// decide returns the verdict about a cell: what holds for each form of its host.
func (w *writer) decide(c *cell) (*verdict, error) {
	allow, denies := []term{{}}, []term(nil)
	for _, probe := range c.probes() {
		for _, list := range w.program.allow {
			one, err := w.terms(probe, list, false)
			if err == nil {
				allow, err = product(allow, one)
			}
			if err != nil {
				return nil, err
			}
		}
		more, err := w.terms(probe, w.program.denies, true)
		if err != nil {
			return nil, err
		}
		denies = append(denies, more...)
	}
	return w.weigh(allow, denies)
}

// terms returns the terms of rules for a cell, and notes what the gate cannot say of them.
func (w *writer) terms(c *cell, rules []sourceRule, denying bool) (list []term, err error) {
	for _, r := range rules {
		var doubts, others []*literal
		e := r.when.partly(c, denying, &doubts)
		if doubts != nil && !sameExpr(e, r.when.partly(c, !denying, &others)) {
			w.noteDoubts(doubts, denying)
		}
		terms, err := e.terms(false)
		if err != nil {
			return nil, r.at.problem("%v", err)
		}
		for _, t := range terms {
			t.rule = r.name
			if list = append(list, t); len(list) > maxTerms {
				return nil, r.at.problem("%v", tooManyTerms{})
			}
		}
	}
	return list, nil
}

// sameExpr compares simple conditions.
func sameExpr(a, b expr) bool {
	return a.kind == b.kind && a.is == b.is && slices.EqualFunc(a.parts, b.parts, sameExpr)
}

// weigh returns the verdict for what allows and what denies.
func (w *writer) weigh(allow, denies []term) (*verdict, error) {
	var err error
	var kept []term
	for _, d := range denies {
		if len(d.literals) == 0 {
			return &verdict{}, nil
		}
		if slices.ContainsFunc(d.literals, func(l signed) bool { return !l.not }) {
			kept = append(kept, d)
			continue
		}
		// Only exceptions: nobody is allowed who is none of them.
		var exceptions []term
		for _, l := range d.literals {
			exceptions = append(exceptions, term{literals: []signed{{l.is, false}}})
		}
		if allow, err = product(allow, exceptions); err != nil {
			return nil, w.problemOf(d, err)
		}
	}
	v := &verdict{}
	allow = w.possible(allow)
	for _, t := range allow {
		w.allow(v, t, len(allow) == 1)
	}
	if len(v.grants) == 0 {
		return &verdict{}, nil
	}
	for _, d := range kept {
		if !w.deny(v, d) {
			return &verdict{}, nil
		}
	}
	v.classify()
	return v, nil
}

func (w *writer) problemOf(t term, err error) error { return t.literals[0].is.at.problem("%v", err) }

// possible returns the terms that somebody can fulfil, each once, and only the one that
// everybody does if there is one.
func (w *writer) possible(terms []term) (list []term) {
	for _, t := range terms {
		if len(t.literals) == 0 {
			return []term{t}
		}
		_, _, ok := callersOf(w.program.trustDomain, t)
		same := func(other term) bool { return other.rule == t.rule && slices.Equal(other.literals, t.literals) }
		if ok && !slices.ContainsFunc(list, same) {
			list = append(list, t)
		}
	}
	w.noteTwoTokens(terms, list)
	return list
}

// allow adds the grants of a term. What the term excepts is denied where nothing else is
// allowed; else the term is left out.
func (w *writer) allow(v *verdict, t term, alone bool) {
	callers, exceptions, _ := callersOf(w.program.trustDomain, t)
	var denies []rule
	for _, l := range exceptions {
		of, _, _ := callersOf(w.program.trustDomain, term{literals: []signed{{l, false}}})
		list, wide, ok := of.denies()
		if !alone || !ok {
			w.session.leftOut(l.at, "a grant has no exception, and a deny would be of what others are granted. What only this allows is refused")
			return
		}
		for _, p := range wide {
			w.session.wider(l.at, "%s", p.text)
		}
		denies = append(denies, named(list, t.rule)...)
	}
	grants, problems := callers.grants()
	for _, p := range problems {
		at := t.literals[0].is.at
		if p.of != nil {
			at = p.of.at
		}
		w.session.leftOut(at, "%s. What only this allows is refused", p.text)
	}
	v.grants = append(v.grants, named(grants, t.rule)...)
	v.denies = append(v.denies, denies...)
}

// deny adds the denies of a term. It reports false where everybody must be denied.
func (w *writer) deny(v *verdict, t term) bool {
	callers, exceptions, possible := callersOf(w.program.trustDomain, t)
	for _, l := range exceptions {
		w.session.wider(l.at, "a deny has no exception: it applies to these callers too")
	}
	if !possible {
		return true
	}
	list, wide, ok := callers.denies()
	for _, p := range wide {
		at := t.literals[0].is.at
		if p.of != nil {
			at = p.of.at
		}
		if !ok {
			p.text += ": the deny is of everybody"
		}
		w.session.wider(at, "%s", p.text)
	}
	v.denies = append(v.denies, named(list, t.rule)...)
	return ok
}

func named(rules []rule, name string) []rule {
	for i := range rules {
		rules[i].Name = name
	}
	return rules
}
