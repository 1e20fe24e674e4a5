package analysis

import (
	"slices"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
)

// Extent says of how many callers something is true. The zero value is none.
type Extent uint8

// The extents.
const (
	None Extent = iota
	Some        // of some, and not of others
	All
)

func (e Extent) String() string { return [...]string{"none", "some", "all"}[e] }

// Access is what one grant gives to one of its members.
type Access struct {
	Grant      string
	Shadow     bool   // the grant is in shadow
	Issuer     string // who asserts the member; "" for any, or nobody
	Member     string // as rules write it
	Conditions []string
	Proofs     []string
	// Of says how many callers who are the member, meet the conditions and have the proofs
	// may: None if denies refuse them all, or there can be no such caller.
	Of      Extent
	Except  []Exception // the denies that refuse some of them
	Example *Caller     // one who may, or nil
	term    authz.Term
}

// Exception is a deny that refuses some of those whom a grant allows.
type Exception struct {
	Deny       string
	Issuer     string
	Member     string
	Conditions []string // that may be met
	term       authz.Term
}

// Analysis answers questions about one configuration.
type Analysis struct {
	side   *Side
	spaces map[string]*space
}

// New returns the analysis of a configuration.
func New(s *Side) (*Analysis, error) {
	all, err := spaces([]*Side{s}, nil)
	return &Analysis{s, all}, err
}

// WhoCan lists who may, by each grant that covers the question.
func (a *Analysis) WhoCan(q Question) ([]Access, error) {
	var list []Access
	if !a.side.reaches(q.Model) {
		return nil, nil
	}
	denies, grants := a.side.terms(q)
	for i := range grants {
		x := Access{
			Grant: grants[i].Rule, Shadow: grants[i].Shadow, Issuer: grants[i].Member.Issuer(), Member: grants[i].Member.String(),
			Conditions: conditionTexts(&grants[i]), Proofs: proofTexts(grants[i].Require), term: grants[i],
		}
		if err := a.extent(&x, q, denies); err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

// extent finds how many of a grant's members may.
func (a *Analysis) extent(x *Access, q Question, denies []authz.Term) (err error) {
	others := false // who may not
	for _, sp := range sorted(a.spaces) {
		is := sp.And(sp.valid[0], sp.term(0, &x.term))
		if is == sp.F {
			continue
		}
		if x.Example == nil {
			if x.Example, err = sp.find(sp.And(is, sp.allowed(0, q)), a.isOne(x.term, q, true)); err != nil {
				return err
			}
		}
		for i := range denies {
			refused, err := sp.exists(sp.And(is, sp.term(0, &denies[i])), a.isOne(denies[i], q, false))
			if err != nil {
				return err
			}
			if refused {
				others = true
				x.addException(denies[i])
			}
		}
	}
	switch {
	case x.Example != nil && others:
		x.Of = Some
	case x.Example != nil:
		x.Of = All
	}
	return nil
}

// isOne asks the policy itself about a caller that was found: a term applies to it, and it may or
// may not.
func (a *Analysis) isOne(t authz.Term, q Question, may bool) check {
	return func(who []*authn.Principal) bool {
		return who[0] != nil && t.AppliesTo(a.side.policy, who[0]) && a.side.allows(who[0], q) == may
	}
}

func (x *Access) addException(t authz.Term) {
	e := Exception{Deny: t.Rule, Issuer: t.Member.Issuer(), Member: t.Member.String(), Conditions: conditionTexts(&t), term: t}
	same := func(o Exception) bool { return o.Deny == e.Deny && o.term.Member == t.Member }
	if !slices.ContainsFunc(x.Except, same) {
		x.Except = append(x.Except, e)
	}
}

func conditionTexts(t *authz.Term) (list []string) {
	for _, c := range t.Conditions {
		list = append(list, c.String())
	}
	return list
}

func proofTexts(p authn.Proofs) (list []string) {
	if p.Has(authn.ByCertificate) {
		list = append(list, "certificate")
	}
	if p.Has(authn.BySignature) {
		list = append(list, "signature")
	}
	return list
}

// Reach is what the callers who are a member may do with a class of models.
type Reach struct {
	Class
	All, Some inference.Verbs
}

// WhatCan lists the classes of models that some callers who are a member may reach. Only
// issuers that the caller names count; "" is every one.
func WhatCan(s *Side, member, issuer string) ([]Reach, error) {
	m, err := newMatrix(s, []Row{{Member: member, Issuer: issuer}})
	if err != nil {
		return nil, err
	}
	return m.Cells[0], nil
}
