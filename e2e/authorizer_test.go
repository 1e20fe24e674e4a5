package e2e

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/e2e/internal/upstream"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// authorizers starts servers of ext_authz of one build, each with its arguments.
func authorizers(t *testing.T) func(addr string, args ...string) *testbed.Authorizer {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "authorizer")
	if err := testbed.BuildAuthorizer(root, binary); err != nil {
		t.Fatal(err)
	}
	return func(addr string, args ...string) *testbed.Authorizer {
		t.Helper()
		a, err := testbed.StartAuthorizer(root, binary, addr, args...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(a.Stop)
		return a
	}
}

// TestExternalAuthorizer has the gate, and behind it a server with OPA.
func TestExternalAuthorizer(t *testing.T) {
	t.Parallel()
	s, start := load(t, "external-authorizer"), authorizers(t)
	authorizer := start("127.0.0.1:0", "-data", "data.json")
	envoy, servers := runBeside(t, s, map[string]string{"authorizer": authorizer.Addr}, harness.Options{Concurrency: 2})

	for _, c := range s.Cases {
		checkIn(t, s, c, envoy, nil, corpus.EnvoyHTTP1)
	}
	checkVisible(t, s, envoy)
	checkAsked(t, s, envoy, authorizer)
	for _, line := range []string{" [sub-ana predict prod/fraud]", " [- predict public/iris]",
		" ext_authz_denied [sub-bob predict prod/fraud]"} {
		if !logged(envoy, line) {
			t.Errorf("the access log has no line with %q: filter state", line)
		}
	}

	authorizer.Stop()
	checkDown(t, s, envoy, servers, "connection refused")
	mute(t, authorizer.Addr, func() { checkOneDown(t, s, envoy, servers, s.Cases[0], "no answer in time") })

	start(authorizer.Addr, "-data", "data.json")
	if !eventually(func() bool { return ask(t, envoy, requestOf(t, s, s.Cases[0])).Line == s.Cases[0].Want }) {
		t.Error("the authorizer is back, and nothing passes")
	}
}

// checkAsked compares the questions with the cases: the authorizer is asked once about each
// request that the gate allows, and never about another.
func checkAsked(t *testing.T, s *corpus.Scenario, envoy *harness.Envoy, authorizer *testbed.Authorizer) {
	t.Helper()
	var want []string
	for _, c := range s.Cases {
		switch {
		case c.Counts == "allowed":
			want = append(want, "allow false")
		case strings.HasPrefix(c.Want, "allow "):
			want = append(want, "allow true")
		}
	}
	ask(t, envoy, requestOf(t, s, s.Cases[0])) // its question comes after all others
	want = append(want, "allow true")
	var got []string
	eventually(func() bool {
		got = nil
		for _, line := range authorizer.Asked() {
			_, answer, _ := strings.Cut(line, ": ")
			got = append(got, answer)
		}
		return len(got) >= len(want)
	})
	if !slices.Equal(got, want) {
		t.Errorf("the authorizer answered %q, want %q\n%q", got, want, authorizer.Asked())
	}
}

// checkDown has an authorizer that does not answer: what the gate allows does not pass.
func checkDown(t *testing.T, s *corpus.Scenario, envoy *harness.Envoy, servers map[string]*upstream.Server, why string) {
	t.Helper()
	for _, c := range s.Cases {
		checkOneDown(t, s, envoy, servers, c, why)
	}
}

func checkOneDown(t *testing.T, s *corpus.Scenario, envoy *harness.Envoy, servers map[string]*upstream.Server, c corpus.Case, why string) {
	t.Helper()
	for _, server := range servers {
		server.Reset()
	}
	want := c.Want
	if strings.HasPrefix(want, "allow ") {
		if want = "503"; c.GRPC {
			want = "grpc 14 "
		}
	}
	if got := ask(t, envoy, requestOf(t, s, c)).Line; got != want {
		t.Errorf("%s, %s: %q, want %q", why, c.Name, got, want)
	}
	for name, server := range servers {
		if n := len(server.Requests()); n > 0 {
			t.Errorf("%s, %s: %s got %d requests", why, c.Name, name, n)
		}
	}
}

// mute takes connections at an address and never answers, while f runs.
func mute(t *testing.T, addr string, f func()) {
	t.Helper()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	f()
}

func eventually(f func() bool) bool {
	for deadline := time.Now().Add(harness.Patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if f() {
			return true
		}
	}
	return false
}

func requestOf(t *testing.T, s *corpus.Scenario, c corpus.Case) corpus.Request {
	t.Helper()
	r, err := s.Request(c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestAuthorizerBeforeTheGate has a server that turns a session into a token, as
// oauth2-proxy does, and the gate behind it, which verifies the token.
func TestAuthorizerBeforeTheGate(t *testing.T) {
	t.Parallel()
	s, err := corpus.LoadConfig(filepath.Join(root, "examples", "external-authorizer", "before"))
	if err != nil {
		t.Fatal(err)
	}
	s.Name = "external-authorizer/before"
	token := func(email, fault string) string {
		text, err := s.Mint(corpus.Token{Issuer: "corp", Fault: fault,
			Claims: map[string]any{"sub": email, "email": email, "email_verified": true}}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	ana, eve := token("ana@example.com", ""), token("eve@example.com", "")
	sessions, err := json.Marshal(map[string]string{"ana": ana, "eve": eve, "odd": "no token",
		"stolen": token("ana@example.com", "other-key")})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "sessions.json")
	if err := os.WriteFile(file, sessions, 0o600); err != nil {
		t.Fatal(err)
	}
	authorizer := authorizers(t)("127.0.0.1:0", "-sessions", file)
	envoy, _ := runBeside(t, s, map[string]string{"authorizer": authorizer.Addr}, harness.Options{Concurrency: 2})

	const allowed = "allow fraud-predictor.prod.svc.cluster.local /v1/models/fraud:predict"
	cases := []struct{ name, cookie, authorization, want string }{
		{"a session", "session=ana", "", allowed},
		{"a session without a grant", "session=eve", "", "403 grant_missing"},
		{"a session whose token nobody has signed", "session=stolen", "", "401 signature_invalid"},
		{"a session whose token is none", "session=odd", "", "401 token_malformed"},
		{"an unknown session", "session=x", "", "401"}, // the authorizer's own
		{"two sessions", "session=ana; session=eve", "", "401"},
		{"nobody", "", "", "401"},
		{"a token of its own", "", "Bearer " + ana, allowed},
		{"a token of its own without a grant", "", "Bearer " + eve, "403 grant_missing"},
		{"a forged token of its own", "", "Bearer " + token("ana@example.com", "other-key"), "401 signature_invalid"},
		{"a session and another's token", "session=eve", "Bearer " + ana, "403 grant_missing"},
		{"a session and a forged token", "session=ana", "Bearer " + token("eve@example.com", "other-key"), allowed},
	}
	for i, down := range []bool{false, true} {
		if down {
			authorizer.Stop()
		}
		for _, c := range cases {
			r := requestOf(t, s, corpus.Case{Name: c.name, Request: "POST /serving/prod/fraud:predict"})
			for _, h := range [][2]string{{"cookie", c.cookie}, {"authorization", c.authorization}} {
				if h[1] != "" {
					r.Headers = append(r.Headers, h)
				}
			}
			want := []string{c.want, "503"}[i]
			o := ask(t, envoy, r)
			if o.Line != want {
				t.Errorf("%s, authorizer down: %v: %s, want %s", c.name, down, o.Line, want)
			}
			for _, h := range o.Headers {
				if h[0] == "cookie" || h[0] == "authorization" {
					t.Errorf("%s: the model got %s", c.name, h[0])
				}
			}
		}
	}
}
