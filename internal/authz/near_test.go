package authz_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
)

func callOn(verb inference.Verb, models ...inference.Model) *inference.Call {
	return &inference.Call{Verb: verb, Models: models}
}

func model(namespace, service string) inference.Model {
	return inference.Model{Namespace: namespace, Service: service}
}

// TestNearest: which grant is nearest to a call that none covers, and what it lacks.
func TestNearest(t *testing.T) {
	p := compile(t, `{"peer": {"trustDomain": "cluster.local"}, "grants": [
		{"name": "others", "issuers": ["corp"], "members": ["group:fraud"], "role": "invoker", "models": ["prod/fraud"]},
		{"name": "viewers", "issuers": ["corp"], "members": ["user:ana@example.com"], "role": "viewer", "models": ["prod/*"]},
		{"name": "strong", "issuers": ["corp"], "members": ["user:ana@example.com"], "role": "invoker", "models": ["prod/risk"],
			"claims": [{"pointer": "/acr", "equals": "strong"}, {"pointer": "/amr", "contains": "mfa"}]},
		{"name": "bound", "issuers": ["corp"], "members": ["user:ana@example.com"], "role": "invoker", "models": ["prod/bound"], "require": ["certificate"]},
		{"name": "signed", "issuers": ["corp"], "members": ["user:ana@example.com"], "role": "invoker", "models": ["prod/signed"], "require": ["signature"]},
		{"name": "inner", "issuers": ["corp"], "members": ["group:llm"], "role": "invoker", "models": ["dev/llm/one"]},
		{"name": "gone", "issuers": ["corp"], "members": ["deleted:user:eve@example.com?uid=1"], "role": "invoker", "models": ["lab/gone"]}
	]}`)
	ana := who("corp", `{"email": "ana@example.com", "acr": "weak", "amr": ["mfa"]}`)
	for _, c := range []struct {
		name   string
		who    *authn.Principal
		call   *inference.Call
		grant  string
		lacks  string
		want   []string
		reason string
	}{
		{"a condition", ana, callOn(inference.Predict, model("prod", "risk")), "strong", authz.LacksCondition, []string{`/acr equals "strong"`}, ""},
		{"the verb", ana, callOn(inference.Load, model("prod", "other")), "viewers", authz.LacksVerb, nil, "must have the verb load"},
		{"a verb and a condition: the condition is nearer", ana, callOn(inference.Predict, model("prod", "risk")), "strong", authz.LacksCondition,
			[]string{`/acr equals "strong"`}, ""},
		{"a certificate", ana, callOn(inference.Predict, model("prod", "bound")), "bound", authz.LacksCertificate, nil, ""},
		{"a signature", ana, callOn(inference.Predict, model("prod", "signed")), "signed", authz.LacksSignature, nil, ""},
		{"a member", who("corp", `{"email": "bob@example.com"}`), callOn(inference.Predict, model("prod", "fraud")), "others", authz.LacksMember, nil, ""},
		{"of the first model that is not granted", ana, callOn(inference.Ready, model("prod", "fraud"), model("dev", "x")), "viewers", authz.LacksModel, nil, ""},
		{"another model", ana, callOn(inference.Predict, model("dev", "x")), "viewers", authz.LacksModel, nil, ""},
		{"a model inside of the service", who("corp", `{}`), callOn(inference.Predict, model("dev", "llm")), "inner", authz.LacksMember, nil, ""},
		{"a grant whose members are deleted", who("corp", `{"email": "bob@example.com"}`), callOn(inference.Predict, model("lab", "gone")), "gone",
			authz.LacksMember, nil, ""},
		{"nothing is near", who("google", `{}`), callOn(inference.Predict, model("dev", "x")), "", "", nil, "no grant has the model, and none the caller"},
		{"anonymous", who("", ""), callOn(inference.Predict, model("prod", "fraud")), "others", authz.LacksMember, nil, ""},
		{"no model", ana, callOn(inference.Predict), "", "", nil, "no grant is near it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := p.Nearest(noon, c.who, c.call)
			if got.Grant != c.grant || got.Lacks != c.lacks || !reflect.DeepEqual(got.Want, c.want) || !strings.Contains(got.Why, c.reason) || got.Place != "grant" {
				t.Errorf("Nearest = %+v, want %s, which lacks %s %q", got, c.grant, c.lacks, c.want)
			}
		})
	}
}

// TestNearestIsBounded: what it costs does not grow with the number of grants.
func TestNearestIsBounded(t *testing.T) {
	cost := func(n int) float64 {
		var grants []string
		for i := range n {
			grants = append(grants, fmt.Sprintf(`{"name": "g%d", "issuers": ["corp"], "members": ["user:u%d@example.com", "group:all"],
				"role": "viewer", "models": ["prod/m%d", "prod/*"], "claims": [{"pointer": "/n", "equals": %d}]}`, i, i, i, i))
		}
		p := compile(t, `{"grants": [`+strings.Join(grants, ",")+`]}`)
		ana := who("corp", `{"email": "u1@example.com", "groups": ["all"]}`)
		ana.Groups = []string{"all"}
		call := callOn(inference.Predict, model("prod", "m1"))
		if near := p.Nearest(noon, ana, call); near.Lacks != authz.LacksVerb {
			t.Errorf("Nearest = %+v, want one that lacks the verb", near)
		}
		return testing.AllocsPerRun(10, func() { p.Nearest(noon, ana, call) })
	}
	if few, many := cost(300), cost(3000); many > few {
		t.Errorf("%v allocations with 3000 grants, %v with 300", many, few)
	}
}

// TestAppliesInDoubt: a deny is in doubt if only what a token does not tell makes it apply.
func TestAppliesInDoubt(t *testing.T) {
	p := compile(t, `{"denies": [
		{"name": "leavers", "members": ["group:leavers"], "models": ["prod/a"]},
		{"name": "weak", "claims": [{"pointer": "/acr", "equals": "weak"}], "models": ["prod/b"]},
		{"name": "all", "models": ["prod/c"]}
	]}`)
	told := who("corp", `{"acr": "weak"}`)
	told.Untold = 0
	told.Groups = []string{"leavers"}
	untold := who("corp", `{}`)
	untold.Untold = authn.UntoldGroups
	for _, c := range []struct {
		name string
		who  *authn.Principal
		on   string
		want bool
	}{
		{"told", told, "a", false}, {"untold", untold, "a", true},
		{"a condition that holds", told, "b", false}, {"a condition that cannot be evaluated", untold, "b", true},
		{"all", untold, "c", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			call := callOn(inference.Predict, model("prod", c.on))
			if d := p.Decide(noon, c.who, call); d.Rule == "" {
				t.Fatalf("Decide = %+v, want a deny", d)
			}
			if got := p.AppliesInDoubt(noon, c.who, call); got != c.want {
				t.Errorf("AppliesInDoubt = %v, want %v", got, c.want)
			}
		})
	}
}
