package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/analysis"
	"github.com/modelgate/modelgate/internal/gate"
)

// lintGrants has one finding of each check but the one of routes' models.
const lintGrants = `"grants": [
    {"name": "dead", "issuers": ["iap"], "members": ["user:mallory@example.com"], "role": "viewer", "models": ["prod/dead"]},
    {"name": "nobody", "issuers": ["iap"], "members": ["group:ghosts", "user:bob@example.com"], "role": "viewer", "models": ["prod/bob"]},
    {"name": "open", "issuers": ["iap"], "members": ["allAuthenticatedUsers"], "verbs": ["load"], "models": ["prod/open"]},`

func TestLint(t *testing.T) {
	again := []string{`"members": ["user:mallory@example.com"]},`, `"members": ["user:mallory@example.com"]},
    {"name": "mallory again", "members": ["user:mallory@example.com"], "claims": [{"pointer": "/x", "equals": 1}]},`,
		`"models": ["prod/risk-*"]
    },`, `"models": ["prod/risk-*"]
    },
    {"name": "twice", "issuers": ["iap"], "members": ["user:ana@example.com"], "verbs": ["predict"], "models": ["prod/fraud"]},`}
	file := writeChanged(t, append(again, `"grants": [`, lintGrants)...)
	got := runPolicy("check", "--lint", file)
	for _, want := range []string{
		`:28:5: warning: grant "dead" allows nobody anything: denies refuse all that it grants [unreachable-grant]`,
		`:53:5: warning: grant "twice" changes nothing: grants before it give all that it does [redundant-grant]`,
		`: warning: grant "nobody" names group:ghosts, which no caller of issuer "iap" can be [member-never-matches]`,
		`:30:5: warning: grant "open" gives allAuthenticatedUsers the verb load, on prod/open for one [wildcard]`,
		`: warning: deny "mallory again" changes nothing: other denies refuse all that it does [shadowed-deny]`,
	} {
		if !strings.Contains(got.err, want) {
			t.Errorf("check --lint has no %s:\n%s", want, got.err)
		}
	}
	if n := strings.Count(got.err, "]\n"); got.status != 0 || n != 5 {
		t.Errorf("%d findings and status %d, want 5 and 0:\n%s", n, got.status, got.err)
	}
	silent := writeChanged(t, `"grants": [`, `"lint": [{"check": "wildcard", "of": "open", "reason": "a playground"},
    {"check": "redundant-grant", "of": "dead", "reason": "no such finding"}],
  `+lintGrants)
	got = runPolicy("check", "--lint", silent)
	const none = `nothing is to be silenced: there is no such finding of "dead" [redundant-grant]`
	if strings.Contains(got.err, "[wildcard]") || !strings.Contains(got.err, none) {
		t.Errorf("check --lint = %+v, want nothing of wildcard, and that the other silences nothing", got)
	}
}

// TestLintOfModels: a route names a model that nobody can reach. Whoever may use a model inside a
// service reaches the service.
func TestLintOfModels(t *testing.T) {
	const route = `"routes": [{"protocol": "openai", "service": "lab/lonely", "hosts": ["lonely.example.com"]}, `
	const want = `:26:14: warning: the model "lab/lonely" is a model of a route, and no caller may do anything with it [unreachable-model]`
	file := writeChanged(t, `"routes": [`, route)
	if got := runPolicy("check", "--lint", file); got.status != 0 || !strings.Contains(got.err, want) {
		t.Errorf("check --lint = %+v\nwant %s", got, want)
	}
	file = writeChanged(t, `"routes": [`, route, `"grants": [`, `"grants": [
    {"name": "one model", "issuers": ["iap"], "members": ["user:ana@example.com"], "role": "invoker", "models": ["lab/lonely/tiny"]},`)
	if got := runPolicy("check", "--lint", file); got.status != 0 || strings.Contains(got.err, "unreachable-model") {
		t.Errorf("check --lint = %+v\nwant nothing of unreachable-model", got)
	}
}

// TestLintChecks: a configuration can silence each check by its name.
func TestLintChecks(t *testing.T) {
	for _, c := range []analysis.Check{analysis.UnreachableGrant, analysis.RedundantGrant, analysis.ShadowedDeny, analysis.NeverMember,
		analysis.UnreachableModel, analysis.Wildcard} {
		if !slices.Contains(gate.LintChecks, string(c)) {
			t.Errorf("%s cannot be silenced", c)
		}
	}
}
