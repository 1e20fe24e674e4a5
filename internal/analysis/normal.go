package analysis

import (
	"slices"

	"github.com/go-air/gini/z"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// normalChoice is a credential that a side accepts, and that tells all there is to tell.
func (sp *space) normalChoice(side int) choice {
	c := newChoice(len(sp.all))
	for _, s := range sp.slots {
		if c[s.at].kind = 0; !sp.inline {
			c[s.at] = sp.normalOf(s, &sp.shapes[side])
		}
	}
	return c
}

func (sp *space) normalOf(s *slot, sh *authn.Shape) chosen {
	var wanted []string // JSON, the best first
	var list listForm
	for _, r := range sh.Required {
		if slices.Equal(r.Pointer, s.pointer) {
			for _, v := range r.AnyOf {
				wanted = append(wanted, v.Raw)
			}
		}
	}
	is := func(p strictjson.Pointer) bool { return len(p) > 0 && slices.Equal(p, s.pointer) }
	required := slices.ContainsFunc(sh.Required, func(r authn.RequiredShape) bool { return is(r.Pointer) })
	attribute := slices.ContainsFunc(sh.Attributes, func(a authn.AttributeShape) bool { return is(a.Pointer) })
	for _, g := range sh.Groups {
		if is(g.Pointer) {
			if list = inArray; g.Form == "names" {
				list = inNames
			}
		}
	}
	switch {
	case is(sh.Address):
		wanted = append(wanted, quote(filler+"@"+filler))
	case is(sh.Vouched):
		for _, v := range sh.VouchedBy {
			wanted = append(wanted, v.Raw)
		}
	case len(sh.Subject) > 0 && is(sh.Subject[0]):
		wanted = append(wanted, quote(subjectForms(sh, filler)[0]))
	case slices.Equal(s.pointer, strictjson.Pointer{"hd"}) && !sh.IsDomain, attribute, required:
		wanted = append(wanted, quote(filler))
	}
	if raw := fixedValue(sp.fixed, s.pointer); raw != "" {
		wanted = append(wanted, raw)
	}
	for _, raw := range wanted {
		if i := slices.Index(s.kinds, kind{raw: raw}); i >= 0 {
			return chosen{kind: i}
		}
	}
	if i := slices.IndexFunc(s.kinds, func(k kind) bool { return k.list == list && !k.elsewhere }); list != noList && i >= 0 {
		return chosen{kind: i}
	}
	if i := slices.Index(s.kinds, kind{}); i >= 0 {
		return chosen{kind: i}
	}
	return chosen{}
}

// core lists the slots whose kinds together decide whether a credential is accepted and what
// its address is: the address, what vouches for it, and the subject.
func (sp *space) core(side int) (address, subject []*slot) {
	sh := &sp.shapes[side]
	add := func(list []*slot, p strictjson.Pointer) []*slot {
		if s := sp.slotFor(p); s != nil && !slices.Contains(list, s) {
			list = append(list, s)
		}
		return list
	}
	if sp.inline {
		return sp.slots, sp.slots
	}
	address = add(add(nil, sh.Address), sh.Vouched)
	if sh.Kind == authn.Tokens && !slices.Equal(sh.Address, strictjson.Pointer{"email"}) {
		address = add(add(address, strictjson.Pointer{"email"}), strictjson.Pointer{"email_verified"})
	}
	for _, p := range sh.Subject {
		subject = add(subject, p)
	}
	return address, subject
}

// each calls yield with each choice of kinds for the slots, without bits.
func (sp *space) each(slots []*slot, yield func(choice, []z.Lit)) {
	c, lits := newChoice(len(sp.all)), make([]z.Lit, len(slots))
	var next func(i int)
	next = func(i int) {
		if i == len(slots) {
			yield(c, lits)
			return
		}
		for k := range slots[i].kinds {
			c[slots[i].at], lits[i] = chosen{kind: k}, slots[i].chosen[k]
			next(i + 1)
		}
	}
	next(0)
}

// validity says which credentials a side accepts.
func (sp *space) validity(side int) z.Lit {
	s := sp.sides[side]
	if sp.issuer == "" {
		return sp.peerValidity(side, nil)
	}
	if !s.issuers.HasIssuer(sp.issuer) || sp.probe(side, sp.normals[side]) == nil && !sp.inline {
		return sp.F
	}
	together := sp.together(side)
	valid := sp.T
	for _, slots := range together {
		accepted := sp.F
		sp.each(slots, func(c choice, lits []z.Lit) {
			if sp.probe(side, sp.with(side, c)) != nil {
				accepted = sp.Or(accepted, sp.Ands(lits...))
			}
		})
		valid = sp.And(valid, accepted)
	}
	for _, s := range sp.slots {
		if !slices.ContainsFunc(together, func(slots []*slot) bool { return slices.Contains(slots, s) }) {
			valid = sp.And(valid, sp.slotValidity(side, s))
		}
	}
	sh := &sp.shapes[side]
	valid = sp.And(valid, sp.peerValidity(side, sh))
	if sh.Require.Has(authn.BySignature) {
		valid = sp.And(valid, sp.isSigned())
	}
	if sh.Require.Has(authn.ByCertificate) {
		valid = sp.And(valid, sp.hasPeer(side))
	}
	return valid
}

// together lists the slots of which only together can be said whether a credential with their kinds
// is accepted: those of the address, and those of the subject. Where the subject has an address,
// which somebody must vouch for, or is read from one of its claims, these are one list.
func (sp *space) together(side int) [][]*slot {
	address, subject := sp.core(side)
	touches := func(s *slot) bool { return sp.touchesAddress(side, s.pointer) || slices.Contains(address, s) }
	if !sp.inline && !slices.ContainsFunc(subject, touches) {
		return [][]*slot{address, subject}
	}
	both := slices.Clone(address)
	for _, s := range subject {
		if !slices.Contains(both, s) {
			both = append(both, s)
		}
	}
	return [][]*slot{both}
}

// slotValidity says which kinds of one claim a side accepts, and with which bits.
func (sp *space) slotValidity(side int, s *slot) z.Lit {
	valid := sp.F
	for k := range s.kinds {
		if sp.probe(side, sp.with(side, sp.asking(s, k))) != nil {
			valid = sp.Or(valid, s.chosen[k])
			continue
		}
		for _, b := range s.bitsOf(k) {
			if sp.probe(side, sp.with(side, sp.asking(s, k, b))) != nil {
				valid = sp.Or(valid, sp.And(s.chosen[k], s.set[b]))
			}
		}
	}
	return valid
}

func (sp *space) isSigned() z.Lit {
	if len(sp.signed.kinds) < 2 {
		return sp.F
	}
	return sp.signed.chosen[1]
}
