package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/inference"
)

// maxRules bounds the rules that are listed for one model.
const maxRules = 12

// policy says which denies and which grants there are for each model of a call, and what each
// lacks. partly says that the call passes, or not for a deny: one that applies is on some of the
// models inside the service then, as in a list.
func (e *explanation) policy(g *gate.Gate, who *authn.Principal, call *inference.Call, now time.Time, partly bool) {
	_, _, policy := g.Parts()
	for i, m := range append(slices.Clone(call.Models), call.Possible...) {
		denies, _ := policy.Terms(now, call.Verb, m, call.Protocol)
		switch rule := e.denies(policy, who, m, denies, i < len(call.Models), partly); {
		case rule == "":
		case !partly:
			return
		default:
			e.add("deny", true, "%s, on some models inside of %s: the caller gets the others", rule, m.String())
		}
	}
	for _, m := range call.Models {
		_, grants := policy.Terms(now, call.Verb, m, call.Protocol)
		e.grants(policy, who, m, grants)
	}
}

// denies returns the deny that applies, and says so unless it is partly. say has it say too that
// none does.
func (e *explanation) denies(policy *authz.Policy, who *authn.Principal, m inference.Model, terms []authz.Term, say, partly bool) string {
	for i := range terms {
		if t := &terms[i]; t.AppliesTo(policy, who) {
			if partly {
				return t.Rule
			}
			how := "the caller is " + t.Member.String()
			if t.Member.Untold() {
				how = "in doubt, because it applies to " + t.Member.String()
			}
			e.add("deny", false, "%s, on %s: %s%s", t.Rule, m.String(), how, conditionsText(t))
			return t.Rule
		}
	}
	switch n := countRules(terms); {
	case say && n == 0:
		e.add("deny", true, "none is for this verb on %s", m.String())
	case say:
		e.add("deny", true, "none of the %d for this verb on %s applies", n, m.String())
	}
	return ""
}

func conditionsText(t *authz.Term) string {
	text := ""
	for _, c := range t.Conditions {
		text += "; it does not fail " + c.String()
	}
	return text
}

func countRules(terms []authz.Term) (n int) {
	for i := range terms {
		if i == 0 || terms[i].Order != terms[i-1].Order || terms[i].Shadow != terms[i-1].Shadow {
			n++
		}
	}
	return n
}

// grants says of each grant for the verb on the model whether it covers the caller.
func (e *explanation) grants(policy *authz.Policy, who *authn.Principal, m inference.Model, terms []authz.Term) {
	n := countRules(terms)
	if n == 0 {
		e.add("grant", false, "no grant is for this verb on %s", m.String())
		return
	}
	listed := 0
	for begin := 0; begin < len(terms); {
		end := begin + 1
		for end < len(terms) && terms[end].Order == terms[begin].Order && terms[end].Shadow == terms[begin].Shadow {
			end++
		}
		ok, says := grantText(policy, who, terms[begin:end])
		if listed++; ok || listed <= maxRules {
			e.add("grant", ok, "%s, on %s: %s", terms[begin].Rule, m.String(), says)
		}
		if ok {
			return
		}
		begin = end
	}
	if listed > maxRules {
		e.add("grant", false, "and %d more for this verb on %s", listed-maxRules, m.String())
	}
}

// grantText says whether one of the terms of a grant covers a caller, or what they lack.
func grantText(policy *authz.Policy, who *authn.Principal, terms []authz.Term) (ok bool, says string) {
	var lacking, elsewhere string
	var members []string
	for i := range terms {
		t := &terms[i]
		switch {
		case t.AppliesTo(policy, who):
			says = "the caller is " + t.Member.String()
			if t.Shadow {
				says += "; the grant is in shadow, and only lets requests pass until its shadow ends"
			}
			return true, says
		case policy.IsMember(who, t.Member):
			lacking = "the caller is " + t.Member.String() + ", but lacks " + lacks(t, who)
		case elsewhere == "" && isMemberOf(policy, who, t):
			elsewhere = fmt.Sprintf("the caller would be %s with a credential of the issuer %s; it has one of %s",
				t.Member, t.Member.Issuer(), who.Issuer)
		}
		if name := t.Member.String(); len(members) == 0 || members[len(members)-1] != name {
			members = append(members, name)
		}
	}
	switch {
	case lacking != "":
		return false, lacking
	case elsewhere != "":
		return false, elsewhere
	}
	if len(members) > maxRules {
		members = append(members[:maxRules], fmt.Sprintf("%d more", len(members)-maxRules))
	}
	return false, "the caller is none of its members: " + strings.Join(members, ", ")
}

// isMemberOf reports whether a caller would be the member if the member's issuer said the same.
func isMemberOf(policy *authz.Policy, who *authn.Principal, t *authz.Term) bool {
	issuer := t.Member.Issuer()
	if who.Anonymous() || issuer == "" || issuer == who.Issuer {
		return false
	}
	other := *who
	other.Issuer = issuer
	return policy.IsMember(&other, t.Member)
}

// lacks lists what a grant asks for beside the member that the caller has not.
func lacks(t *authz.Term, who *authn.Principal) string {
	var list []string
	for _, c := range t.Conditions {
		if !c.Met(who) {
			list = append(list, "the claim "+c.String())
		}
	}
	if t.Require.Has(authn.ByCertificate) && who.Peer == "" {
		list = append(list, "a client certificate that is a principal")
	}
	if t.Require.Has(authn.BySignature) && who.SignedBy == "" {
		list = append(list, "a signature of the request")
	}
	return strings.Join(list, ", and ")
}
