package analysis

import (
	"slices"

	"github.com/go-air/gini/z"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// member says which callers are a member on a side.
func (sp *space) member(side int, of authz.Member) z.Lit {
	key := memberKey{side, of}
	lit, known := sp.members[key]
	if !known {
		lit = sp.findMember(side, of)
		sp.members[key] = lit
	}
	return lit
}

func (sp *space) findMember(side int, of authz.Member) z.Lit {
	if of.Issuer() != "" && of.Issuer() != sp.issuer {
		return sp.F
	}
	fact, policy := of.Fact(), sp.sides[side].policy
	if fact == authz.Certificate {
		is := func(h *authn.Holder) bool { return policy.IsMember(&authn.Principal{Holder: *h}, of) }
		isVia := func(h *authn.Holder) bool { return policy.IsMember(&authn.Principal{Holder: authn.Holder{Via: h}}, of) }
		return sp.Or(sp.peerWhere(side, is), sp.viaWhere(side, isVia))
	}
	if sp.issuer == "" || !sp.sides[side].issuers.HasIssuer(sp.issuer) {
		return sp.constant(sp.issuer == "" && policy.IsMember(&authn.Principal{}, of))
	}
	if sp.inline {
		return sp.inlineMember(side, of)
	}
	found := sp.F
	for _, by := range sp.factsFor(side, of) {
		found = sp.Or(found, sp.memberBy(side, of, by))
	}
	if of.InPool() {
		found = sp.And(found, sp.inPool(side))
	}
	return found
}

func (sp *space) constant(b bool) z.Lit {
	if b {
		return sp.T
	}
	return sp.F
}

func (sp *space) inlineMember(side int, of authz.Member) z.Lit {
	found := sp.F
	for k := range sp.slots[0].kinds {
		p := sp.probe(side, sp.asking(sp.slots[0], k))
		if p != nil && sp.sides[side].policy.IsMember(p, of) {
			found = sp.Or(found, sp.slots[0].chosen[k])
		}
	}
	return found
}

// source is a fact about callers, and the slots that tell it.
type source struct {
	fact  authz.Fact
	slots []*slot
}

// factsFor lists by what a token's caller can be a member: one of them is enough.
func (sp *space) factsFor(side int, of authz.Member) (list []source) {
	sh := &sp.shapes[side]
	address, subject := sp.core(side)
	one := func(fact authz.Fact, p strictjson.Pointer) {
		slots := address
		if s := sp.slotFor(p); s == nil {
			return
		} else if !sp.touchesAddress(side, p) {
			slots = []*slot{s}
		} else if !slices.Contains(slots, s) {
			slots = append(slices.Clone(slots), s)
		}
		list = append(list, source{fact, slots})
	}
	switch of.Fact() {
	case authz.Always:
		list = append(list, source{fact: authz.Always})
	case authz.Address:
		list = append(list, source{authz.Address, address})
	case authz.Domain:
		if sh.IsDomain {
			return append(list, source{authz.Domain, address})
		}
		one(authz.Domain, strictjson.Pointer{"hd"})
		if list == nil {
			list = append(list, source{fact: authz.Domain})
		}
	case authz.Groups:
		list = append(list, source{authz.Address, address}, source{authz.Subject, subject})
		if len(sh.Groups) == 0 {
			one(authz.Groups, strictjson.Pointer{"groups"})
		}
		for _, g := range sh.Groups {
			one(authz.Groups, g.Pointer)
		}
	case authz.Subject:
		list = append(list, source{authz.Subject, subject})
	case authz.Pool:
		list = append(list, source{authz.Pool, subject})
		if sh.Workforce {
			list = nil
			one(authz.Pool, strictjson.Pointer{"workforce_identity"})
		}
	case authz.Attribute:
		list = append(list, source{fact: authz.Attribute})
		for _, a := range sh.Attributes {
			if a.Name == of.Attribute() {
				list = nil
				one(authz.Attribute, a.Pointer)
			}
		}
	}
	return list
}

// touchesAddress reports whether a claim counts only if somebody vouches for the address.
func (sp *space) touchesAddress(side int, p strictjson.Pointer) bool {
	for _, a := range []strictjson.Pointer{sp.shapes[side].Address, {"email"}} {
		if n := min(len(a), len(p)); n > 0 && slices.Equal(a[:n], p[:n]) {
			return true
		}
	}
	return false
}

// memberBy says which callers are a member by one fact.
func (sp *space) memberBy(side int, of authz.Member, by source) z.Lit {
	found := sp.F
	if by.fact != authz.Groups {
		for _, l := range sp.looks(side, by) {
			if sp.sides[side].policy.IsMember(l.who, of) {
				found = sp.Or(found, l.is)
			}
		}
		return found
	}
	is := func(p *authn.Principal, without []string) bool {
		return p != nil && sp.sides[side].policy.IsMember(sp.only(side, p, by.fact, without), of)
	}
	sp.each(by.slots, func(c choice, lits []z.Lit) {
		all := sp.Ands(lits...)
		base := sp.probe(side, sp.with(side, c))
		if is(base, nil) {
			found = sp.Or(found, all)
			return
		}
		s, bits, k := listSlot(by.slots, c)
		if s == nil {
			return
		}
		var needed []int // without one of these the token is refused
		var without []string
		for i := 0; base == nil && i < len(bits); i++ {
			c[s.at] = chosen{k, bits[i : i+1]}
			if base = sp.probe(side, sp.with(side, c)); base != nil {
				needed, without = bits[i:i+1], base.Groups
				if is(base, nil) {
					found = sp.Or(found, sp.And(all, s.set[bits[i]]))
				}
			}
		}
		for _, b := range bits {
			c[s.at] = chosen{k, append(slices.Clone(needed), b)}
			if !slices.Contains(needed, b) && is(sp.probe(side, sp.with(side, c)), without) {
				found = sp.Or(found, sp.And(all, s.set[b]))
			}
		}
		c[s.at] = chosen{kind: k}
	})
	return found
}

// listSlot returns the slot of a choice whose kind has bits, with those and the kind.
func listSlot(slots []*slot, c choice) (s *slot, bits []int, k int) {
	for _, s := range slots {
		if bits := s.bitsOf(c[s.at].kind); len(bits) > 0 {
			return s, bits, c[s.at].kind
		}
	}
	return nil, nil, 0
}

// only returns a caller of whom one fact alone is known, and everything else is told to be
// something that no rule mentions. without are groups that do not count.
func (sp *space) only(side int, p *authn.Principal, fact authz.Fact, without []string) *authn.Principal {
	q := &authn.Principal{Issuer: p.Issuer, Subject: "\x00", PoolSubject: "\x00", Pool: sp.shapes[side].Pool}
	keep := func(kinds authn.Untold) { q.Untold = p.Untold & kinds }
	switch fact {
	case authz.Address:
		q.Email, q.ClaimedEmail = p.Email, p.ClaimedEmail
		keep(authn.UntoldAddress)
	case authz.Domain:
		q.Domain = p.Domain
		keep(authn.UntoldDomain)
	case authz.Groups:
		q.Groups = slices.DeleteFunc(slices.Clone(p.Groups), func(g string) bool { return slices.Contains(without, g) })
		keep(authn.UntoldGroups | authn.OmittedGroups)
	case authz.Subject:
		q.Subject = p.Subject
	case authz.Pool:
		q.Subject, q.Pool, q.PoolSubject = p.Subject, p.Pool, p.PoolSubject
		keep(authn.UntoldPool)
	case authz.Attribute:
		q.Attributes, q.UntoldAttributes = p.Attributes, p.UntoldAttributes
		keep(authn.UntoldAttributes)
	}
	return q
}

// inPool says which callers are in the issuer's pool.
func (sp *space) inPool(side int) z.Lit {
	sh := &sp.shapes[side]
	s := sp.slotFor(strictjson.Pointer{"workforce_identity"})
	if !sh.Workforce || s == nil {
		return sp.constant(sh.Pool != "")
	}
	found := sp.F
	sp.each([]*slot{s}, func(c choice, lits []z.Lit) {
		if p := sp.probe(side, sp.with(side, c)); p != nil && p.Pool != "" {
			found = sp.Or(found, lits[0])
		}
	})
	return found
}
