package analysis

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// choice is a kind for each slot of a space, by the slot's number, and the bits that are
// set; unasked for a slot of which it says nothing.
type choice []chosen

type chosen struct {
	kind int
	bits []int
}

// unasked is the kind of a slot of which a choice says nothing.
const unasked = -1

func newChoice(slots int) choice {
	c := make(choice, slots)
	for i := range c {
		c[i].kind = unasked
	}
	return c
}

// append appends a key: two choices have the same one only if they are equal.
func (c choice) append(key []byte) []byte {
	for _, of := range c {
		key = binary.AppendUvarint(key, uint64(of.kind+1))
		key = binary.AppendUvarint(key, uint64(len(of.bits)))
		for _, b := range of.bits {
			key = binary.AppendUvarint(key, uint64(b))
		}
	}
	return key
}

// claimNames is the claim in which a token says which claims are told in another place.
const claimNames = "_claim_names"

// layout is how the documents of a space are written: their members by name.
type layout []topClaim

// topClaim is a member of the document: a claim that is fixed, one that is a slot, or one with slots
// inside.
type topClaim struct {
	name  string
	key   string  // the name as JSON, and a colon
	fixed string  // JSON; "" for none
	slots []*slot // the outer ones first
}

// newLayout returns the layout for fixed claims and slots. A slot takes the place of a fixed claim.
func newLayout(fixed map[string]any, slots []*slot) (list layout) {
	names := slices.Collect(maps.Keys(fixed))
	for _, s := range slots {
		names = append(names, s.pointer[0])
	}
	names = append(names, claimNames)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		m := topClaim{name: name, key: quote(name) + ":"}
		if v, is := fixed[name]; is {
			text, _ := json.Marshal(v) // of strings, numbers and JSON
			m.fixed = string(text)
		}
		for _, s := range slots {
			if s.pointer[0] == name {
				m.slots = append(m.slots, s)
			}
		}
		slices.SortStableFunc(m.slots, func(a, b *slot) int { return len(a.pointer) - len(b.pointer) })
		if m.slots != nil && len(m.slots[0].pointer) == 1 {
			m.fixed = ""
		}
		list = append(list, m)
	}
	return list
}

// write returns the JSON document of a choice. What the choice leaves open has its first kind.
func (l layout) write(c choice) string {
	doc := append(make([]byte, 0, 256), '{')
	for i := range l {
		m := &l[i]
		raw := m.value(c)
		if m.name == claimNames {
			if elsewhere := l.elsewhere(c); elsewhere != "" {
				raw = elsewhere
			}
		}
		if raw == "" {
			continue
		}
		if len(doc) > 1 {
			doc = append(doc, ',')
		}
		doc = append(append(doc, m.key...), raw...)
	}
	return string(append(doc, '}'))
}

// value returns the JSON of the member; "" if it is missing. A claim inside another one makes
// the other an object.
func (m *topClaim) value(c choice) string {
	switch {
	case m.slots == nil:
		return m.fixed
	case len(m.slots) == 1 && len(m.slots[0].pointer) == 1:
		return m.slots[0].chosenValue(c)
	}
	inside := map[string]any{}
	if m.fixed != "" {
		inside[m.name] = json.RawMessage(m.fixed)
	}
	for _, s := range m.slots {
		if raw := s.chosenValue(c); raw != "" {
			put(inside, s.pointer, raw)
		}
	}
	if inside[m.name] == nil {
		return ""
	}
	text, _ := json.Marshal(inside[m.name]) // of JSON
	return string(text)
}

// elsewhere returns the claims that are told in another place, as JSON; "" for none.
func (l layout) elsewhere(c choice) string {
	var names map[string]string
	for i := range l {
		for _, s := range l[i].slots {
			if s.kinds[max(c[s.at].kind, 0)].elsewhere {
				if names == nil {
					names = map[string]string{}
				}
				names[l[i].name] = "src1"
			}
		}
	}
	if names == nil {
		return ""
	}
	text, _ := json.Marshal(names) // of strings
	return string(text)
}

// chosenValue returns the JSON of what a choice says of the slot; "" if the claim is missing.
func (s *slot) chosenValue(c choice) string {
	of := c[s.at]
	return s.value(max(of.kind, 0), of.bits)
}

// put writes a value to a place in a document. Whatever is there and is no object is replaced.
func put(doc map[string]any, p strictjson.Pointer, raw string) {
	for _, name := range p[:len(p)-1] {
		inside, ok := doc[name].(map[string]any)
		if !ok {
			inside = map[string]any{}
			if text, isRaw := doc[name].(json.RawMessage); isRaw {
				_ = json.Unmarshal(text, &inside) // anything but an object is replaced
				if inside == nil {
					inside = map[string]any{}
				}
			}
			doc[name] = inside
		}
		doc = inside
	}
	doc[p[len(p)-1]] = json.RawMessage(raw)
}
