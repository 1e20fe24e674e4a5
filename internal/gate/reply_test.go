package gate_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// TestAnonymousLearnsNothing asks without a credential for models that exist, that do not,
// and that cannot. The answers are the same to the last byte.
func TestAnonymousLearnsNothing(t *testing.T) {
	g, _ := load(t, world)
	want := gate.Reply{
		Status: 401, GRPC: 16, Details: "modelgate_credential_missing", Body: textBody("credential_missing"),
		Headers: []pair{
			{"content-type", "application/json"},
			{"cache-control", "no-store"},
			{"www-authenticate", `Bearer realm="model gate"`},
		},
	}
	hosts := strings.Fields(`models.example.com fraud-predictor-default.prod ghost-predictor.prod.svc.cluster.local:80
		user@host a. [::1] UPPER.example`)
	paths := strings.Fields(`/ /kfserving /kfserving/prod/fraud /kfserving/prod/fraud:predict /kfserving/prod/ghost:predict
		/kfserving/prod/frozen:predict /kfserving/public/frozen:predict /kfserving/Prod/fraud:predict
		/kfserving/prod/fraud:nonsense /forward/prod/fraud:explain /v1/models/fraud:predict
		/v1/models/.. /v1/models/ /v2/models/fraud/infer /echo.Echo/Call //kfserving/prod/fraud
		/kfserving/../prod /%2e%2e/ /a;b /a%00 * http://x/y relative /a#b /a?b#c
		/grpc.health.v1.Health/Check /healthz`)
	paths = append(paths, "", "/a b", "/\x00", "/\xff",
		"/kfserving/"+strings.Repeat("a", 64)+"/b:predict", "/"+strings.Repeat("a", 70_000))
	for _, host := range hosts {
		for _, path := range paths {
			want := want
			if path == "/v1/models/" || path == "/v1/models/.." { // of OpenAI's API by its shape: see TestErrorForms
				want.Body = openAIBody
			}
			for _, method := range []string{"GET", "POST", "PUT", "HEAD", "OPTIONS", ""} {
				x, step := begin(g, &gate.Head{Pairs: []pair{{":method", method}, {":path", path}, {":authority", host}}})
				same := step.Reason == reason.CredentialMissing && reflect.DeepEqual(step.Reply, want)
				if step.Act != gate.Refuse || !same || !x.Principal.Anonymous() {
					t.Errorf("Begin(%s %.40q on %s) = %s %+v, want %+v", method, path, host, step.Reason, step.Reply, want)
				}
				if step.Edit != nil || step.Release != 0 {
					t.Errorf("Begin(%s %.40q on %s) edits a refused request", method, path, host)
				}
			}
		}
	}
}

// withGRPCType is the same request as one of gRPC.
func withGRPCType(h *gate.Head) *gate.Head {
	return &gate.Head{Pairs: append(slices.Clone(h.Pairs), pair{"content-type", "application/grpc+proto"})}
}

func TestReplies(t *testing.T) {
	g, s := load(t, world)
	ok, basic := bearer(t, s, corp(nil)), pair{"authorization", "Basic YTpi"}
	badToken, badAssertion := bearer(t, s, forged), pair{"x-goog-iap-jwt-assertion", "x"}
	expired := bearer(t, s, corp(claims{"exp": "now-31s"}))
	const (
		none = ""  // no challenge
		bare = "-" // a challenge without an error
	)
	for _, c := range []struct {
		name      string
		h         *gate.Head
		status    int
		grpc      int
		why       string
		challenge string // the error of RFC 6750 section 3.1
	}{
		{"no credential", head(askStaff), 401, 16, "credential_missing", bare},
		{"expired", head(askStaff, expired), 401, 16, "token_expired", "invalid_token"},
		{"forged", head(askStaff, badToken), 401, 16, "signature_invalid", "invalid_token"},
		{"forged, on a public model", head(askPublic, badToken), 401, 16, "signature_invalid", "invalid_token"},
		{"another scheme", head(askPublic, basic), 401, 16, "scheme_unsupported", "invalid_token"},
		{"bad assertion beside a good token", head(askStaff, ok, badAssertion), 401, 16, "token_malformed", "invalid_token"},
		{"two credentials", head(askStaff, ok, ok), 400, 3, "credential_repeated", "invalid_request"},
		{"two schemes", head(askStaff, ok, basic), 400, 3, "credential_mixed", "invalid_request"},
		{"token in the query", head(askStaff + "?access_token=x"), 400, 3, "query_token", "invalid_request"},
		{"no grant", head("POST /kfserving/secret/fraud:predict", ok), 403, 7, "grant_missing", "insufficient_scope"},
		{"denied", head("POST /kfserving/prod/frozen:predict", ok), 403, 7, "denied", "insufficient_scope"},
		{"unknown path", head("GET /healthz", ok), 404, 12, "path_unknown", none},
		{"odd path", head("GET //healthz", ok), 400, 3, "path_invalid", none},
		{"odd model", head("POST /kfserving/prod/Fraud:predict", ok), 400, 3, "model_invalid", none},
		{"native path on a public host", head("POST /v1/models/fraud:predict", ok), 400, 3, "host_invalid", none},
		{"upgrade", head(askStaff, ok, pair{"upgrade", "h2c"}), 400, 3, "upgrade_refused", none},
	} {
		var challenges []pair
		switch c.challenge {
		case none:
		case bare:
			challenges = []pair{{"www-authenticate", `Bearer realm="model gate"`}}
		default:
			value := `Bearer realm="model gate", error="` + c.challenge + `", error_description="` + c.why + `"`
			challenges = []pair{{"www-authenticate", value}}
		}
		t.Run(c.name, func(t *testing.T) {
			_, step := begin(g, c.h)
			want := gate.Reply{
				Status: c.status, GRPC: c.grpc, Details: "modelgate_" + c.why, Body: textBody(c.why),
				Headers: append([]pair{{"content-type", "application/json"}, {"cache-control", "no-store"}}, challenges...),
			}
			if step.Act != gate.Refuse || !reflect.DeepEqual(step.Reply, want) {
				t.Errorf("Begin = act %d, %+v, want %+v", step.Act, step.Reply, want)
			}
		})
		t.Run(c.name+", gRPC", func(t *testing.T) {
			_, step := begin(g, withGRPCType(c.h))
			want := gate.Reply{Status: c.status, GRPC: c.grpc, Details: "modelgate_" + c.why, Body: c.why, Headers: challenges}
			if step.Act != gate.Refuse || !reflect.DeepEqual(step.Reply, want) {
				t.Errorf("Begin = act %d, %+v, want %+v", step.Act, step.Reply, want)
			}
		})
	}
}

func TestNewReply(t *testing.T) {
	for _, why := range reason.All() {
		r := gate.NewReply(why)
		wantBody := textBody(why.String())
		if !why.Refuses() {
			wantBody = `{"reason":"` + why.String() + `"}` + "\n"
		}
		if r.Status != why.HTTP() || r.GRPC != why.GRPC() || r.Body != wantBody || r.Details != "modelgate_"+why.String() {
			t.Errorf("NewReply(%s) = %+v", why, r)
		}
		challenged := slices.ContainsFunc(r.Headers, func(h pair) bool { return h[0] == "www-authenticate" })
		if challenged != (why.HTTP() == 401 || why.Challenge() != "") {
			t.Errorf("NewReply(%s) has the headers %v", why, r.Headers)
		}
	}
}

// TestZeroStepRefuses: a step that nobody has filled in lets nothing pass.
func TestZeroStepRefuses(t *testing.T) {
	var step gate.Step
	if step.Act != gate.Refuse || step.Reason != reason.Internal || step.Reason.HTTP() != 500 {
		t.Errorf("Step{} = act %d, %s, want a refusal", step.Act, step.Reason)
	}
}

// TestUnexpectedBody: a body that the gate did not ask for is an error of the host, in
// either direction.
func TestUnexpectedBody(t *testing.T) {
	g, _ := load(t, world)
	x, step := begin(g, head(askPublic))
	if step.Act != gate.Forward || x.NeedsResponse() {
		t.Fatalf("Begin = %s, NeedsResponse() = %v, want allowed and false", step.Reason, x.NeedsResponse())
	}
	for _, d := range []gate.Direction{gate.Upstream, gate.Downstream} {
		step := x.Body(gate.Env{}, d, []byte("{}"), true)
		if step.Act != gate.Refuse || step.Reason != reason.Internal || step.Reply.Status != 500 || step.Audit == "" {
			t.Errorf("Body(%d) = %+v, want a refusal as internal", d, step)
		}
	}
	if step := x.Respond(gate.Env{}, nil, true); step.Act != gate.Forward || step.Edit != nil {
		t.Errorf("Respond = %+v, want it forwarded", step)
	}
}
