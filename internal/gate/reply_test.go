package gate_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// TestAnonymousLearnsNothing asks without a credential for what exists, what
// does not, and what cannot: the answers are the same to the last byte.
func TestAnonymousLearnsNothing(t *testing.T) {
	g, _ := load(t, world)
	want := gate.Reply{
		Status: 401, GRPC: 16, Details: "modelgate_credential_missing", Body: `{"reason":"credential_missing"}` + "\n",
		Headers: []pair{{"content-type", "application/json"}, {"cache-control", "no-store"}, {"www-authenticate", `Bearer realm="model gate"`}},
	}
	hosts := []string{"models.example.com", "fraud-predictor-default.prod", "ghost-predictor.prod.svc.cluster.local:80", "user@host", "a.", "[::1]", "UPPER.example"}
	paths := strings.Fields(`/ /kfserving /kfserving/prod/fraud /kfserving/prod/fraud:predict /kfserving/prod/ghost:predict /kfserving/prod/frozen:predict
		/kfserving/public/frozen:predict /kfserving/Prod/fraud:predict /kfserving/prod/fraud:nonsense /forward/prod/fraud:explain /v1/models/fraud:predict
		/v1/models/.. /v1/models/ /v2/models/fraud/infer /echo.Echo/Call //kfserving/prod/fraud /kfserving/../prod /%2e%2e/ /a;b /a%00 * http://x/y relative /a#b /a?b#c
		/kfserving/` + strings.Repeat("a", 64) + `/b:predict /` + strings.Repeat("a", 70_000) + ` /grpc.health.v1.Health/Check /healthz`)
	for _, host := range hosts {
		for _, path := range append(paths, "", "/a b", "/\x00", "/\xff") {
			for _, method := range []string{"GET", "POST", "PUT", "HEAD", "OPTIONS", ""} {
				x, step := begin(g, &gate.Head{Pairs: []pair{{":method", method}, {":path", path}, {":authority", host}}})
				if step.Act != gate.Refuse || step.Reason != reason.CredentialMissing || !reflect.DeepEqual(step.Reply, want) || !x.Principal.Anonymous() {
					t.Errorf("Begin(%s %.40q on %s) = %s %+v", method, path, host, step.Reason, step.Reply)
				}
				if step.Edit != nil || step.Release != 0 {
					t.Errorf("Begin(%s %.40q on %s) edits a refused request", method, path, host)
				}
			}
		}
	}
}

// corp is a token of the issuer corp with more claims.
func corp(claims map[string]any) corpus.Token {
	return corpus.Token{Issuer: "corp", Claims: claims}
}

func TestReplies(t *testing.T) {
	g, s := load(t, world)
	bearer := func(token corpus.Token) pair { return pair{"authorization", "Bearer " + mint(t, s, token)} }
	ok := bearer(corp(nil))
	for _, c := range []struct {
		name      string
		h         *gate.Head
		status    int
		grpc      int
		why       string
		challenge string // error of RFC 6750, "-" for a challenge without one, "" for none
	}{
		{"no credential", head(askStaff), 401, 16, "credential_missing", "-"},
		{"expired", head(askStaff, bearer(corp(map[string]any{"exp": "now-31s"}))), 401, 16, "token_expired", "invalid_token"},
		{"forged", head(askStaff, bearer(corpus.Token{Issuer: "corp", Fault: "tampered"})), 401, 16, "signature_invalid", "invalid_token"},
		{"forged, on a public model", head(askPublic, bearer(corpus.Token{Issuer: "corp", Fault: "tampered"})), 401, 16, "signature_invalid", "invalid_token"},
		{"another scheme", head(askPublic, pair{"authorization", "Basic YTpi"}), 401, 16, "scheme_unsupported", "invalid_token"},
		{"bad assertion beside a good token", head(askStaff, ok, pair{"x-goog-iap-jwt-assertion", "x"}), 401, 16, "token_malformed", "invalid_token"},
		{"two credentials", head(askStaff, ok, ok), 400, 3, "credential_repeated", "invalid_request"},
		{"two schemes", head(askStaff, ok, pair{"authorization", "Basic YTpi"}), 400, 3, "credential_mixed", "invalid_request"},
		{"token in the query", head(askStaff + "?access_token=x"), 400, 3, "query_token", "invalid_request"},
		{"no grant", head("POST /kfserving/secret/fraud:predict", ok), 403, 7, "grant_missing", "insufficient_scope"},
		{"denied", head("POST /kfserving/prod/frozen:predict", ok), 403, 7, "denied", "insufficient_scope"},
		{"unknown path", head("GET /healthz", ok), 404, 12, "path_unknown", ""},
		{"odd path", head("GET //healthz", ok), 400, 3, "path_invalid", ""},
		{"odd model", head("POST /kfserving/prod/Fraud:predict", ok), 400, 3, "model_invalid", ""},
		{"native path on a public host", head("POST /v1/models/fraud:predict", ok), 400, 3, "host_invalid", ""},
		{"upgrade", head(askStaff, ok, pair{"upgrade", "h2c"}), 400, 3, "upgrade_refused", ""},
	} {
		for _, grpc := range []bool{false, true} {
			h := c.h
			if grpc {
				h = &gate.Head{Pairs: append(slices.Clone(h.Pairs), pair{"content-type", "application/grpc+proto"})}
			}
			_, step := begin(g, h)
			want := gate.Reply{Status: c.status, GRPC: c.grpc, Details: "modelgate_" + c.why, Body: c.why}
			if !grpc {
				want.Body = `{"reason":"` + c.why + `"}` + "\n"
				want.Headers = []pair{{"content-type", "application/json"}, {"cache-control", "no-store"}}
			}
			switch c.challenge {
			case "":
			case "-":
				want.Headers = append(want.Headers, pair{"www-authenticate", `Bearer realm="model gate"`})
			default:
				want.Headers = append(want.Headers, pair{"www-authenticate", `Bearer realm="model gate", error="` + c.challenge + `", error_description="` + c.why + `"`})
			}
			if step.Act != gate.Refuse || !reflect.DeepEqual(step.Reply, want) {
				t.Errorf("%s (grpc %v): %d %+v, want %+v", c.name, grpc, step.Act, step.Reply, want)
			}
		}
	}
}

func TestContentTypeOfGRPC(t *testing.T) {
	g, _ := load(t, world)
	for value, grpc := range map[string]bool{
		"application/grpc": true, "application/grpc+proto": true, "application/grpc;x": true, "application/grpc-web": false, "application/grpcx": false,
		"Application/grpc": false, "application/json": false, " application/grpc": false, "": false,
	} {
		_, step := begin(g, head("POST /echo.Echo/Call", pair{"content-type", value}))
		if got := step.Reply.Body == "credential_missing"; got != grpc {
			t.Errorf("content-type %q: body %q", value, step.Reply.Body)
		}
	}
}

func TestRequestID(t *testing.T) {
	g, _ := load(t, world)
	for id, shown := range map[string]bool{
		"7f3c_A-9": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "": false, `a"b`: false, "a\nb": false, "a b": false, "é": false, "<script>": false, "a\\": false,
	} {
		want := `{"reason":"credential_missing"}` + "\n"
		if shown {
			want = `{"reason":"credential_missing","request_id":"` + id + `"}` + "\n"
		}
		if _, step := begin(g, head(askStaff, pair{"x-request-id", id})); step.Reply.Body != want {
			t.Errorf("x-request-id %q: body %q, want %q", id, step.Reply.Body, want)
		}
	}
	_, step := begin(g, head(askStaff, pair{"x-request-id", "bad id"}, pair{"x-request-id", "one"}, pair{"x-request-id", "two"}))
	if !strings.Contains(step.Reply.Body, `"one"`) {
		t.Errorf("of three request ids: %q", step.Reply.Body)
	}
}

func TestNewReply(t *testing.T) {
	for _, why := range reason.All() {
		r := gate.NewReply(why)
		if r.Status != why.HTTP() || r.GRPC != why.GRPC() || r.Body != `{"reason":"`+why.String()+`"}`+"\n" || r.Details != "modelgate_"+why.String() {
			t.Errorf("NewReply(%s) = %+v", why, r)
		}
		challenged := slices.ContainsFunc(r.Headers, func(h pair) bool { return h[0] == "www-authenticate" })
		if challenged != (why.HTTP() == 401 || why.Challenge() != "") {
			t.Errorf("NewReply(%s) has the headers %v", why, r.Headers)
		}
	}
}

// TestZeroStepRefuses: what nobody has filled in lets nothing pass.
func TestZeroStepRefuses(t *testing.T) {
	var step gate.Step
	if step.Act != gate.Refuse || step.Reason != reason.Internal || step.Reason.HTTP() != 500 {
		t.Errorf("the zero Step is %d %s", step.Act, step.Reason)
	}
}

// TestStepsThatNobodyAsksFor: a body that the gate did not ask for is a fault of
// the host, in either direction.
func TestStepsThatNobodyAsksFor(t *testing.T) {
	g, _ := load(t, world)
	x, step := begin(g, head(askPublic))
	if step.Act != gate.Forward || x.NeedsResponse() {
		t.Fatalf("Begin = %s", step.Reason)
	}
	for _, d := range []gate.Direction{gate.Upstream, gate.Downstream} {
		if step := x.Body(gate.Env{}, d, []byte("{}"), true); step.Act != gate.Refuse || step.Reason != reason.Internal || step.Reply.Status != 500 || step.Audit == "" {
			t.Errorf("Body = %+v", step)
		}
	}
	if step := x.Respond(gate.Env{}, nil, true); step.Act != gate.Forward || step.Edit != nil {
		t.Errorf("Respond = %+v", step)
	}
}
