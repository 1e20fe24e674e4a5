package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-air/gini"
	"github.com/go-air/gini/logic"
	"github.com/go-air/gini/z"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// space is all callers of one issuer, or all without one: what they can show, as slots, and
// what that makes of them on each side.
type space struct {
	issuer string
	sides  []*Side
	shapes []authn.Shape // by side
	fixed  map[string]any
	slots  []*slot // of the document
	inline bool    // the document is one of a few API keys: the only slot has them
	peer   peerSlots
	signed *slot

	normals []choice // by side: a credential that it accepts
	valid   []z.Lit  // by side: it accepts the credential
	probes  map[probeKey]*authn.Principal
	members map[memberKey]z.Lit
	// conditions has what was found for each condition.
	conditions map[conditionKey]z.Lit
	answers    map[z.Lit]*Caller // nil for no caller

	*logic.C
	solver *gini.Gini
	mark   []int8
	broken int // callers that were made and are not as the formula says
}

type probeKey struct {
	side     int
	document string
}

type conditionKey struct {
	side int
	of   authz.Condition
	deny bool
}

type memberKey struct {
	side int
	of   authz.Member
}

// newSpace returns the space of an issuer. The credentials are those that the first side
// accepts, as far as dates, audience and iss go. more are members that are asked about
// beside those of rules.
func newSpace(issuer string, sides []*Side, more []authz.Member) (*space, error) {
	sp := &space{
		issuer: issuer, sides: sides, C: logic.NewC(), solver: gini.New(), probes: map[probeKey]*authn.Principal{},
		members: map[memberKey]z.Lit{}, conditions: map[conditionKey]z.Lit{}, answers: map[z.Lit]*Caller{},
	}
	for _, s := range sides {
		sp.shapes = append(sp.shapes, s.issuers.Shape(issuer))
	}
	first := &sp.shapes[0]
	sp.fixed = fixedClaims(first, sides[0].now.Unix())
	if issuer != "" {
		if err := sp.describe(more); err != nil {
			return nil, err
		}
	}
	sp.describePeers(more)
	sp.signed = &slot{kinds: []kind{{}}}
	if slices.ContainsFunc(sides, func(s *Side) bool { return s.issuers.TakesSignatures() }) {
		sp.signed.addKind(kind{raw: "true"})
	}
	for _, s := range sp.allSlots() {
		sp.declare(s)
	}
	sp.nest()
	for i := range sides {
		sp.normals = append(sp.normals, sp.normalChoice(i))
		sp.valid = append(sp.valid, sp.validity(i))
	}
	if issuer != "" && !sp.inline && sp.probe(0, sp.normals[0]) == nil && sides[0].issuers.HasIssuer(issuer) {
		_, why, claim := sides[0].issuers.CallerOf(issuer, sp.document(sp.normals[0]), sides[0].now)
		return nil, fmt.Errorf("issuer %q: no token could be made that it accepts: %s at %q", issuer, why, claim)
	}
	return sp, nil
}

func (sp *space) allSlots() []*slot {
	return slices.Concat(sp.slots, sp.peer.all(), []*slot{sp.signed})
}

// declare makes the variables of a slot: one kind is chosen, and a bit is set only if the
// kind has it.
func (sp *space) declare(s *slot) {
	for range s.kinds {
		s.chosen = append(s.chosen, sp.Lit())
	}
	for range s.bits {
		s.set = append(s.set, sp.Lit())
	}
	sp.clause(s.chosen...)
	before := s.chosen[0] // one of those before is chosen
	for _, next := range s.chosen[1:] {
		sp.clause(before.Not(), next.Not())
		any := sp.Lit()
		sp.clause(before.Not(), any)
		sp.clause(next.Not(), any)
		before = any
	}
	for i, set := range s.set {
		has := []z.Lit{set.Not()}
		for k := range s.kinds {
			if slices.Contains(s.bitsOf(k), i) {
				has = append(has, s.chosen[k])
			}
		}
		sp.clause(has...)
	}
}

// nest has each claim inside another one exist only where the other is an object.
func (sp *space) nest() {
	for _, inner := range sp.slots {
		for _, outer := range sp.slots {
			n := len(outer.pointer)
			if n == 0 || n >= len(inner.pointer) || !slices.Equal(inner.pointer[:n], outer.pointer) {
				continue
			}
			for k, kind := range inner.kinds {
				allowed := []z.Lit{inner.chosen[k].Not()}
				for j, above := range outer.kinds {
					if above.isObject || kind.raw == "" && kind.list == noList {
						allowed = append(allowed, outer.chosen[j])
					}
				}
				sp.clause(allowed...)
			}
		}
	}
}

func (sp *space) clause(lits ...z.Lit) {
	for _, l := range lits {
		sp.solver.Add(l)
	}
	sp.solver.Add(0)
}

// document returns the document of a choice of all slots.
func (sp *space) document(c choice) string {
	if sp.inline {
		return sp.slots[0].kinds[c[sp.slots[0]].kind].raw
	}
	return document(sp.fixed, sp.slots, c)
}

// with returns the normal credential of a side with another choice for some slots.
func (sp *space) with(side int, c choice) choice {
	all := choice{}
	for s, of := range sp.normals[side] {
		all[s] = of
	}
	for s, of := range c {
		all[s] = of
		for _, outer := range sp.slots { // a claim inside exists only in an object
			if n := len(outer.pointer); n > 0 && n < len(s.pointer) && slices.Equal(s.pointer[:n], outer.pointer) && !isMissing(s, of) {
				if i := slices.IndexFunc(outer.kinds, func(k kind) bool { return k.isObject }); i >= 0 {
					if _, asked := c[outer]; !asked {
						all[outer] = chosen{kind: i}
					}
				}
			}
		}
	}
	return all
}

func isMissing(s *slot, of chosen) bool {
	k := s.kinds[of.kind]
	return k.raw == "" && k.list == noList
}

// probe returns the caller that a side makes of a choice; nil if it refuses the credential.
func (sp *space) probe(side int, c choice) *authn.Principal {
	doc := sp.document(c)
	key := probeKey{side, doc}
	p, known := sp.probes[key]
	if !known {
		s := sp.sides[side]
		found, why, _ := s.issuers.CallerOf(sp.issuer, doc, s.now)
		if !why.Refuses() {
			p = found
		}
		sp.probes[key] = p
	}
	return p
}

// slotFor returns the slot of a claim, or nil.
func (sp *space) slotFor(p strictjson.Pointer) *slot {
	for _, s := range sp.slots {
		if len(p) > 0 && slices.Equal(s.pointer, p) {
			return s
		}
	}
	return nil
}

// splitName splits a certificate's name at its form.
func splitName(name string) (form, rest string) {
	form, rest, _ = strings.Cut(name, ":")
	return form, rest
}
