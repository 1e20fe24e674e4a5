package importer

import (
	"slices"
	"strings"
)

// peerName is certificates by their SPIFFE ID: any, one, or those of a namespace of the trust
// domain.
type peerName struct {
	any       bool
	id        string
	namespace string
}

// tokenName is tokens of an issuer of the configuration, whose subject is as all tests say.
type tokenName struct {
	issuer  string
	subject []textTest
}

// claimTest is a condition on a claim: one of the values is the claim, or an item of it.
type claimTest struct {
	pointer string
	values  []textTest
	text    bool // the claim may be the text
	list    bool // it may be a list that has it
	words   bool // a text is a list of words
}

// who is callers: with one of the certificates, one of the tokens, and all of the claims.
type who struct {
	peers  []peerName // nil if none is needed
	tokens []tokenName
	claims []*literal
}

// bothPeers returns what is in two lists of certificates.
func bothPeers(trustDomain string, a, b []peerName) (list []peerName) {
	for _, x := range a {
		for _, y := range b {
			wide, narrow := x, y
			if y.any || x.id != "" && y.namespace != "" {
				wide, narrow = y, x
			}
			within := "spiffe://" + trustDomain + "/ns/" + wide.namespace + "/"
			isIn := wide.any || wide == narrow || wide.namespace != "" && strings.HasPrefix(narrow.id, within)
			if isIn && !slices.Contains(list, narrow) {
				list = append(list, narrow)
			}
		}
	}
	return list
}

// bothTokens returns what is in two lists of tokens.
func bothTokens(a, b []tokenName) (list []tokenName) {
	for _, x := range a {
		for _, y := range b {
			if x.issuer != y.issuer {
				continue
			}
			both := tokenName{issuer: x.issuer}
			if both.add(x.subject) && both.add(y.subject) {
				list = append(list, both)
			}
		}
	}
	return list
}

// add adds tests of the subject. It reports whether some subject can be as all say.
func (t *tokenName) add(tests []textTest) bool {
	for _, test := range tests {
		if slices.ContainsFunc(t.subject, func(other textTest) bool { return sameTest(other, test) }) || test.kind == present {
			continue
		}
		for _, other := range t.subject {
			if other.kind == exactly && !test.holds(other.text) || test.kind == exactly && !other.holds(test.text) {
				return false
			}
		}
		if slices.ContainsFunc(t.subject, func(other textTest) bool { return other.kind == exactly }) {
			continue // which says all
		}
		if test.kind == exactly {
			t.subject = nil
		}
		t.subject = append(t.subject, test)
	}
	return true
}

func sameTest(a, b textTest) bool { return a.kind == b.kind && a.text == b.text && a.fold == b.fold }

// callersOf returns who is meant by the literals of a term that hold, and those that must not
// hold. ok is false where nobody is.
func callersOf(trustDomain string, t term) (w who, exceptions []*literal, ok bool) {
	for _, l := range t.literals {
		switch {
		case l.not:
			exceptions = append(exceptions, l.is)
			continue
		case l.is.kind == onPeer:
			if w.peers == nil {
				w.peers = l.is.peers
			} else {
				w.peers = bothPeers(trustDomain, w.peers, l.is.peers)
			}
			if len(w.peers) == 0 {
				return w, nil, false
			}
			continue
		case l.is.kind == onClaim && !slices.Contains(w.claims, l.is):
			w.claims = append(w.claims, l.is)
		}
		if w.tokens == nil {
			w.tokens = l.is.tokens
		} else {
			w.tokens = bothTokens(w.tokens, l.is.tokens)
		}
		if len(w.tokens) == 0 {
			return w, nil, false
		}
	}
	return w, exceptions, true
}

// everybody reports whether no credential is needed.
func (w who) everybody() bool { return w.peers == nil && w.tokens == nil }

// peerMembers writes certificates as members. With any certificate there are none.
func peerMembers(peers []peerName) (members []string, any bool) {
	for _, p := range peers {
		switch {
		case p.any:
			return nil, true
		case p.namespace != "":
			members = append(members, "namespace:"+p.namespace)
		default:
			members = append(members, p.id)
		}
	}
	return members, false
}

// subjects are tokens whose subject is told in one way, as a rule tells it.
type subjects struct {
	issuers []string
	members []string
	claims  []condition
	problem string
}

// bySubject groups tokens by how a rule tells them apart.
func bySubject(tokens []tokenName) (list []subjects) {
	var all subjects
	for _, t := range tokens {
		if len(t.subject) == 0 {
			if !slices.Contains(all.issuers, t.issuer) {
				all.issuers = append(all.issuers, t.issuer)
			}
			continue
		}
		if t.subject[0].kind == exactly && !t.subject[0].fold {
			list = addSubject(list, t.issuer, "sub:"+t.subject[0].text)
			continue
		}
		one := subjects{issuers: []string{t.issuer}}
		for _, test := range t.subject {
			switch {
			case test.kind == begins && !test.fold:
				one.claims = append(one.claims, condition{Pointer: "/sub", Prefix: test.text})
			case test.kind == ends && !test.fold:
				one.claims = append(one.claims, condition{Pointer: "/sub", Suffix: test.text})
			default:
				one.problem = "the gate compares a subject, its beginning or its end, and no pattern"
			}
		}
		list = append(list, one)
	}
	if all.issuers != nil {
		list = append(list, all)
	}
	return list
}

// addSubject adds a member to those of its issuer.
func addSubject(list []subjects, issuer, member string) []subjects {
	for i := range list {
		if list[i].members != nil && list[i].issuers[0] == issuer {
			if !slices.Contains(list[i].members, member) {
				list[i].members = append(list[i].members, member)
			}
			return list
		}
	}
	return append(list, subjects{issuers: []string{issuer}, members: []string{member}})
}
