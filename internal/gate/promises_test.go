package gate_test

import (
	"slices"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// TestTheGateDecidesAsTheReference: for any policy, caller and request the answer is
// that of refPolicy.allows.
func TestTheGateDecidesAsTheReference(t *testing.T) {
	keepPromise(t, 1500, []string{"allowed", "refused"}, func(p *promises) {
		g := p.compile(p.policy, "")
		for range 20 {
			c, q := p.randomCaller(), p.randomRequest()
			got, want := allows(g, c, q), p.policy.allows(c.refCaller, q.verb, q.model)
			if p.saw(outcomeName(want)); got != want {
				p.failf("allowed(%+v, %+v) = %v, want %v", c.refCaller, q, got, want)
			}
		}
	})
}

// TestDenyBeatsGrant: a call that a deny covers is refused, whatever grants it.
func TestDenyBeatsGrant(t *testing.T) {
	keepPromise(t, 1500, []string{"denied"}, func(p *promises) {
		g := p.compile(p.policy, "")
		for range 10 {
			c, q := p.randomCaller(), p.randomRequest()
			if !allows(g, c, q) {
				continue
			}
			p.saw("denied")
			denied := p.policy
			deny := []refRule{
				{Models: []string{q.model}}, {Verbs: []string{q.verb}}, {Models: []string{"*/*"}}, {Members: []string{"allUsers"}},
			}[p.IntN(4)]
			deny.Name = "no"
			denied.Denies = slices.Insert(slices.Clone(denied.Denies), p.IntN(len(denied.Denies)+1), deny)
			denied.Grants = append(slices.Clone(denied.Grants), grantToAll)
			x, step := decide(p.compile(denied, ""), c, q)
			want := reason.Denied
			if c.issuer == "" {
				want = reason.CredentialMissing
			}
			if step.Act != gate.Refuse || step.Reason != want {
				p.failf("with the deny %+v: %+v of %+v is %s by %q, want %s", deny, q, c.refCaller, step.Reason, x.Rule, want)
			}
			return
		}
	})
}

// TestNothingMatchesIsNo: without the grants that cover it, a call is refused.
func TestNothingMatchesIsNo(t *testing.T) {
	keepPromise(t, 1000, []string{"granted before"}, func(p *promises) {
		for range 5 {
			c, q := p.randomCaller(), p.randomRequest()
			rest := p.policy
			rest.Grants = slices.DeleteFunc(slices.Clone(rest.Grants), func(r refRule) bool {
				return r.covers(c.refCaller, q.verb, q.model, false)
			})
			if len(rest.Grants) < len(p.policy.Grants) {
				p.saw("granted before")
			}
			if x, step := decide(p.compile(rest, ""), c, q); step.Act != gate.Refuse {
				p.failf("without a grant that covers it, %+v of %+v is %s by %q", q, c.refCaller, step.Reason, x.Rule)
			}
		}
	})
}

// TestMoreGrantsNeverTakeAway: what is allowed stays allowed when a grant is added.
func TestMoreGrantsNeverTakeAway(t *testing.T) {
	keepPromise(t, 1000, []string{"allowed", "newly allowed"}, func(p *promises) {
		more := p.policy
		more.Grants = slices.Insert(slices.Clone(more.Grants), p.IntN(len(more.Grants)+1), p.randomGrant("more"))
		before, after := p.compile(p.policy, ""), p.compile(more, "")
		for range 40 {
			c, q := p.randomCaller(), p.randomRequest()
			switch was, is := allows(before, c, q), allows(after, c, q); {
			case was && !is:
				p.failf("one more grant, of %+v, refuses %+v of %+v", more.Grants, q, c.refCaller)
			case was:
				p.saw("allowed")
			case is:
				p.saw("newly allowed")
			}
		}
	})
}

// TestMoreDeniesNeverGive: what is refused stays refused when a deny is added.
func TestMoreDeniesNeverGive(t *testing.T) {
	keepPromise(t, 1000, []string{"refused", "newly refused"}, func(p *promises) {
		more := p.policy
		more.Denies = slices.Insert(slices.Clone(more.Denies), p.IntN(len(more.Denies)+1), p.randomDeny("more"))
		before, after := p.compile(p.policy, ""), p.compile(more, "")
		for range 40 {
			c, q := p.randomCaller(), p.randomRequest()
			switch was, is := allows(before, c, q), allows(after, c, q); {
			case !was && is:
				p.failf("one more deny, of %+v, allows %+v of %+v", more.Denies, q, c.refCaller)
			case !was:
				p.saw("refused")
			case !is:
				p.saw("newly refused")
			}
		}
	})
}

// TestOrderOfConfigurationDoesNotMatter: the same rules in another order, with their
// lists in another order, give the same answers.
func TestOrderOfConfigurationDoesNotMatter(t *testing.T) {
	keepPromise(t, 1000, []string{"allowed", "refused"}, func(p *promises) {
		shuffle := func(list []string) []string {
			list = slices.Clone(list)
			p.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			return list
		}
		rules := func(list []refRule) []refRule {
			list = slices.Clone(list)
			p.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			for i, r := range list {
				list[i].Issuers, list[i].Members = shuffle(r.Issuers), shuffle(r.Members)
				list[i].Verbs, list[i].Models = shuffle(r.Verbs), shuffle(r.Models)
			}
			return list
		}
		other := refPolicy{Grants: rules(p.policy.Grants), Denies: rules(p.policy.Denies)}
		first, second := p.compile(p.policy, ""), p.compile(other, "")
		for range 20 {
			c, q := p.randomCaller(), p.randomRequest()
			_, a := decide(first, c, q)
			_, b := decide(second, c, q)
			if a.Act != b.Act || a.Reason != b.Reason {
				p.failf("%+v of %+v is %s, and %s with the rules in the order %+v", q, c.refCaller, a.Reason, b.Reason, other)
			}
			p.saw(outcomeName(a.Act == gate.Forward))
		}
	})
}
