package importer

import (
	"fmt"
	"slices"
)

// expr is a condition on requests: all of its parts hold, or one of them, or a part does not,
// or what a literal says. allOf without parts always holds, and oneOf without parts never.
type expr struct {
	kind  exprKind
	parts []expr
	is    *literal
}

type exprKind uint8

const (
	allOf exprKind = iota
	oneOf
	noneOf // of one part
	literally
)

func all(parts ...expr) expr    { return expr{kind: allOf, parts: parts} }
func either(parts ...expr) expr { return expr{kind: oneOf, parts: parts} }
func not(part expr) expr        { return expr{kind: noneOf, parts: []expr{part}} }

// is returns the condition of a literal, which never holds where it is of nobody.
func is(l *literal) expr {
	ofToken := l.kind == onToken || l.kind == onClaim
	if l.kind == onPeer && len(l.peers) == 0 || ofToken && len(l.tokens) == 0 {
		return either()
	}
	return expr{kind: literally, is: l}
}

// literal is one condition of a source, at its place there.
type literal struct {
	at     value
	kind   literalKind
	text   textTest    // of a path, a method or a host
	peers  []peerName  // one of them is the certificate's
	tokens []tokenName // one of them is the token's
	claim  *claimTest  // the token has, beside one of tokens
	why    string      // the gate does not know it
}

type literalKind uint8

const (
	onPath literalKind = iota
	onMethod
	onHost
	onPeer
	onToken
	onClaim
	unknown // what the gate cannot say
)

// cannot returns the condition of something that the gate cannot say.
func cannot(at value, format string, args ...any) expr {
	return is(&literal{at: at, kind: unknown, why: fmt.Sprintf(format, args...)})
}

// truth is what a condition is of all requests of a cell.
type truth uint8

const (
	maybe truth = iota // of some, or it cannot be said
	yes
	no
)

// partly evaluates a condition as far as it is about paths, methods and hosts. What is left is
// about callers. Where the cell does not decide, the result is as far as in doubt says: what
// may hold counts as holding, or as not. The literals in doubt are added to the list.
func (e expr) partly(in *cell, doubt bool, doubts *[]*literal) expr {
	switch e.kind {
	case noneOf:
		return not(e.parts[0].partly(in, !doubt, doubts)).simple()
	case literally:
		if e.is.kind == onPeer || e.is.kind == onToken || e.is.kind == onClaim {
			return e
		}
		t := in.test(e.is)
		if t == maybe {
			*doubts = append(*doubts, e.is)
			t = no
			if doubt {
				t = yes
			}
		}
		if t == yes {
			return all()
		}
		return either()
	}
	left := expr{kind: e.kind}
	for _, part := range e.parts {
		left.parts = append(left.parts, part.partly(in, doubt, doubts))
	}
	return left.simple()
}

// always and never report whether a simple condition holds whoever calls.
func (e expr) always() bool { return e.kind == allOf && len(e.parts) == 0 }
func (e expr) never() bool  { return e.kind == oneOf && len(e.parts) == 0 }

// simple returns the condition without parts that are always or never.
func (e expr) simple() expr {
	switch e.kind {
	case noneOf:
		part := e.parts[0]
		switch {
		case part.always():
			return either()
		case part.never():
			return all()
		}
	case allOf:
		if slices.ContainsFunc(e.parts, expr.never) {
			return either()
		}
		e.parts = slices.DeleteFunc(slices.Clone(e.parts), expr.always)
	case oneOf:
		if slices.ContainsFunc(e.parts, expr.always) {
			return all()
		}
		e.parts = slices.DeleteFunc(slices.Clone(e.parts), expr.never)
	}
	return e
}

// signed is a literal, or that it does not hold.
type signed struct {
	is  *literal
	not bool
}

// term is literals that hold together, and the rule of the source that says so.
type term struct {
	rule     string
	literals []signed
}

// maxTerms bounds what the rules for one kind of request multiply out to.
const maxTerms = 1000

type tooManyTerms struct{}

func (tooManyTerms) Error() string {
	return fmt.Sprintf("must have rules that multiply out to at most %d for a request; got more", maxTerms)
}

// terms returns the condition, or with not its contrary, as terms of which one holds.
func (e expr) terms(not bool) ([]term, error) {
	switch {
	case e.kind == literally:
		return []term{{literals: []signed{{e.is, not}}}}, nil
	case e.kind == noneOf:
		return e.parts[0].terms(!not)
	case (e.kind == oneOf) != not:
		var list []term
		for _, part := range e.parts {
			more, err := part.terms(not)
			if err != nil {
				return nil, err
			}
			if list = append(list, more...); len(list) > maxTerms {
				return nil, tooManyTerms{}
			}
		}
		return list, nil
	}
	list := []term{{}}
	for _, part := range e.parts {
		more, err := part.terms(not)
		if err != nil {
			return nil, err
		}
		if list, err = product(list, more); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// product returns the terms that hold where one of each list does. The rule is that of the
// first list, if it has one.
func product(a, b []term) ([]term, error) {
	if len(a)*len(b) > maxTerms {
		return nil, tooManyTerms{}
	}
	var list []term
	for _, x := range a {
		for _, y := range b {
			t := term{rule: x.rule, literals: slices.Clone(x.literals)}
			if t.rule == "" {
				t.rule = y.rule
			}
			for _, l := range y.literals {
				if !slices.Contains(t.literals, l) {
					t.literals = append(t.literals, l)
				}
			}
			list = append(list, t)
		}
	}
	return list, nil
}
