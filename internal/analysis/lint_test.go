package analysis

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
)

// TestLintAgreesWithPolicy leaves out each rule of which Lint says that it changes nothing, and
// compares what callers may then with what they may with it. No caller must be a member of which it
// says that nobody can be.
func TestLintAgreesWithPolicy(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(11, 12))}
	counts := map[Check]int{}
	for range *policies {
		c, s := d.randomSide(t)
		found, err := Lint(s)
		if err != nil {
			t.Fatalf("%v under %s", err, written(c))
		}
		_, whos := d.callers(s)
		for _, f := range found {
			counts[f.Check]++
			switch f.Check {
			case NeverMember:
				checkNever(t, s, whos, f, c)
			case UnreachableGrant, RedundantGrant, ShadowedDeny:
				checkUseless(t, d, s, f, c)
			}
		}
	}
	t.Log(counts)
}

func checkNever(t *testing.T, s *Side, whos []*authn.Principal, f Finding, c object) {
	for _, term := range s.terms {
		if !term.Deny && term.Member.String() == f.Member && term.Member.Issuer() == f.Issuer &&
			slices.ContainsFunc(whos, func(who *authn.Principal) bool { return s.policy.IsMember(who, term.Member) }) {
			t.Fatalf("a caller is %s, of which Lint says %+v under %s", term.Member, f, written(c))
		}
	}
}

func checkUseless(t *testing.T, d dice, s *Side, f Finding, c object) {
	field := "grants"
	if f.Check == ShadowedDeny {
		field = "denies"
	}
	without := object{}
	for name, v := range c {
		without[name] = v
	}
	rules := slices.DeleteFunc(slices.Clone(c[field].([]object)), func(r object) bool { return r["name"] == f.Of })
	if without[field] = rules; len(rules) == 0 {
		delete(without, field)
	}
	other := side(without)
	if other == nil {
		t.Fatalf("without %s: %v", f.Of, lastProblem)
	}
	for range 60 {
		caller := d.caller()
		a, b := s.Principal(caller), other.Principal(caller)
		for _, name := range testModels {
			q := Question{Verb: inference.Verb(d.IntN(9)), Model: model(t, name)}
			if a != nil && (s.decide(a, q).Effect == authz.Allow) != (other.decide(b, q).Effect == authz.Allow) {
				t.Fatalf("%s may %s %s otherwise without %s, of which Lint says %+v under %s", caller, q.Verb, q.Model, f.Of, f, written(c))
			}
		}
	}
}
