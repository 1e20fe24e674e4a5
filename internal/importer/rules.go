package importer

import (
	"slices"
	"strings"
)

// grants returns the grants, without names and models, that are to exactly these callers, or
// to fewer. Each problem says what is not granted.
func (w who) grants() (list []rule, problems []problem) {
	members, anyPeer := peerMembers(w.peers)
	switch {
	case w.everybody():
		return []rule{{Members: []string{"allUsers"}}}, nil
	case w.tokens == nil && anyPeer:
		return []rule{{Members: []string{"allUsers"}, Require: []string{"certificate"}}}, nil
	case w.tokens == nil:
		return []rule{{Peer: true, Members: members}}, nil
	case w.peers != nil && !anyPeer:
		return nil, []problem{{nil, "a grant is to a certificate or to a token, and not to one beside the other"}}
	}
	variants, problems := w.claimVariants()
	for _, s := range bySubject(w.tokens) {
		if s.problem != "" {
			problems = append(problems, problem{nil, s.problem})
			continue
		}
		for _, claims := range variants {
			g := rule{Issuers: s.issuers, Members: s.members, Claims: slices.Concat(s.claims, claims)}
			if g.Members == nil && g.Claims == nil {
				g.Members = []string{"allAuthenticatedUsers"}
			}
			if anyPeer {
				g.Require = []string{"certificate"}
			}
			list = append(list, g)
		}
	}
	return list, problems
}

// problem is what cannot be said. The literal is nil if it is the rule as a whole.
type problem struct {
	of   *literal
	text string
}

// claimVariants returns conditions, each list of which is enough: a claim may be a text or a
// list of texts.
func (w who) claimVariants() (variants [][]condition, problems []problem) {
	variants = [][]condition{nil}
	for _, l := range w.claims {
		forms, more := l.claim.grantForms()
		for _, text := range more {
			problems = append(problems, problem{l, text})
		}
		if variants = withEach(variants, forms); len(variants) > maxTerms {
			return nil, append(problems, problem{l, tooManyTerms{}.Error()})
		}
	}
	return variants, problems
}

// withEach returns each of the lists followed by each of the forms.
func withEach(lists, forms [][]condition) (longer [][]condition) {
	for _, list := range lists {
		for _, form := range forms {
			longer = append(longer, slices.Concat(list, form))
		}
	}
	return longer
}

// exact returns the values that are compared as a whole.
func (c *claimTest) exact() (values []string) {
	for _, v := range c.values {
		if v.kind == exactly && !v.fold && v.text != "" && !slices.Contains(values, v.text) {
			values = append(values, v.text)
		}
	}
	return values
}

// grantForms returns lists of conditions, of which one must hold.
func (c *claimTest) grantForms() (forms [][]condition, problems []string) {
	if values := c.exact(); values != nil {
		words := withoutSpaces(values)
		switch {
		case c.words && c.list && words != nil:
			forms = append(forms, []condition{{Pointer: c.pointer, Word: words}})
		case !c.words && c.text:
			forms = append(forms, []condition{{Pointer: c.pointer, AnyOf: values}})
		}
		if c.list {
			forms = append(forms, []condition{{Pointer: c.pointer, Contains: values}})
		}
	}
	for _, v := range c.values {
		switch {
		case v.kind == exactly && !v.fold && v.text != "":
			continue
		case v.kind == begins && !v.fold && !c.words && c.text:
			forms = append(forms, []condition{{Pointer: c.pointer, Prefix: v.text}})
			problems = append(problems, "a list of texts is compared by whole items: the beginning counts only where the claim is one text")
		case v.kind == ends && !v.fold && !c.words && c.text:
			forms = append(forms, []condition{{Pointer: c.pointer, Suffix: v.text}})
			problems = append(problems, "a list of texts is compared by whole items: the end counts only where the claim is one text")
		case v.kind == present:
			problems = append(problems, "a claim that is any text has no condition: one that exists may be no text")
		default:
			problems = append(problems, "the gate has no condition "+v.String()+" on a claim")
		}
	}
	return forms, problems
}

// denies returns the denies, without names and models, that are of at least these callers. wide
// are problems where they are of more. ok is false if only everybody would be enough.
func (w who) denies() (list []rule, wide []problem, ok bool) {
	members, anyPeer := peerMembers(w.peers)
	switch {
	case w.everybody() || anyPeer && w.tokens == nil:
		return nil, []problem{{nil, "a deny of any certificate would have no member"}}, false
	case w.tokens == nil:
		return []rule{{Members: members}}, nil, true
	case members != nil:
		return []rule{{Members: members}}, []problem{{nil, "the deny is of the certificate, with any token"}}, true
	case anyPeer:
		wide = append(wide, problem{nil, "the deny is of the token, with any certificate or none"})
	}
	variants := [][]condition{nil}
	for _, l := range w.claims {
		forms, more := l.claim.denyForms()
		for _, text := range more {
			wide = append(wide, problem{l, text})
		}
		if variants = withEach(variants, forms); len(variants) > maxTerms {
			return nil, wide, false
		}
	}
	for _, s := range bySubject(w.tokens) {
		if s.problem != "" {
			wide = append(wide, problem{nil, s.problem + ": the deny is of every token of the issuer"})
		}
		for _, claims := range variants {
			d := rule{Issuers: s.issuers, Members: s.members, Claims: slices.Concat(s.claims, claims)}
			if d.Members == nil && d.Claims == nil {
				d.Members = []string{"allAuthenticatedUsers"}
			}
			list = append(list, d)
		}
	}
	return list, wide, true
}

// denyForms returns lists of conditions. A deny with one of the lists applies to all whom the
// test means: a deny applies unless a condition is known not to hold. So a text is held to the
// condition on texts and a list to the one on lists, since each cannot tell of the other.
func (c *claimTest) denyForms() (forms [][]condition, wide []string) {
	there := condition{Pointer: c.pointer, Exists: true}
	if values := c.exact(); values != nil {
		text := condition{Pointer: c.pointer, AnyOf: values}
		if words := withoutSpaces(values); c.words && words != nil {
			text = condition{Pointer: c.pointer, Word: words}
		}
		forms = append(forms, []condition{text, {Pointer: c.pointer, Contains: values}, there})
		if !c.text || !c.list {
			wide = append(wide, "the deny is of a text and of a list with the text")
		}
	}
	for _, v := range c.values {
		switch {
		case v.kind == exactly && !v.fold && v.text != "":
			continue
		case v.kind == begins && !v.fold && !c.words:
			forms = append(forms, []condition{{Pointer: c.pointer, Prefix: v.text}, there})
			wide = append(wide, "the deny is of every token whose claim is a list, too")
		case v.kind == ends && !v.fold && !c.words:
			forms = append(forms, []condition{{Pointer: c.pointer, Suffix: v.text}, there})
			wide = append(wide, "the deny is of every token whose claim is a list, too")
		default:
			return [][]condition{{there}}, append(wide, "the deny is of every token that has the claim")
		}
	}
	return forms, wide
}

// withoutSpaces returns the values that can be words.
func withoutSpaces(values []string) (words []string) {
	for _, v := range values {
		if strings.IndexFunc(v, func(r rune) bool { return r <= ' ' || r == 0x7f }) < 0 {
			words = append(words, v)
		}
	}
	return words
}
