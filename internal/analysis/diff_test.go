package analysis

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
)

// changed returns a configuration that differs from c in a few places.
func (d dice) changed(c object) object {
	doc, _ := json.Marshal(c)
	var n object
	_ = json.Unmarshal(doc, &n) // what Marshal wrote
	for range 1 + d.IntN(2) {
		other := d.config()
		switch field := d.pick("grants", "grants", "denies", "issuers", "groups"); {
		case field == "grants" && d.maybe(0.5) && len(n["grants"].([]any)) > 1:
			n["grants"] = n["grants"].([]any)[1:]
		case field == "grants":
			r := d.rule("new", false)
			n["grants"] = append([]any{r}, n["grants"].([]any)...)
			return n
		case other[field] != nil:
			n[field] = other[field]
		default:
			delete(n, field)
		}
	}
	return n
}

// TestDiffAgreesWithPolicy compares Diff with what both policies say of each caller: where it
// has no change, no caller is allowed by one and refused by the other, and where it has one,
// its example is.
func TestDiffAgreesWithPolicy(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(5, 6))}
	counts := map[string]int{}
	for n := 0; n < *policies/4; {
		c, before := d.randomSide(t)
		c2 := d.changed(c)
		after := side(c2)
		if after == nil {
			continue
		}
		n++
		changes, err := Diff(before, after)
		if err != nil {
			t.Fatalf("%v from %s to %s", err, written(c), written(c2))
		}
		for _, x := range changes {
			q := x.Class.question(x.Verbs.First())
			was, is := before.allows(before.Principal(x.Example), q), after.allows(after.Principal(x.Example), q)
			if is != x.Widens || was == x.Widens {
				t.Fatalf("%s may %s %s: %v before and %v after, and Diff says otherwise from %s to %s",
					x.Example, q.Verb, q.Model, was, is, written(c), written(c2))
			}
			counts[map[bool]string{true: "widens", false: "narrows"}[x.Widens]]++
		}

		for range 150 {
			who := d.caller()
			a, b := before.Principal(who), after.Principal(who)
			for _, name := range testModels {
				q := Question{Verb: inference.Verb(d.IntN(9)), Model: model(t, name)}
				was, is := before.allows(a, q), after.allows(b, q)
				if was != is && !tells(changes, []*Side{before, after}, who, q, is) {
					t.Fatalf("%s may %s %s: %v before and %v after, and Diff does not tell, from %s to %s",
						who, q.Verb, q.Model, was, is, written(c), written(c2))
				}
				counts[map[bool]string{true: "same", false: "differs"}[was == is]]++
			}
		}
	}
	t.Log(counts)
}

// tells reports whether one of the changes is of a class in which the caller may the same.
func tells(changes []Change, sides []*Side, c *Caller, q Question, widens bool) bool {
	for _, x := range changes {
		if x.Issuer != c.Issuer || x.Widens != widens || !x.Verbs.Has(q.Verb) {
			continue
		}
		at, same := x.Class.question(q.Verb), true
		for _, s := range sides {
			who := s.Principal(c)
			same = same && s.allows(who, q) == s.allows(who, at)
		}
		if same {
			return true
		}
	}
	return false
}

// TestClasses looks for the class of each model: one with whose model every caller may the
// same, on both sides.
func TestClasses(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(9, 9))}
	for range *policies {
		c, one := d.randomSide(t)
		other := side(d.changed(c))
		if other == nil {
			other = one
		}
		sides := []*Side{one, other}
		all := classes(sides)
		callers := make([]*Caller, 60)
		for i := range callers {
			callers[i] = d.caller()
		}
		for _, name := range testModels {
			m := model(t, name)
			if !slices.ContainsFunc(all, func(class Class) bool { return class.Protocol == "" && alike(sides, callers, class.Model, m) }) {
				t.Fatalf("no class has %s under %s", name, written(c))
			}
		}
	}
}

// alike reports whether all callers may the same with two models, and are told the same rule.
func alike(sides []*Side, callers []*Caller, a, b inference.Model) bool {
	for _, s := range sides {
		if s.reaches(a) != s.reaches(b) {
			return false
		}
		for _, c := range callers {
			who := s.Principal(c)
			for v := inference.Predict; who != nil && v <= inference.Admin; v++ {
				if s.decide(who, Question{Verb: v, Model: a}) != s.decide(who, Question{Verb: v, Model: b}) {
					return false
				}
			}
		}
	}
	return true
}
