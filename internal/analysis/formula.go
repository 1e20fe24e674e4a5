package analysis

import (
	"maps"
	"slices"

	"github.com/go-air/gini/z"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// term says to which callers a rule applies, as it is filed for one member.
func (sp *space) term(side int, t *authz.Term) z.Lit {
	lit := sp.member(side, t.Member)
	for _, c := range t.Conditions {
		if lit == sp.F {
			return lit
		}
		lit = sp.And(lit, sp.condition(side, c, t.Deny))
	}
	if t.Require.Has(authn.ByCertificate) {
		lit = sp.And(lit, sp.hasPeer(side))
	}
	if t.Require.Has(authn.BySignature) {
		lit = sp.And(lit, sp.isSigned())
	}
	return lit
}

// condition says which callers meet a condition: of a grant, for certain; of a deny, perhaps.
func (sp *space) condition(side int, c authz.Condition, deny bool) z.Lit {
	key := conditionKey{side, c, deny}
	lit, known := sp.conditions[key]
	if !known {
		lit = sp.findCondition(side, c, deny)
		sp.conditions[key] = lit
	}
	return lit
}

func (sp *space) findCondition(side int, c authz.Condition, deny bool) z.Lit {
	sh := &sp.shapes[side]
	meets := authz.Condition.Met
	if deny {
		meets = authz.Condition.MayBeMet
	}
	if sp.issuer == "" || sh.Kind == authn.Relayed {
		return sp.constant(meets(c, &authn.Principal{}))
	}
	if sp.inline {
		found := sp.F
		for k := range sp.slots[0].kinds {
			if p := sp.probe(side, sp.asking(sp.slots[0], k)); p != nil && meets(c, p) {
				found = sp.Or(found, sp.slots[0].chosen[k])
			}
		}
		return found
	}
	pointers := c.Pointers()
	if len(pointers) == 2 {
		return sp.scope(side, c, deny)
	}
	p := pointers[0]
	if sh.Kind == authn.APIKeys {
		p = append(strictjson.Pointer{"claims"}, p...)
	}
	s := sp.slotFor(p)
	slots := []*slot{s}
	if sp.touchesAddress(side, pointers[0]) { // it counts only if somebody vouches for the caller's address
		slots, _ = sp.core(side)
		if !slices.Contains(slots, s) {
			slots = append(slices.Clone(slots), s)
		}
	}
	return sp.where(side, slots, s, func(p *authn.Principal) bool { return meets(c, p) })
}

// where returns where a caller, of whom only the claims and the address are known, is ok. The
// more bits of the slot are set, the more callers must be.
func (sp *space) where(side int, slots []*slot, s *slot, ok func(*authn.Principal) bool) z.Lit {
	found := sp.F
	sp.each(slots, func(c choice, lits []z.Lit) {
		all, of := sp.Ands(lits...), c[s.at]
		if ok(sp.claimant(side, c)) {
			found = sp.Or(found, all)
			return
		}
		for _, b := range s.bitsOf(of.kind) {
			c[s.at] = chosen{of.kind, []int{b}}
			if ok(sp.claimant(side, c)) {
				found = sp.Or(found, sp.And(all, s.set[b]))
			}
		}
		c[s.at] = of
	})
	return found
}

// claimant returns a caller with the claims of a choice, whether the issuer's other rules
// accept them or not. What vouches for the address is as in a token that is accepted.
func (sp *space) claimant(side int, c choice) *authn.Principal {
	all := sp.with(side, c)
	p := sp.probe(side, all)
	if p == nil {
		address, _ := sp.core(side)
		only := newChoice(len(sp.all))
		for _, s := range address {
			only[s.at].kind = c[s.at].kind
		}
		if p = sp.probe(side, sp.with(side, only)); p == nil {
			p = &authn.Principal{Issuer: sp.issuer}
		}
	}
	q := *p
	if q.Claims = strictjson.Read(sp.document(all)); sp.shapes[side].Kind == authn.APIKeys {
		if q.Claims = q.Claims.Get("claims"); !q.Claims.Exists() {
			q.Claims = strictjson.Read("{}")
		}
	}
	return &q
}

// scope is condition for scopes, which two claims may have. If both are there, they must
// agree.
func (sp *space) scope(side int, c authz.Condition, deny bool) z.Lit {
	has, lacks, missing := [2]z.Lit{}, [2]z.Lit{}, [2]z.Lit{} // by claim
	for i, p := range c.Pointers() {
		if sp.shapes[side].Kind == authn.APIKeys {
			p = append(strictjson.Pointer{"claims"}, p...)
		}
		s := sp.slotFor(p)
		missing[i] = sp.F
		for k := range s.kinds {
			if s.isMissing(k) {
				missing[i] = sp.Or(missing[i], s.chosen[k])
			}
		}
		own := func(test func(authz.Condition, *authn.Principal) bool) func(*authn.Principal) bool {
			return func(p *authn.Principal) bool { return test(c, p) }
		}
		has[i] = sp.where(side, []*slot{s}, s, own(authz.Condition.Met))
		lacks[i] = sp.And(missing[i].Not(), sp.where(side, []*slot{s}, s, own(authz.Condition.MayBeMet)).Not())
	}
	agree := func(of [2]z.Lit) z.Lit {
		one := sp.Or(sp.And(missing[0], of[1]), sp.And(missing[1], of[0]))
		return sp.Or(one, sp.And(of[0], of[1]))
	}
	if deny {
		return agree(lacks).Not()
	}
	return agree(has)
}

// allowed says which callers may.
func (sp *space) allowed(side int, q Question) z.Lit {
	key := questionKey{side, q}
	lit, known := sp.questions[key]
	if !known {
		lit = sp.findAllowed(side, q)
		sp.questions[key] = lit
	}
	return lit
}

func (sp *space) findAllowed(side int, q Question) z.Lit {
	s := sp.sides[side]
	if !s.reaches(q.Model) || sp.valid[side] == sp.F {
		return sp.F
	}
	denies, grants := s.terms(q)
	denied, granted := sp.F, sp.F
	for i := range denies {
		denied = sp.Or(denied, sp.term(side, &denies[i]))
	}
	for i := range grants {
		granted = sp.Or(granted, sp.term(side, &grants[i]))
	}
	return sp.Ands(sp.valid[side], granted, denied.Not())
}

// spaces returns the space of each issuer of the sides, by name.
func spaces(sides []*Side, more func(issuer string) []authz.Member) (map[string]*space, error) {
	all := map[string]*space{}
	for _, issuer := range issuerNames(sides) {
		if !sides[0].issuers.HasIssuer(issuer) && issuer != "" {
			continue
		}
		var members []authz.Member
		if more != nil {
			members = more(issuer)
		}
		sp, err := newSpace(issuer, sides, members)
		if err != nil {
			return nil, err
		}
		all[issuer] = sp
	}
	return all, nil
}

// sorted lists the spaces: callers without a token, then the issuers by name.
func sorted(all map[string]*space) (list []*space) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, all[name])
	}
	return list
}
