package gate_test

import (
	"slices"
	"strings"
)

// refPolicy is a policy as a configuration writes it. It decides by plain loops,
// and shares no code with the gate.
type refPolicy struct {
	Grants []refRule `json:"grants,omitempty"`
	Denies []refRule `json:"denies,omitempty"`
}

type refRule struct {
	Name    string         `json:"name"`
	Issuers []string       `json:"issuers,omitempty"`
	Members []string       `json:"members,omitempty"`
	Claims  []refCondition `json:"claims,omitempty"`
	Verbs   []string       `json:"verbs,omitempty"`
	Models  []string       `json:"models,omitempty"`
	Peer    bool           `json:"peer,omitempty"`
}

// refCondition is a condition on a claim that is a string.
type refCondition struct {
	Pointer string `json:"pointer"`
	Equals  string `json:"equals"`
}

// refCaller is who sends a request: by token, by certificate, by both or by none.
type refCaller struct {
	issuer, email string // "" without a token
	verified      bool   // the issuer has verified the email
	groups        []string
	level         string // a claim; "" without
	peer          string // a SPIFFE ID; "" without a certificate
}

// allows reports whether the caller may do this: a deny wins, and without a grant
// the answer is no.
func (p refPolicy) allows(c refCaller, verb, model string) bool {
	for _, deny := range p.Denies {
		if deny.covers(c, verb, model, true) {
			return false
		}
	}
	for _, grant := range p.Grants {
		if grant.covers(c, verb, model, false) {
			return true
		}
	}
	return false
}

// covers reports whether the rule is about this. A field that it leaves out does
// not constrain it. A deny applies in doubt, a grant does not: the token of a caller
// without groups does not say that there are none.
func (r refRule) covers(c refCaller, verb, model string, deny bool) bool {
	if r.Verbs != nil && !slices.Contains(r.Verbs, verb) {
		return false
	}
	if r.Models != nil && !slices.ContainsFunc(r.Models, func(pattern string) bool { return refMatches(pattern, model) }) {
		return false
	}
	for _, condition := range r.Claims {
		unknown := c.level == "" || condition.Pointer != "/level"
		if unknown && !deny || !unknown && c.level != condition.Equals {
			return false
		}
	}
	asserted := c.issuer != "" && (r.Issuers == nil || slices.Contains(r.Issuers, c.issuer))
	if r.Members == nil {
		return asserted || deny && r.Issuers == nil && r.Claims == nil
	}
	return slices.ContainsFunc(r.Members, func(member string) bool {
		kind, name, _ := strings.Cut(member, ":")
		switch kind {
		case "allUsers":
			return true
		case "allAuthenticatedUsers":
			return asserted
		case "user":
			return asserted && (c.verified && c.email == name || deny && strings.EqualFold(c.email, name))
		case "group":
			return asserted && (slices.Contains(c.groups, name) || deny && c.groups == nil)
		case "namespace":
			return strings.HasPrefix(c.peer, "spiffe://cluster.local/ns/"+name+"/sa/")
		case "spiffe":
			return c.peer == member
		}
		return false
	})
}

// refMatches compares part by part; a part that ends in "*" is a prefix. A pattern
// of two parts covers every model inside the service.
func refMatches(pattern, model string) bool {
	p, m := strings.Split(pattern, "/"), strings.Split(model, "/")
	if len(m) == 2 { // the model that has the name of its service
		m = append(m, m[1])
	}
	if len(p) == 2 {
		m = m[:2]
	}
	return slices.EqualFunc(p, m, func(p, m string) bool {
		prefix, star := strings.CutSuffix(p, "*")
		return p == m || star && strings.HasPrefix(m, prefix)
	})
}
