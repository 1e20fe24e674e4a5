package analysis

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// mentions is what rules and issuers compare one claim with.
type mentions struct {
	pointer            strictjson.Pointer
	values             []string // JSON
	prefixes, suffixes []string
	words, items       []string // items as JSON
	names              []string // of an object's members
	forms              []string // other texts that it may be, such as addresses
	address            bool     // it is an address
	told               bool     // a token may say that the claim is told in another place
	list               bool     // it may be an array
	conditions         bool     // conditions read it
}

func (m *mentions) addText(texts ...string) {
	for _, t := range texts {
		m.add(&m.values, quote(t))
	}
}

func (m *mentions) add(list *[]string, text string) {
	if !slices.Contains(*list, text) {
		*list = append(*list, text)
	}
}

// addCondition adds what a condition compares the claim with.
func (m *mentions) addCondition(c authz.Condition) {
	m.conditions = true
	for _, want := range c.Want() {
		switch c.Operator() {
		case "equals", "anyOf":
			m.add(&m.values, want.Raw)
		case "contains":
			m.add(&m.items, want.Raw)
		case "word":
			m.add(&m.words, want.Str)
		case "scope":
			m.add(&m.words, want.Str)
			m.add(&m.items, want.Raw)
		case "prefix":
			m.add(&m.prefixes, want.Str)
		case "suffix":
			m.add(&m.suffixes, want.Str)
		}
	}
}

// addGroup adds a group in a form of a groups claim.
func (m *mentions) addGroup(form, name string) {
	switch form {
	case "words":
		if !strings.Contains(name, " ") {
			m.add(&m.words, name)
		}
		m.add(&m.items, quote(name))
	case "names":
		m.add(&m.names, name)
	default:
		m.add(&m.items, quote(name))
		m.addText(name)
	}
}

// slot returns the slot of the claim: its kinds are values of which each other value
// behaves like one.
func (m *mentions) slot() *slot {
	s := &slot{pointer: m.pointer}
	s.addKind(kind{})
	for _, raw := range []string{"null", "true", "false", "0.5"} {
		s.addKind(kind{raw: raw})
	}
	for _, raw := range m.values {
		s.addKind(kind{raw: raw})
	}
	m.addStrings(s)
	s.addKind(kind{raw: `["` + filler + `"]`})
	if len(m.items) > 0 || m.list {
		s.addKind(kind{list: inArray})
	}
	s.addKind(kind{raw: "{}", isObject: true})
	if len(m.names) > 0 {
		s.addKind(kind{list: inNames})
	}
	switch {
	case m.told && (m.list || m.conditions):
		for _, k := range slices.Clone(s.kinds) {
			k.elsewhere = true
			s.addKind(k)
		}
	case m.told: // the value does not matter then, but for being there
		s.addKind(kind{elsewhere: true})
		s.addKind(kind{raw: quote(filler + "@" + filler), elsewhere: true})
	}
	for _, text := range m.items {
		s.addBit(inArray, text)
	}
	for _, text := range m.words {
		s.addBit(inWords, text)
	}
	for _, text := range m.names {
		s.addBit(inNames, text)
	}
	return s
}

// addStrings adds strings that begin and end in each way that a rule asks for.
func (m *mentions) addStrings(s *slot) {
	for _, text := range m.forms {
		s.addKind(kind{raw: quote(text)})
	}
	for _, before := range append([]string{""}, m.prefixes...) {
		for _, after := range append([]string{""}, m.suffixes...) {
			s.addKind(kind{raw: quote(before + filler + after)})
			if m.address {
				s.addKind(kind{raw: quote(before + filler + "@" + filler + after)})
				s.addKind(kind{raw: quote(before + filler + "@" + after)})
			}
			if len(m.words) > 0 {
				s.addKind(kind{list: inWords, before: before, after: after})
				s.addKind(kind{list: inWords, before: before, after: after, tab: true})
			}
		}
	}
}

// spellings returns a text, and one that differs from it only by case.
func spellings(text string) []string {
	list := []string{text}
	for _, other := range []string{strings.ToLower(text), strings.ToUpper(text)} {
		if !slices.Contains(list, other) {
			list = append(list, other)
		}
	}
	return list
}

// fixedClaims are what a token of an issuer needs so that its dates, its audience and its
// form are right.
func fixedClaims(sh *authn.Shape, now int64) map[string]any {
	if sh.Kind != authn.Tokens {
		return map[string]any{}
	}
	doc := map[string]any{"iat": now, "exp": now + 1}
	if len(sh.Iss) > 0 {
		iss := sh.Iss[0]
		if len(sh.Tenants) > 0 {
			iss = strings.Replace(iss, "{tenantid}", sh.Tenants[0], 1)
		}
		doc["iss"] = iss
	}
	if len(sh.Audiences) > 0 {
		put(doc, sh.Audience, quote(sh.Audiences[0]))
	}
	if sh.Access {
		if doc["client_id"] == nil {
			doc["client_id"] = filler
		}
		doc["jti"] = filler
	}
	return doc
}

// fixedValue returns the JSON of a fixed claim, or "".
func fixedValue(fixed map[string]any, p strictjson.Pointer) string {
	if len(p) != 1 || fixed[p[0]] == nil {
		return ""
	}
	text, _ := json.Marshal(fixed[p[0]]) // of strings, numbers and JSON
	return string(text)
}
