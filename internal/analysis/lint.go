package analysis

import (
	"maps"
	"slices"

	"github.com/go-air/gini/z"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
)

// Check is what a finding is about.
type Check string

// The checks.
const (
	UnreachableGrant Check = "unreachable-grant"    // nobody is allowed anything by it
	RedundantGrant   Check = "redundant-grant"      // other grants give everybody the same
	ShadowedDeny     Check = "shadowed-deny"        // other denies refuse all that it refuses
	NeverMember      Check = "member-never-matches" // no caller can be the member
	UnreachableModel Check = "unreachable-model"    // nobody may do anything with a model that routes name
	Wildcard         Check = "wildcard"             // everybody may change models
)

// Finding is a part of a configuration that probably does not do what its author means.
type Finding struct {
	Check  Check
	Of     string // the name of the grant or the deny, or the model
	Member string // of NeverMember
	Issuer string // the same
	Text   string
}

// Lint finds parts of a configuration that do nothing, or more than they should.
func Lint(s *Side) ([]Finding, error) {
	l := linter{side: s, grants: map[string]*ruleUse{}, denies: map[string]*ruleUse{}, models: map[string]bool{}}
	denies, grants := s.policy.RuleNames()
	for _, name := range denies {
		l.denies[name] = &ruleUse{covered: true}
	}
	for _, name := range grants {
		l.grants[name] = &ruleUse{covered: true}
	}
	for i := range s.all {
		if t := &s.all[i]; !t.Shadow {
			l.use(t).covered = false
		}
	}
	var err error
	if l.spaces, err = spaces([]*Side{s}, nil); err != nil {
		return nil, err
	}
	for _, m := range s.routes.DeclaredModels() {
		l.models[m.String()] = false
		if err := l.ask(Class{Model: m, Pattern: m.String()}); err != nil {
			return nil, err
		}
	}
	for _, class := range classes([]*Side{s}) {
		if err := l.ask(class); err != nil {
			return nil, err
		}
	}
	list, err := l.members()
	return append(l.findings(), list...), err
}

type linter struct {
	side           *Side
	spaces         map[string]*space
	grants, denies map[string]*ruleUse // by name
	models         map[string]bool     // whether somebody may do something with them
	wide           []Finding
}

// ruleUse is what is known of a rule so far.
type ruleUse struct {
	applies, works, alone bool
	covered               bool // rules before it have all that it has
}

func (l *linter) use(t *authz.Term) *ruleUse {
	of := l.grants
	if t.Deny {
		of = l.denies
	}
	return of[t.Rule]
}

// ask notes what the rules do for a class of models.
func (l *linter) ask(class Class) error {
	for v := inference.Predict; v <= inference.Admin; v++ {
		q := class.question(v)
		denies, grants := l.side.terms(q)
		grants = slices.DeleteFunc(slices.Clone(grants), func(t authz.Term) bool { return t.Shadow })
		for _, sp := range sorted(l.spaces) {
			allowed := sp.allowed(0, q)
			if open := l.unreached(class); len(open) > 0 {
				found, err := sp.exists(allowed, func(who []*authn.Principal) bool { return l.side.allows(who[0], q) })
				if err != nil {
					return err
				}
				for _, name := range open {
					l.models[name] = found
				}
			}
			if err := l.askRules(sp, grants, allowed); err != nil {
				return err
			}
			if err := l.askRules(sp, denies, sp.T); err != nil {
				return err
			}
		}
		l.noteWildcards(class, v, grants)
	}
	return nil
}

// unreached returns the models of routes that a call on a class would reach, and that are not
// known to be reached: the model itself, and the service that it is in. Whoever may use a model
// inside a service has a use for the service.
func (l *linter) unreached(class Class) (names []string) {
	m := class.Model
	service := inference.Model{Namespace: m.Namespace, Service: m.Service, Name: m.Service}
	for _, name := range []string{class.Pattern, service.String()} {
		if known, declared := l.models[name]; declared && !known && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// askRules notes of rules whether they apply, work where nothing takes it away, and whether
// they do so without the others of their kind. working says for whom they work.
func (l *linter) askRules(sp *space, terms []authz.Term, working z.Lit) error {
	for i := range terms {
		t := &terms[i]
		use, others := l.use(t), sp.F
		if use.applies && use.works && use.alone {
			continue
		}
		is := sp.And(sp.valid[0], sp.term(0, t))
		for j := range terms {
			if terms[j].Rule != t.Rule {
				others = sp.Or(others, sp.term(0, &terms[j]))
			}
		}
		applies := func(who []*authn.Principal) bool { return who[0] != nil && t.AppliesTo(l.side.policy, who[0]) }
		for _, of := range []struct {
			known   *bool
			formula z.Lit
		}{{&use.applies, is}, {&use.works, sp.And(is, working)}, {&use.alone, sp.Ands(is, working, others.Not())}} {
			if !*of.known {
				found, err := sp.exists(of.formula, applies)
				if err != nil {
					return err
				}
				*of.known = found
			}
		}
	}
	return nil
}

// noteWildcards notes grants by which everybody may change models.
func (l *linter) noteWildcards(class Class, v inference.Verb, grants []authz.Term) {
	for i := range grants {
		t := &grants[i]
		name := t.Member.String()
		everybody := name == "allUsers" || name == "allAuthenticatedUsers" && t.Conditions == nil && t.Require == 0
		if !everybody || v < inference.Load {
			continue
		}
		f := Finding{Check: Wildcard, Of: t.Rule, Text: "gives " + name + " the verb " + v.String() + ", on " + class.Pattern + " for one"}
		if !slices.ContainsFunc(l.wide, func(o Finding) bool { return o.Of == f.Of }) {
			l.wide = append(l.wide, f)
		}
	}
}

func (l *linter) findings() (list []Finding) {
	for _, name := range slices.Sorted(maps.Keys(l.grants)) {
		switch use := l.grants[name]; {
		case use.covered:
			list = append(list, Finding{Check: RedundantGrant, Of: name, Text: "changes nothing: grants before it give all that it does"})
		case !use.applies:
			list = append(list, Finding{Check: UnreachableGrant, Of: name, Text: "applies to no caller and no model that a route leads to"})
		case !use.works:
			list = append(list, Finding{Check: UnreachableGrant, Of: name, Text: "allows nobody anything: denies refuse all that it grants"})
		case !use.alone:
			list = append(list, Finding{Check: RedundantGrant, Of: name, Text: "changes nothing: other grants allow all that it does"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.denies)) {
		if use := l.denies[name]; use.covered || use.applies && !use.alone {
			list = append(list, Finding{Check: ShadowedDeny, Of: name, Text: "changes nothing: other denies refuse all that it does"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.models)) {
		if !l.models[name] {
			list = append(list, Finding{Check: UnreachableModel, Of: name, Text: "is a model of a route, and no caller may do anything with it"})
		}
	}
	return append(list, l.wide...)
}

// members finds members of grants that no caller can be.
func (l *linter) members() (list []Finding, err error) {
	for i := range l.side.all {
		t := l.side.all[i]
		if t.Deny || t.Shadow {
			continue
		}
		found := false
		for _, sp := range sorted(l.spaces) {
			var err error
			found, err = sp.exists(sp.And(sp.valid[0], sp.member(0, t.Member)), func(who []*authn.Principal) bool {
				return who[0] != nil && l.side.policy.IsMember(who[0], t.Member)
			})
			if err != nil {
				return nil, err
			}
			if found {
				break
			}
		}
		if !found {
			list = append(list, Finding{
				Check: NeverMember, Of: t.Rule, Member: t.Member.String(), Issuer: t.Member.Issuer(),
				Text: "names " + t.Member.String() + ", which no caller of issuer " + quote(t.Member.Issuer()) + " can be",
			})
		}
	}
	return list, nil
}
