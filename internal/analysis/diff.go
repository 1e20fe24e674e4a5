package analysis

import (
	"slices"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
)

// Change is a set of calls that one configuration allows and the other refuses.
type Change struct {
	Widens  bool // the new one allows them
	Issuer  string
	Verbs   inference.Verbs
	Class   Class
	Example *Caller // who may in one of them only
	Before  string  // how the old configuration decides about the example
	After   string
	// Who are the members of grants by whom callers gain, or lose: of the configuration that
	// allows, all by which somebody is allowed whom the other one refuses.
	Who []Row
}

// Diff compares two configurations: for each issuer, class of models and verb, whether there
// is a caller whom one allows and the other refuses. Nothing is left out: without a Change,
// every call that the one allows the other allows too. Keys are not compared, but for API keys that
// both configurations have; and neither is what routes make of a path: where a model's service is
// reached at all counts.
func Diff(before, after *Side) ([]Change, error) {
	var list []Change
	models := classes([]*Side{before, after})
	for _, widens := range []bool{true, false} {
		sides := []*Side{before, after}
		if widens {
			sides = []*Side{after, before}
		}
		found, err := gains(sides, models, widens)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

// gains lists what the first side allows and the second refuses.
func gains(sides []*Side, models []Class, widens bool) (list []Change, err error) {
	all, err := spaces(sides, nil)
	if err != nil {
		return nil, err
	}
	for _, class := range models {
		for _, sp := range sorted(all) {
			var changes []Change
			for v := inference.Predict; v <= inference.Admin; v++ {
				x, err := sp.gain(class, v, widens)
				if err != nil {
					return nil, err
				}
				if x != nil {
					changes = addChange(changes, *x)
				}
			}
			list = append(list, changes...)
		}
	}
	return list, nil
}

// gain finds a caller whom the first side allows and the second refuses; nil for none.
func (sp *space) gain(class Class, v inference.Verb, widens bool) (*Change, error) {
	q, sides := class.question(v), sp.sides
	differs := func(who []*authn.Principal) bool { return sides[0].allows(who[0], q) && !sides[1].allows(who[1], q) }
	gained := sp.And(sp.allowed(0, q), sp.allowed(1, q).Not())
	c, err := sp.find(gained, differs)
	if c == nil {
		return nil, err
	}
	x := &Change{Widens: widens, Issuer: c.Issuer, Verbs: inference.NewVerbs(v), Class: class, Example: c}
	x.After, x.Before = verdict(sides[0], c, q), verdict(sides[1], c, q)
	if !widens {
		x.After, x.Before = x.Before, x.After
	}
	_, grants := sides[0].terms(q)
	for i := range grants {
		t := &grants[i]
		gains, err := sp.exists(sp.And(gained, sp.term(0, t)), func(who []*authn.Principal) bool {
			return differs(who) && t.AppliesTo(sides[0].policy, who[0])
		})
		if err != nil {
			return nil, err
		}
		if row := (Row{t.Member.Issuer(), t.Member.String()}); gains && !slices.Contains(x.Who, row) {
			x.Who = append(x.Who, row)
		}
	}
	return x, nil
}

// verdict says how a side decides.
func verdict(s *Side, c *Caller, q Question) string {
	who := s.Principal(c)
	switch {
	case who == nil:
		return "the credential is refused"
	case !s.reaches(q.Model):
		return "no route leads to the service"
	}
	switch d := s.decide(who, q); {
	case d.Effect == authz.Allow:
		return "allowed by " + d.Rule
	case d.Rule != "":
		return "denied by " + d.Rule
	}
	return "no grant"
}

// addChange adds a change to one of another verb that is otherwise the same.
func addChange(list []Change, x Change) []Change {
	i := slices.IndexFunc(list, func(o Change) bool {
		return o.Before == x.Before && o.After == x.After && slices.Equal(o.Who, x.Who)
	})
	if i < 0 {
		return append(list, x)
	}
	list[i].Verbs |= x.Verbs
	return list
}
