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
	layout layout
	slots  []*slot // of the document
	inline bool    // the document is one of a few API keys: the only slot has them
	peer   peerSlots
	signed *slot
	all    []*slot   // by number: those of the document, of the certificate, and signed
	outer  [][]inner // by the number of a slot of the document: what it is inside of

	normals []choice                    // by side: a credential that it accepts
	valid   []z.Lit                     // by side: it accepts the credential
	probes  map[string]*authn.Principal // by the side and the choice
	key     []byte                      // of the last probe
	members map[memberKey]z.Lit
	looksBy map[string][]look // by side, fact and slots
	// conditions has what was found for each condition, and questions who may.
	conditions map[conditionKey]z.Lit
	questions  map[questionKey]z.Lit
	answers    map[z.Lit]*witness // by formula: the simplest caller, or nil for none
	ones       map[z.Lit]*witness // by formula: some caller
	witnesses  []*witness         // the latest ones

	*logic.C
	solver *gini.Gini
	mark   []int8
	broken int // callers that were made and are not as the formula says
}

// inner is a claim that has to be an object where another claim inside it exists.
type inner struct{ slot, kind int }

type conditionKey struct {
	side int
	of   authz.Condition
	deny bool
}

type memberKey struct {
	side int
	of   authz.Member
}

type questionKey struct {
	side int
	of   Question
}

// newSpace returns the space of an issuer. The credentials are those that the first side
// accepts, as far as dates, audience and iss go. more are members that are asked about
// beside those of rules.
func newSpace(issuer string, sides []*Side, more []authz.Member) (*space, error) {
	sp := &space{
		issuer: issuer, sides: sides, C: logic.NewC(), solver: gini.New(), probes: map[string]*authn.Principal{},
		members: map[memberKey]z.Lit{}, looksBy: map[string][]look{}, conditions: map[conditionKey]z.Lit{}, questions: map[questionKey]z.Lit{},
		answers: map[z.Lit]*witness{}, ones: map[z.Lit]*witness{},
	}
	for _, s := range sides {
		sp.shapes = append(sp.shapes, *s.shape(issuer))
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
	sp.all = slices.Concat(sp.slots, sp.peer.all(), []*slot{sp.signed})
	for i, s := range sp.all {
		s.at = i
		sp.declare(s)
	}
	if !sp.inline {
		sp.layout = newLayout(sp.fixed, sp.slots)
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
	sp.outer = make([][]inner, len(sp.slots))
	for _, s := range sp.slots {
		for _, outer := range sp.slots {
			n := len(outer.pointer)
			if n == 0 || n >= len(s.pointer) || !slices.Equal(s.pointer[:n], outer.pointer) {
				continue
			}
			if k := slices.IndexFunc(outer.kinds, func(k kind) bool { return k.isObject }); k >= 0 {
				sp.outer[s.at] = append(sp.outer[s.at], inner{outer.at, k})
			}
			for k := range s.kinds {
				allowed := []z.Lit{s.chosen[k].Not()}
				for j, above := range outer.kinds {
					if above.isObject || s.isMissing(k) {
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

// document returns the document of a choice.
func (sp *space) document(c choice) string {
	if sp.inline {
		return sp.slots[0].kinds[max(c[0].kind, 0)].raw
	}
	return sp.layout.write(c)
}

// asking returns a choice for one slot.
func (sp *space) asking(s *slot, k int, bits ...int) choice {
	c := newChoice(len(sp.all))
	c[s.at] = chosen{k, bits}
	return c
}

// with returns the normal credential of a side with another choice for some slots.
func (sp *space) with(side int, c choice) choice {
	all := slices.Clone(sp.normals[side])
	for i, of := range c {
		if of.kind == unasked {
			continue
		}
		all[i] = of
		if i >= len(sp.outer) || sp.all[i].isMissing(of.kind) {
			continue
		}
		for _, o := range sp.outer[i] {
			if c[o.slot].kind == unasked {
				all[o.slot] = chosen{kind: o.kind}
			}
		}
	}
	return all
}

// probe returns the caller that a side makes of a choice; nil if it refuses the credential.
func (sp *space) probe(side int, c choice) *authn.Principal {
	sp.key = c.append(append(sp.key[:0], byte(side)))
	p, known := sp.probes[string(sp.key)]
	if !known {
		p = sp.sides[side].callerOf(sp.issuer, sp.document(c))
		sp.probes[string(sp.key)] = p
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
