package gate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// shadowWorld is the world with routes, grants and denies in shadow until 100 s from now.
func shadowWorld(t testing.TB) string {
	shadow := `{"until": "` + now.Add(100*time.Second).UTC().Format(time.RFC3339) + `"}`
	inShadow := func(object string) string { return edit.Set(t, object, "/shadow", shadow) }
	s := edit.Set(t, world, "/peer", `{"trustDomain": "cluster.local"}`)
	for _, route := range []string{
		`{"protocol": "grpc", "service": "trial.T", "model": "prod/trial", "hosts": ["models.example.com"]}`,
		`{"prefix": "/trial", "protocol": "kserve-v1", "names": {"predictor": "{service}.{namespace}.trial"}}`,
	} {
		s = edit.Insert(t, s, "/routes/0", inShadow(route))
	}
	s = edit.Insert(t, s, "/grants/0", `{
		"name": "mesh",
		"peer": true,
		"members": ["namespace:batch"],
		"verbs": ["predict"],
		"models": ["batch/*"]
	}`)
	s = edit.Insert(t, s, "/grants/0", inShadow(`{"name": "soon-all", "members": ["allUsers"], "verbs": ["predict"], "models": ["dev/open"]}`))
	s = edit.Insert(t, s, "/grants/0", inShadow(`{
		"name": "soon",
		"issuers": ["corp"],
		"members": ["allAuthenticatedUsers"],
		"role": "invoker",
		"models": ["dev/*", "prod/fraud"]
	}`))
	s = edit.Insert(t, s, "/denies/0", `{"name": "quarantine", "members": ["namespace:quarantine"]}`)
	for _, deny := range []string{
		`{"name": "staff", "models": ["prod/twin"]}`, // the name of a grant
		`{"name": "closing", "models": ["*/closing"]}`,
	} {
		s = edit.Insert(t, s, "/denies/0", inShadow(deny))
	}
	return s
}

// shadowCase is a request and its outcomes before and after the shadow's end.
type shadowCase struct {
	line          string
	more          []pair
	before, after string
	rule          string // before
}

// same is a request that no shadow changes.
func same(want string, line string, more ...pair) shadowCase {
	return shadowCase{line, more, want, want, ""}
}

// shadowed is a request that passes in shadow, and is refused as why after it.
func shadowed(why, rule string, line string, more ...pair) shadowCase {
	return shadowCase{line, more, "shadow " + why, why, rule}
}

func shadowCases(t *testing.T, s *corpus.Scenario) []shadowCase {
	late := claims{"exp": "now+1h"} // every token here outlives the shadow
	ok := bearer(t, s, corp(late))
	bad := bearer(t, s, corpus.Token{Issuer: "corp", Claims: late, Fault: "tampered"})
	expired := bearer(t, s, corp(claims{"exp": "now-1h", "iat": "now-2h"}))
	wrong := bearer(t, s, corp(claims{"aud": "x", "exp": "now+1h"}))
	basic := pair{"authorization", "Basic YTpi"}
	grpc := pair{"content-type", "application/grpc"}
	const (
		trialFraud  = "POST /trial/prod/fraud:predict"
		trialFrozen = "POST /trial/prod/frozen:predict"
		publicTrial = "POST /trial/public/iris:predict"
		native      = "POST /v1/models/m:predict"
	)
	host := func(name string) pair { return pair{":authority", name} }
	return []shadowCase{
		// A route in shadow.
		{trialFraud, []pair{ok}, "allowed", "allowed", "staff"},
		{publicTrial, nil, "allowed", "allowed", "showcase"},
		shadowed("credential_missing", "", trialFraud),
		shadowed("grant_missing", "", "POST /trial/secret/x:predict", ok),
		shadowed("denied", "frozen", trialFrozen, ok),
		shadowed("credential_missing", "frozen", trialFrozen),
		shadowed("signature_invalid", "", trialFraud, bad),
		shadowed("signature_invalid", "", publicTrial, bad),
		shadowed("token_expired", "", trialFraud, expired),
		shadowed("audience_wrong", "", trialFraud, wrong),
		shadowed("scheme_unsupported", "", trialFraud, basic),
		shadowed("credential_missing", "", native, host("fraud.prod.trial")),
		shadowed("credential_missing", "", "POST /trial.T/Call", grpc),
		// A request that no route understands is never in shadow.
		same("path_unknown", "POST /trial/prod/fraud:nonsense", ok),
		same("credential_missing", "POST /trial/prod/fraud:nonsense"),
		same("model_invalid", "POST /trial/prod/Fraud:predict", ok),
		same("path_invalid", "POST /trial/prod//fraud:predict", ok),
		same("credential_missing", "POST /trial/prod//fraud:predict"),
		same("signature_invalid", "POST /trial/prod//fraud:predict", bad),
		same("host_invalid", native, ok),
		same("identity_conflict", trialFraud, ok, host("other.prod.trial")),
		same("credential_missing", trialFraud, host("other.prod.trial")),
		same("signature_invalid", trialFraud, host("a."), bad),
		same("credential_repeated", trialFraud, ok, ok),
		same("credential_mixed", trialFraud, ok, basic),
		same("query_token", trialFraud+"?access_token=x", ok),
		same("upgrade_refused", trialFraud, ok, pair{"upgrade", "h2c"}),
		same("connection_header", trialFraud, pair{"connection", "x"}),
		same("header_repeated", trialFraud, pair{"host", "x"}),
		// Another route.
		same("credential_missing", askStaff),
		same("signature_invalid", askStaff, bad),
		// A grant in shadow.
		shadowed("grant_missing", "soon", "POST /kfserving/dev/x:predict", ok),
		same("credential_missing", "POST /kfserving/dev/x:predict"),
		same("signature_invalid", "POST /kfserving/dev/x:predict", bad),
		shadowed("credential_missing", "soon-all", "POST /kfserving/dev/open:predict"),
		same("signature_invalid", "POST /kfserving/dev/open:predict", bad),
		{askStaff, []pair{ok}, "allowed", "allowed", "staff"},
		shadowed("grant_missing", "soon", "POST /trial/dev/x:predict", ok),
		{"POST /kfserving/dev/frozen:predict", []pair{ok}, "denied", "denied", "frozen"},
		// A deny in shadow.
		shadowed("denied", "closing", "POST /kfserving/prod/closing:predict", ok),
		shadowed("credential_missing", "closing", "POST /kfserving/public/closing:predict"),
		shadowed("denied", "staff", "POST /kfserving/prod/twin:predict", ok),
		{"POST /kfserving/secret/closing:predict", []pair{ok}, "grant_missing", "denied", ""},
		same("credential_missing", "POST /kfserving/prod/closing:predict"),
	}
}

func TestShadow(t *testing.T) {
	g, s := load(t, shadowWorld(t))
	for _, c := range shadowCases(t, s) {
		t.Run(fmt.Sprintf("%s with %.40q", c.line, c.more), func(t *testing.T) {
			h := head(c.line, c.more...)
			for i, p := range c.more {
				if p[0] == ":authority" {
					h.Pairs[3], h.Pairs = p, slices.Delete(h.Pairs, 4+i, 5+i)
				}
			}
			for at, want := range map[time.Duration]string{
				0:                                     c.before,
				99*time.Second + 999*time.Millisecond: c.before,
				100 * time.Second:                     c.after,
				time.Hour - time.Second:               c.after,
			} {
				x, step := g.Begin(gate.Env{Now: now.Add(at), Keys: g.Keys()}, h)
				if got := outcome(step); got != want || at == 0 && x.Rule != c.rule {
					t.Errorf("Begin(%s from now) = %s by %q, want %s by %q", at, got, x.Rule, want, c.rule)
				}
				checkShadowStep(t, h, x, step)
			}
		})
	}
}

// checkShadowStep checks what is true of each step: a refusal edits nothing, and a request
// that passes in shadow is logged so.
func checkShadowStep(t *testing.T, h *gate.Head, x *gate.Exchange, step gate.Step) {
	t.Helper()
	shadow := step.Act == gate.Forward && step.Reason.Refuses()
	line := readAudit(t, step.Audit, "")
	if line.Shadow != shadow || line.Decision != step.Reason.String() || line.Rule != x.Rule {
		t.Errorf("Begin(%v) logs %s, want shadow %v, %s, rule %q", h.Pairs, step.Audit, shadow, step.Reason, x.Rule)
	}
	if (step.Act == gate.Refuse) != (step.Edit == nil) {
		t.Errorf("Begin(%v) = act %d with edit %v", h.Pairs, step.Act, step.Edit)
	}
	if status := step.Reason.HTTP(); shadow && status != 401 && status != 403 {
		t.Errorf("Begin(%v) passes in shadow, refused as %s", h.Pairs, step.Reason)
	}
}

// TestShadowHeaders: in shadow the caller's credentials stay, so that the upstream decides
// as it did before; but the gate names nobody whom it has not verified.
func TestShadowHeaders(t *testing.T) {
	g, s := load(t, shadowWorld(t))
	good, bad := bearer(t, s, corp(nil))[1], bearer(t, s, forged)[1]
	const corpCaller = "corp/subject-1"
	names := slices.Concat(spoofableNames, destinationNames, routingNames, []string{"x-gate-caller", "x-tenant-id"})
	for _, c := range []struct{ line, credential, outcome, caller, destination string }{
		// A route in shadow: the request goes on as without a gate.
		{
			"POST /trial/secret/x:predict?a", good, "shadow grant_missing", corpCaller,
			"x.secret.trial /v1/models/x:predict?a",
		},
		{
			"POST /trial/prod/fraud:predict", bad, "shadow signature_invalid", "",
			"fraud.prod.trial /v1/models/fraud:predict",
		},
		{
			"POST /trial/prod/fraud:explain", "Basic YTpi", "shadow scheme_unsupported", "",
			"fraud.prod.trial /v1/models/fraud:explain",
		},
		// A grant or a deny in shadow: the route strips.
		{
			"POST /kfserving/dev/x:predict", good, "shadow grant_missing", corpCaller,
			"x-predictor-default.dev.svc.cluster.local /v1/models/x:predict",
		},
		{
			"POST /kfserving/prod/closing:predict", good, "shadow denied", corpCaller,
			"closing-predictor-default.prod.svc.cluster.local /v1/models/closing:predict",
		},
		{ // Without shadow the credentials are removed.
			"POST /trial/prod/fraud:predict", good, "allowed", corpCaller,
			"fraud.prod.trial /v1/models/fraud:predict",
		},
	} {
		t.Run(c.line+" "+c.outcome, func(t *testing.T) {
			credentials := []string{c.credential}
			if c.outcome == "allowed" || strings.Contains(c.line, "/kfserving/") {
				credentials = nil
			}
			for _, name := range names {
				for _, spelling := range spellings(name) {
					h := head(c.line,
						pair{"authorization", c.credential},
						pair{spelling, routingValue(name, c.line, "root@example.com")},
						pair{"cookie", "a=b"},
						pair{"Authorization", "another spelling"},
					)
					_, step := begin(g, h)
					got := forwarded(h, step)
					if outcome(step) != c.outcome || !slices.Equal(arrivals(got, "authorization"), credentials) {
						t.Fatalf("Begin = %s, the upstream gets %q, want %s and %q", outcome(step), got, c.outcome, credentials)
					}
					if (arrivals(got, "cookie") == nil) != (credentials == nil) {
						t.Fatalf("Begin = %s, the upstream gets cookies %q", outcome(step), arrivals(got, "cookie"))
					}
					if to := destination(got); to != c.destination {
						t.Errorf("Begin sends it to %s, want %s", to, c.destination)
					}
					if caller := arrival(got, "x-gate-caller"); caller != c.caller || strings.Contains(fmt.Sprint(got), "root@example.com") {
						t.Errorf("Begin(with %s): the upstream gets %q, want the caller %q", spelling, got, c.caller)
					}
				}
			}
		})
	}
}

// TestShadowOfBodies: a rule in shadow on a model that the body names strips as a route
// does; a route in shadow keeps what comes without a gate.
func TestShadowOfBodies(t *testing.T) {
	const until = `{"until": "2100-01-01T00:00:00Z"}`
	for _, holding := range []bool{true, false} {
		config := bodyWorld(t, holding)
		trial := edit.Insert(t, config, "/routes/0", `{
			"protocol": "tfserving",
			"service": "lab/trial",
			"hosts": ["trial.example.com"],
			"shadow": `+until+`
		}`)
		for _, c := range []struct {
			name, host, message, outcome string
			keeps                        bool
		}{
			{"a grant in shadow", "models.example.com", "1:(1:trial)", "shadow grant_missing", false},
			{"no shadow", "models.example.com", "1:(1:m)", "allowed", false},
			{"a route in shadow", "trial.example.com", "1:(1:m)", "shadow grant_missing", true},
		} {
			t.Run(fmt.Sprintf("%s, holding %v", c.name, holding), func(t *testing.T) {
				g, s := load(t, trial)
				token := bearer(t, s, corp(nil))
				h := headOn(c.host, tf, token, grpcType)
				p := pump(t, g, h, frames(t, c.message), nil, always)
				if got := outcome(p.step); got != c.outcome || len(p.edits) != 1 {
					t.Fatalf("Body = %s with %d edits, want %s with one", got, len(p.edits), c.outcome)
				}
				got := corpus.Apply(slices.Clone(h.Pairs), p.edits[0])
				if kept := arrivals(got, "authorization") != nil; kept != c.keeps {
					t.Errorf("the upstream gets %v, want it to get the credential: %v", got, c.keeps)
				}
			})
		}
	}
}
