package gate_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

const (
	listedOrigins = `{"origins": ["https://app.example.com", "http://localhost:3000"], "expose": ["x-request-id"], "maxAge": 600}`
	anyOrigin     = `{"origins": ["*"], "methods": ["GET", "POST", "DELETE"], "headers": ["*"], "privateNetwork": true}`
	forwardsAsked = `{"origins": ["https://app.example.com"], "forward": true, "credentials": true}`
)

func corsWorld(t testing.TB, cors string) (*gate.Gate, func(claims) pair) {
	g, s := load(t, edit.Set(t, world, "/cors", cors))
	return g, func(c claims) pair { return bearer(t, s, corp(c)) }
}

var (
	fromApp  = pair{"origin", "https://app.example.com"}
	fromEvil = pair{"origin", "https://evil.example.com"}
	asksPost = pair{"access-control-request-method", "POST"}
)

// asks is a preflight, as a browser sends it.
func asks(path string, more ...pair) *gate.Head {
	h := head("OPTIONS "+path, more...)
	h.End = true
	return h
}

// TestPreflight: a page of a listed origin is answered from the configuration, whatever the
// path is; everything else is refused.
func TestPreflight(t *testing.T) {
	g, token := corsWorld(t, listedOrigins)
	want := gate.Reply{Status: 204, Details: "modelgate_preflight", Headers: []pair{
		{"access-control-allow-methods", "GET, POST"},
		{"access-control-allow-headers", "authorization, content-type"},
		{"access-control-max-age", "600"},
		{"vary", "origin"},
		{"access-control-allow-origin", "https://app.example.com"},
		{"access-control-expose-headers", "www-authenticate, retry-after, x-request-id"},
	}}
	for _, path := range strings.Fields(askPublic[5:] + " " + askStaff[5:] + ` / /kfserving/prod/ghost:predict /v1/chat/completions
		/kfserving/secret/fraud:predict //odd /%2e%2e /a?access_token=x /echo.Echo/Call relative`) {
		for _, asked := range []string{"POST", "GET", "DELETE", "lower", "POST,GET"} {
			_, step := begin(g, asks(path, fromApp, pair{"access-control-request-method", asked}))
			if step.Act != gate.Answer || step.Reason != reason.Preflight || !reflect.DeepEqual(step.Reply, want) {
				t.Errorf("Begin(OPTIONS %s for %s) = act %d %s %+v, want %+v", path, asked, step.Act, step.Reason, step.Reply, want)
			}
		}
	}
	withBody := asks(askPublic[5:], fromApp, asksPost)
	withBody.End = false
	asksNothing := pair{"access-control-request-headers", "authorization"}
	for _, c := range []struct {
		name string
		h    *gate.Head
		want reason.Reason
	}{
		{"another origin", asks(askPublic[5:], fromEvil, asksPost), reason.OriginRefused},
		{"no origin of its own", asks(askPublic[5:], pair{"origin", "null"}, asksPost), reason.OriginRefused},
		{"an empty origin", asks(askPublic[5:], pair{"origin", ""}, asksPost), reason.OriginRefused},
		{"an origin in capitals", asks(askPublic[5:], pair{"origin", "HTTPS://app.example.com"}, asksPost), reason.OriginRefused},
		{"an origin with a path", asks(askPublic[5:], pair{"origin", "https://app.example.com/"}, asksPost), reason.OriginRefused},
		{"a longer origin", asks(askPublic[5:], pair{"origin", "https://app.example.com.evil.example"}, asksPost), reason.OriginRefused},
		{"another port", asks(askPublic[5:], pair{"origin", "http://localhost:3001"}, asksPost), reason.OriginRefused},
		{"two origins in one", asks(askPublic[5:], pair{"origin", "https://app.example.com,https://evil.example.com"}, asksPost),
			reason.OriginRefused},
		{"two origins", asks(askPublic[5:], fromApp, fromApp, asksPost), reason.CredentialMissing},
		{"no origin", asks(askPublic[5:], asksPost), reason.CredentialMissing},
		{"no method", asks(askPublic[5:], fromApp, asksNothing), reason.CredentialMissing},
		{"two methods", asks(askPublic[5:], fromApp, asksPost, asksPost), reason.CredentialMissing},
		{"two lists of headers", asks(askPublic[5:], fromApp, asksPost, asksNothing, asksNothing), reason.CredentialMissing},
		{"a body", withBody, reason.CredentialMissing},
		{"another method", head("GET /", fromApp, asksPost), reason.CredentialMissing},
		{"a method in small letters", head("options /", fromApp, asksPost), reason.CredentialMissing},
		{"gRPC", asks("/", fromApp, asksPost, pair{"content-type", "application/grpc"}), reason.CredentialMissing},
		{"a cookie", asks("/", fromApp, asksPost, pair{"cookie", "a=b"}), reason.CredentialMissing},
		{"a key of a server", asks("/", fromApp, asksPost, pair{"x-api-key", "a"}), reason.CredentialMissing},
		{"a bad token", asks("/", fromApp, asksPost, pair{"authorization", "Bearer x"}), reason.TokenMalformed},
		{"a good token", asks(askStaff[5:], fromApp, asksPost, token(nil)), reason.PathUnknown},
		{"an upgrade", asks("/", fromApp, asksPost, pair{"upgrade", "websocket"}), reason.UpgradeRefused},
		{"a repeated header", asks("/", fromApp, asksPost, pair{"content-type", "a"}, pair{"content-type", "a"}), reason.HeaderRepeated},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, step := begin(g, c.h); step.Act != gate.Refuse || step.Reason != c.want {
				t.Errorf("Begin = act %d %s, want a refusal as %s", step.Act, step.Reason, c.want)
			}
		})
	}
	closed, _ := load(t, world)
	_, step := begin(closed, asks(askPublic[5:], fromApp, asksPost))
	if step.Reason != reason.CredentialMissing || has(step.Reply.Headers, "vary") {
		t.Errorf(`Begin without "cors" = %s %v, want credential_missing`, step.Reason, step.Reply.Headers)
	}
}

func has(headers []pair, name string) bool {
	return slices.ContainsFunc(headers, func(h pair) bool { return h[0] == name })
}

// TestPreflightOfAnyOrigin: the headers that a browser asks for come back, if they are a list of names.
func TestPreflightOfAnyOrigin(t *testing.T) {
	g, _ := corsWorld(t, anyOrigin)
	for asked, want := range map[string]string{
		"authorization,content-type,x-stainless-os": "authorization,content-type,x-stainless-os",
		"a, b": "a, b",
		"":     "", "a\nb": "", "a:b": "", "A": "", `"`: "", "é": "", strings.Repeat("a", 1025): "",
	} {
		_, step := begin(g, asks("/", fromEvil, asksPost, pair{"access-control-request-headers", asked}))
		wantHeaders := []pair{{"access-control-allow-methods", "GET, POST, DELETE"}}
		if want != "" {
			wantHeaders = append(wantHeaders, pair{"access-control-allow-headers", want})
		}
		wantHeaders = append(wantHeaders, pair{"access-control-allow-origin", "*"},
			pair{"access-control-expose-headers", "www-authenticate, retry-after"})
		if step.Act != gate.Answer || !reflect.DeepEqual(step.Reply.Headers, wantHeaders) {
			t.Errorf("Begin(%.20q) = %s %v, want %v", asked, step.Reason, step.Reply.Headers, wantHeaders)
		}
	}
	private := pair{"access-control-request-private-network", "true"}
	if _, step := begin(g, asks("/", fromEvil, asksPost, private)); !has(step.Reply.Headers, "access-control-allow-private-network") {
		t.Errorf("Begin(a private network) = %v", step.Reply.Headers)
	}
	g, _ = corsWorld(t, listedOrigins)
	if _, step := begin(g, asks("/", fromApp, asksPost, private)); has(step.Reply.Headers, "access-control-allow-private-network") {
		t.Errorf("Begin(a private network, which is not open) = %v", step.Reply.Headers)
	}
}

// TestForwardedPreflight: it goes where the request would go, and nothing that names anybody
// goes with it.
func TestForwardedPreflight(t *testing.T) {
	g, _ := corsWorld(t, forwardsAsked)
	for path, want := range map[string]string{
		askPublic[5:]: "/v1/models/iris:predict", askStaff[5:]: "/v1/models/fraud:predict",
		"/kfserving/prod/ghost:predict": "/v1/models/ghost:predict", "/kfserving/secret/fraud:predict": "/v1/models/fraud:predict",
	} {
		h := asks(path, fromApp, asksPost, pair{"kubeflow-userid", "root"}, pair{"x-goog-authenticated-user-email", "root"},
			pair{"x-gateway-model-name", "a"})
		_, step := begin(g, h)
		if step.Act != gate.Forward || step.Reason != reason.Preflight {
			t.Fatalf("Begin(OPTIONS %s) = act %d %s", path, step.Act, step.Reason)
		}
		if !slices.Contains(step.Edit.Set, pair{":path", want}) {
			t.Errorf("Begin(OPTIONS %s) sets %v, want the path %s", path, step.Edit.Set, want)
		}
		for _, name := range []string{"kubeflow-userid", "x-goog-authenticated-user-email", "x-gateway-model-name"} {
			if !slices.Contains(step.Edit.Remove, name) {
				t.Errorf("Begin(OPTIONS %s) removes %v, and leaves %s", path, step.Edit.Remove, name)
			}
		}
	}
	for _, path := range strings.Fields(`/ /nowhere //odd /kfserving/Prod/fraud:predict /kfserving/prod/fraud:nonsense
		/v1/models/fraud:predict`) {
		if _, step := begin(g, asks(path, fromApp, asksPost)); step.Reason != reason.PathUnknown || !has(step.Reply.Headers, "vary") {
			t.Errorf("Begin(OPTIONS %s) = %s %v, want path_unknown", path, step.Reason, step.Reply.Headers)
		}
	}
	if _, step := begin(g, asks(askPublic[5:], fromApp, pair{"access-control-request-method", "DELETE"})); step.Reason != reason.PathUnknown {
		t.Errorf("Begin(a method that no route has) = %s, want path_unknown", step.Reason)
	}
	if _, step := begin(g, asks(askPublic[5:], fromEvil, asksPost)); step.Reason != reason.OriginRefused {
		t.Errorf("Begin(another origin) = %s, want origin_refused", step.Reason)
	}
}

// TestForwardedPreflightTellsNoModels: where the name of a model says which service has it, the
// question goes on unchanged for each name.
func TestForwardedPreflightTellsNoModels(t *testing.T) {
	doc := edit.Set(t, world, "/routes", `[{"protocol": "openai", "names": "kserve", "models": {"a": "prod/llm", "b/c": "prod/other"}}]`)
	doc = edit.Set(t, doc, "/host", `{"holdHeaders": true}`)
	g, _ := load(t, edit.Set(t, doc, "/cors", forwardsAsked))
	for _, c := range []struct{ path, method string }{
		{"/v1/models/a", "GET"}, {"/v1/models/b", "GET"}, {"/v1/models/nothing", "GET"},
		{"/v1/chat/completions", "POST"},
	} {
		_, step := begin(g, asks(c.path, fromApp, pair{"access-control-request-method", c.method}))
		if step.Act != gate.Forward || len(step.Edit.Set) > 0 {
			t.Errorf("Begin(OPTIONS %s for %s) = act %d %s %+v, want it forwarded as it is", c.path, c.method, step.Act, step.Reason, step.Edit)
		}
	}
}

// TestRepliesToPages: a script may read a refusal and a reply if its origin is listed, and
// what a server says of it does not count.
func TestRepliesToPages(t *testing.T) {
	g, token := corsWorld(t, listedOrigins)
	const exposed = "www-authenticate, retry-after, x-request-id"
	for _, c := range []struct {
		name   string
		origin []pair
		allow  string
		vary   bool
	}{
		{"listed", []pair{fromApp}, "https://app.example.com", true},
		{"not listed", []pair{fromEvil}, "", true},
		{"two", []pair{fromApp, fromApp}, "", true},
		{"none", nil, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, step := begin(g, head(askStaff, c.origin...))
			if got := value(step.Reply.Headers, "access-control-allow-origin"); got != c.allow || has(step.Reply.Headers, "vary") != c.vary {
				t.Errorf("a refusal has %v", step.Reply.Headers)
			}
			if c.allow != "" && value(step.Reply.Headers, "access-control-expose-headers") != exposed {
				t.Errorf("a refusal has %v", step.Reply.Headers)
			}
			x, step := begin(g, head(askStaff, append(c.origin, token(nil))...))
			x.DropHead()
			if step.Act != gate.Forward || x.NeedsResponse() != c.vary {
				t.Fatalf("Begin = act %d %s, NeedsResponse() = %v", step.Act, step.Reason, x.NeedsResponse())
			}
			step = x.Respond(gate.Env{Now: now}, []pair{{":status", "200"}, {"vary", "a"}, {"vary", "b"}, {"vary", "c"},
				{"access-control-allow-origin", "*"}, {"access-control-allow-credentials", "true"}}, false)
			switch {
			case !c.vary && step.Edit != nil:
				t.Errorf("Respond edits a reply to no page: %+v", step.Edit)
			case !c.vary:
				return
			}
			wantRemoved := []string{"access-control-allow-origin", "access-control-allow-credentials"}
			if !reflect.DeepEqual(step.Edit.Remove, wantRemoved) || value(step.Edit.Set, "vary") != "a, b, c, origin" ||
				value(step.Edit.Set, "access-control-allow-origin") != c.allow {
				t.Errorf("Respond = %+v", step.Edit)
			}
		})
	}
}

func value(headers []pair, name string) string {
	for _, h := range headers {
		if h[0] == name {
			return h[1]
		}
	}
	return ""
}

// TestOriginIsNotRemembered: what the cache remembers of a caller's request is the same for
// each origin, and each request has the headers of its own.
func TestOriginIsNotRemembered(t *testing.T) {
	g, token := corsWorld(t, listedOrigins)
	env := gate.Env{Now: now, Keys: g.Keys(), Cache: g.NewCache()}
	bearer := token(nil)
	for i := range 4 {
		for _, c := range []struct {
			h     *gate.Head
			allow string
		}{
			{head(askStaff, bearer, fromApp), "https://app.example.com"},
			{head(askStaff, bearer, pair{"origin", "http://localhost:3000"}), "http://localhost:3000"},
			{head(askStaff, bearer, fromEvil), ""},
			{head(askStaff, bearer), ""},
		} {
			x, step := g.Begin(env, c.h)
			if step.Act != gate.Forward {
				t.Fatalf("Begin = %s", step.Reason)
			}
			got := ""
			if step = x.Respond(env, []pair{{":status", "200"}}, true); step.Edit != nil {
				got = value(step.Edit.Set, "access-control-allow-origin")
			}
			if got != c.allow {
				t.Errorf("round %d: Respond to %v allows %q, want %q", i, c.h.Pairs, got, c.allow)
			}
		}
	}
}

// TestEndedRequestHasNoOrigin: a host uses an Exchange again, and may hand in a reply to a request
// whose head it has never handed in.
func TestEndedRequestHasNoOrigin(t *testing.T) {
	g, token := corsWorld(t, listedOrigins)
	x, _ := begin(g, head(askStaff, fromApp, token(nil)))
	if x.End(); x.NeedsResponse() {
		t.Error("NeedsResponse() = true after End")
	}
	if step := x.Respond(gate.Env{Now: now}, []pair{{":status", "200"}}, true); step.Edit != nil {
		t.Errorf("Respond after End edits %+v", step.Edit)
	}
}

// TestForwardedPolicyLeavesReplies: with "forward" what is behind the gate writes the headers of
// its replies, and the gate those of its refusals.
func TestForwardedPolicyLeavesReplies(t *testing.T) {
	g, token := corsWorld(t, forwardsAsked)
	if x, step := begin(g, head(askStaff, fromApp, token(nil))); step.Act != gate.Forward || x.NeedsResponse() {
		t.Errorf("Begin = %s, NeedsResponse() = %v", step.Reason, x.NeedsResponse())
	}
	_, step := begin(g, head(askStaff, fromApp))
	if value(step.Reply.Headers, "access-control-allow-origin") != fromApp[1] ||
		value(step.Reply.Headers, "access-control-allow-credentials") != "true" {
		t.Errorf("a refusal has %v", step.Reply.Headers)
	}
}

// TestForwardedPreflightHasNoToken: a token in a query reaches no server, nor its log.
func TestForwardedPreflightHasNoToken(t *testing.T) {
	g, _ := load(t, edit.Set(t, edit.Set(t, world, "/cors", forwardsAsked), "/routes", `[{"protocol": "http", "service": "prod/app",
		"resources": [{"path": "/app", "methods": ["POST"], "verb": "predict", "query": "*"}]}]`))
	for path, want := range map[string]reason.Reason{
		"/app?x=1": reason.Preflight, "/app?access_token=x": reason.PathUnknown, "/app?a&access%5ftoken=x": reason.PathUnknown,
	} {
		if _, step := begin(g, asks(path, fromApp, asksPost)); step.Reason != want {
			t.Errorf("Begin(OPTIONS %s) = %s, want %s", path, step.Reason, want)
		}
	}
}
