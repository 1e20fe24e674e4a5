package gate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/replay"
	"github.com/modelgate/modelgate/internal/signature"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// signedWorld is world with a key that corp's callers sign with, and with a route whose body names
// the model.
func signedWorld(t testing.TB, changes ...string) (*gate.Gate, *corpus.Scenario) {
	t.Helper()
	config := edit.Set(t, world, "/signatures", `{"keys": [
		{"keyid": "k", "algorithm": "ed25519", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
			"callers": {"issuers": ["corp"], "members": ["allAuthenticatedUsers"]}}]}`)
	config = edit.Set(t, config, "/routes", `[
		{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kfserving"},
		{"prefix": "/forward", "protocol": "kserve-v1", "names": "kserve", "credentials": "forward"},
		{"protocol": "openai", "service": "prod/llm", "hosts": ["llm.example.com"]},
		{"protocol": "triton", "service": "prod/gpu", "hosts": ["gpu.example.com"]}]`)
	for i := 0; i < len(changes); i += 2 {
		config = edit.Set(t, config, changes[i], changes[i+1])
	}
	return load(t, config)
}

// signedCase is a prediction of corp's caller.
func signedCase(body string, sign corpus.Sign) corpus.Case {
	sign.Key = "k"
	return corpus.Case{
		Name: "case", Request: askStaff, Body: body, Token: &corpus.Token{Issuer: "corp"}, Sign: []corpus.Sign{sign},
		Headers: [][2]string{{"content-type", "application/json"}},
	}
}

// make makes the request of a case.
func requestOf(t testing.TB, s *corpus.Scenario, c corpus.Case) corpus.Request {
	t.Helper()
	r, err := s.Request(c, now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// withNonces is the environment of a host that remembers nonces.
func withNonces(g *gate.Gate) gate.Env {
	return gate.Env{Now: now, Keys: g.Keys(), Admit: replay.NewMemory(4).Admit}
}

// flow sends a request whose body comes in pieces of n bytes. It returns what the
// server has got before the last step, the whole that it gets, and that step.
func flow(g *gate.Gate, env gate.Env, r corpus.Request, n int) (early, all string, step gate.Step) {
	x, step := g.Begin(env, r.Head())
	body := r.Body
	for rest := body; step.Act == gate.Hold; {
		piece := rest[:min(n, len(rest))]
		if rest = rest[len(piece):]; rest == "" {
			early = all
		}
		step = x.Body(env, gate.Upstream, []byte(piece), rest == "")
		all, body = all+body[:step.Release], body[step.Release:]
	}
	return early, all, step
}

// TestTamperedBody: a body of which any byte is another, or that is cut anywhere, or is longer, never
// reaches the server as a whole, in whatever pieces it comes.
func TestTamperedBody(t *testing.T) {
	for _, c := range []struct {
		name, request, host, body string
		grpc                      bool
	}{
		{"not read otherwise", askStaff, "", strings.Repeat(`{"instances": [[1, 2, 3]]}`, 3), false},
		{"JSON that names the model", "POST /v1/chat/completions", "llm.example.com",
			`{"model": "a", "messages": [{"content": "hello"}]}`, false},
		{"a message that names the model", "POST /inference.GRPCInferenceService/ModelInfer", "gpu.example.com",
			"\x00\x00\x00\x00\x0a\x0a\x01a\x1a\x05abcde", true},
		{"a stream", "POST /inference.GRPCInferenceService/ModelStreamInfer", "gpu.example.com",
			strings.Repeat("\x00\x00\x00\x00\x03\x0a\x01a", 3), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, s := signedWorld(t)
			env := withNonces(g)
			env.Admit = func(replay.ID, time.Time, time.Time) replay.Verdict { return replay.Fresh }
			signed := signedCase(c.body, corpus.Sign{})
			signed.Request, signed.Host, signed.GRPC = c.request, c.host, c.grpc
			if c.grpc {
				signed.Headers = nil
			}
			r := requestOf(t, s, signed)
			try := func(body string, n int) {
				r := r
				r.Body = body
				_, all, step := flow(g, env, r, n)
				switch whole := step.Act == gate.Forward; {
				case body == c.body && (!whole || all != body):
					t.Errorf("as it was signed, in pieces of %d: %s, and %q reaches the server", n, step.Reason, all)
				case body != c.body && (whole || step.Act != gate.Refuse || len(all) > 0):
					t.Errorf("%q in pieces of %d: %s, and %q reaches the server", body, n, step.Reason, all)
				}
			}
			for _, n := range []int{5, len(c.body) + 9} {
				try(c.body, n)
				for i := range c.body {
					try(c.body[:i]+string(c.body[i]^1)+c.body[i+1:], n)
					if i > 0 {
						try(c.body[:i], n)
					}
				}
				try(c.body+" ", n)
				try(c.body+c.body, n)
			}
		})
	}
}

// TestSignedBodyFlows: a long body flows on, and its last 32 KiB wait for the digest. Of a stream of
// messages nothing flows.
func TestSignedBodyFlows(t *testing.T) {
	const size, held = 1 << 20, 32 << 10
	for _, holds := range []string{"true", "false"} {
		for _, n := range []int{1000, 16 << 10, 64 << 10, size / 2} {
			t.Run(fmt.Sprintf("holdHeaders %s, pieces of %d", holds, n), func(t *testing.T) {
				g, s := signedWorld(t, "/host", `{"holdHeaders": `+holds+`}`)
				body := strings.Repeat("0123456789abcdef", size/16)
				for _, sent := range []string{body, body[:size-1] + "X", "X" + body[1:]} {
					r := requestOf(t, s, signedCase(sent, corpus.Sign{Signed: &corpus.Signed{Body: &body}}))
					early, all, step := flow(g, withNonces(g), r, n)
					if len(early) > size-held || len(early) < size-2*held-2*n || early != sent[:len(early)] {
						t.Errorf("%d bytes flow before the end, want all but 32 KiB and some pieces", len(early))
					}
					switch good := sent == body; {
					case good && (step.Reason != reason.Allowed || all != body):
						t.Errorf("signed: %s, and %d bytes reach the server", step.Reason, len(all))
					case !good && (step.Reason != reason.DigestMismatch || all != early):
						t.Errorf("tampered: %s, and %d bytes reach the server, %d before the end", step.Reason, len(all), len(early))
					}
				}
			})
		}
	}
}

// TestSignedMessagesWait: each message of gRPC is complete by itself, whatever the protocol of the
// route reads of it. So none of them flows before the digest of all agrees.
func TestSignedMessagesWait(t *testing.T) {
	message := func(content string) string { return "\x00\x00\x00\x00\x08" + content }
	body := strings.Repeat(message("harmless"), 20<<10)
	for _, c := range []struct{ request, host string }{
		{"POST /echo.EchoServer/Chat", "echo.example.com"},
		{"POST /inference.GRPCInferenceService/ServerLive", "gpu.example.com"},
	} {
		t.Run(c.request, func(t *testing.T) {
			g, s := signedWorld(t, "/routes/-",
				`{"protocol": "grpc", "service": "echo.EchoServer", "model": "prod/echo", "hosts": ["echo.example.com"]}`,
				"/grants/-", `{"name": "all", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "verbs": ["predict", "ready"],
					"models": ["prod/*"]}`)
			for _, sent := range []string{body, message("harmful!") + body} {
				signed := signedCase(sent, corpus.Sign{Signed: &corpus.Signed{Body: &body}})
				signed.Request, signed.Host, signed.GRPC, signed.Headers = c.request, c.host, true, nil
				early, all, step := flow(g, withNonces(g), requestOf(t, s, signed), 16<<10)
				want := reason.Allowed
				if sent != body {
					want = reason.DigestMismatch
				}
				if step.Reason != want || early != "" || want != reason.Allowed && all != "" {
					t.Errorf("%s, want %s; %d bytes reach the server before the end, want none", step.Reason, want, len(early))
				}
			}
		})
	}
}

// TestTwinsOfSignedHeaders: beside a header that is covered no other comes that a server could
// take for it.
func TestTwinsOfSignedHeaders(t *testing.T) {
	g, s := signedWorld(t)
	for _, c := range []struct {
		name string
		want reason.Reason
	}{
		{"x_tenant", reason.RequestSignatureMalformed},
		{"content_digest", reason.RequestSignatureMalformed},
		{"x_other", reason.Allowed}, // not covered
		{"x-tenant", reason.RequestSignatureInvalid},
	} {
		signed := signedCase("{}", corpus.Sign{Components: []string{"@method", "@authority", "@path", "@query", "content-digest", "x-tenant"}})
		signed.Headers = append(signed.Headers, [2]string{"x-tenant", "a"})
		r := requestOf(t, s, signed)
		h := r.Head()
		h.Pairs = append(h.Pairs, [2]string{c.name, "b"})
		if _, step := g.DecideRequest(withNonces(g), h, []byte(r.Body), nil); step.Reason != c.want {
			t.Errorf("with %s: %s, want %s", c.name, step.Reason, c.want)
		}
	}
}

// TestSignedTrailers: no signature covers trailers, so a signed body has none.
func TestSignedTrailers(t *testing.T) {
	g, s := signedWorld(t)
	r := requestOf(t, s, signedCase("{}", corpus.Sign{}))
	if _, step := g.DecideRequest(withNonces(g), r.Head(), []byte("{}"), [][2]string{{"x-sum", "1"}}); step.Reason != reason.TrailerForbidden {
		t.Errorf("Reason = %s, want trailer_forbidden", step.Reason)
	}
}

// TestSignedIsNeverCached: a signature is verified each time, although the caller was allowed the same
// request before, signed or not.
func TestSignedIsNeverCached(t *testing.T) {
	g, s := signedWorld(t, "/grants/0/require", `["signature"]`, "/grants/1", `{"name": "open", "issuers": ["corp"],
		"members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["open/*"]}`)
	env := withNonces(g)
	env.Cache = g.NewCache()
	token := mint(t, s, corp(nil))
	send := func(request string, signs ...corpus.Sign) reason.Reason {
		c := corpus.Case{Name: "case", Request: request, Headers: [][2]string{{"authorization", "Bearer " + token}}, Sign: signs}
		_, step := g.Begin(env, requestOf(t, s, c).Head())
		return step.Reason
	}
	good, bad, repeated := corpus.Sign{Key: "k"}, corpus.Sign{Key: "k", Fault: "other-key"}, corpus.Sign{Key: "k", Nonce: "once"}
	send(askStaff, repeated)
	const open = "POST /kfserving/open/fraud:predict"
	for range 4 {
		for _, c := range []struct {
			request string
			signs   []corpus.Sign
			want    reason.Reason
		}{
			{askStaff, []corpus.Sign{good}, reason.Allowed},
			{askStaff, nil, reason.RequestSignatureMissing},
			{askStaff, []corpus.Sign{bad}, reason.RequestSignatureInvalid},
			{askStaff, []corpus.Sign{repeated}, reason.RequestSignatureReplayed},
			{open, nil, reason.Allowed},
			{open, []corpus.Sign{good}, reason.Allowed},
			{open, []corpus.Sign{bad}, reason.RequestSignatureInvalid},
			{open, []corpus.Sign{repeated}, reason.RequestSignatureReplayed},
		} {
			if got := send(c.request, c.signs...); got != c.want {
				t.Errorf("%s, signed %v: %s, want %s", c.request, c.signs, got, c.want)
			}
		}
	}
}

// TestNonces: without a memory, and with one that is full, no signed request passes.
func TestNonces(t *testing.T) {
	g, s := signedWorld(t)
	env := withNonces(g)
	send := func(env gate.Env) reason.Reason {
		_, step := g.Begin(env, requestOf(t, s, signedCase("", corpus.Sign{})).Head())
		return step.Reason
	}
	for i := range replay.PageSlots {
		env.Admit = replay.NewMemory(1).Admit
		if got := send(env); got != reason.Allowed {
			t.Fatalf("request %d: %s, want allowed", i, got)
		}
	}
	env.Admit = replay.NewMemory(1).Admit
	for range replay.PageSlots {
		send(env)
	}
	if got := send(env); got != reason.NoncesFull {
		t.Errorf("more than fit: %s, want nonces_full", got)
	}
	env.Admit = nil
	if got := send(env); got != reason.Internal {
		t.Errorf("without a memory: %s, want internal", got)
	}
	open, s := signedWorld(t, "/signatures/replay", `"allowed"`)
	r := requestOf(t, s, signedCase("", corpus.Sign{Nonce: "none"}))
	for range 3 {
		if _, step := open.Begin(gate.Env{Now: now, Keys: open.Keys()}, r.Head()); step.Reason != reason.Allowed {
			t.Errorf("replays are allowed: %s", step.Reason)
		}
	}
	if open.NoncePages() != 0 || g.NoncePages() != 256 {
		t.Errorf("%d and %d pages, want 0 and 256", open.NoncePages(), g.NoncePages())
	}
}

// TestSignatureRules: each rule of the configuration beyond the corpus.
func TestSignatureRules(t *testing.T) {
	keys := func(more string) []string {
		return []string{"/signatures/keys/0", `{"keyid": "k", "algorithm": "ed25519", "jwk": {}, "anyCaller": true, ` + more + `}`}
	}
	for _, c := range []struct {
		name   string
		config []string
		sign   corpus.Sign
		want   string
	}{
		{"the label", []string{"/signatures/label", `"gate"`}, corpus.Sign{Label: "gate"}, "allowed"},
		{"another label", []string{"/signatures/label", `"gate"`}, corpus.Sign{}, "request_signature_invalid"},
		{"the tag", []string{"/signatures/tag", `"gate"`}, corpus.Sign{Tag: "gate"}, "allowed"},
		{"another tag", []string{"/signatures/tag", `"gate"`}, corpus.Sign{Tag: "gates"}, "request_signature_invalid"},
		{"no tag", []string{"/signatures/tag", `"gate"`}, corpus.Sign{}, "request_signature_invalid"},
		{"a tag that nobody asks for", nil, corpus.Sign{Tag: "gate"}, "allowed"},
		{"younger than maxAge", []string{"/signatures/maxAge", `"10s"`}, corpus.Sign{Created: "now-39s"}, "allowed"},
		{"older than maxAge", []string{"/signatures/maxAge", `"10s"`}, corpus.Sign{Created: "now-41s"}, "request_signature_expired"},
		{"clocks agree", []string{"/signatures/clockSkew", `"0s"`}, corpus.Sign{Created: "now+1s"}, "request_signature_not_yet_valid"},
		{"the credential is covered", []string{"/signatures/components", `["authorization"]`},
			corpus.Sign{Components: []string{"authorization"}}, "allowed"},
		{"the credential is not", []string{"/signatures/components", `["authorization"]`}, corpus.Sign{}, "request_signature_uncovered"},
		{"a body without a digest, which nothing asks for", []string{"/signatures/components", `["@path"]`},
			corpus.Sign{Components: []string{"@path"}, Digest: "none"}, "allowed"},
		{"a key that is in force", keys(`"notBefore": "2023-11-14T22:13:20Z", "until": "2023-11-14T22:13:21Z"`), corpus.Sign{}, "allowed"},
		{"a key that will be", keys(`"notBefore": "2023-11-14T22:13:21Z"`), corpus.Sign{}, "request_signature_invalid"},
		{"a key that was", keys(`"until": "2023-11-14T22:13:20Z"`), corpus.Sign{}, "request_signature_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, s := signedWorld(t, c.config...)
			r := requestOf(t, s, signedCase("{}", c.sign))
			if _, step := g.DecideRequest(withNonces(g), r.Head(), []byte(r.Body), nil); outcome(step) != c.want {
				t.Errorf("got %s, want %s", outcome(step), c.want)
			}
		})
	}
}

// TestRefusalSaysWhatToSign: a refusal that is about the signature says what it must cover.
func TestRefusalSaysWhatToSign(t *testing.T) {
	g, s := signedWorld(t, "/grants/0/require", `["signature"]`, "/signatures/tag", `"gate"`)
	c := signedCase("", corpus.Sign{})
	c.Sign = nil
	_, step := g.Begin(withNonces(g), requestOf(t, s, c).Head())
	const want = `sig1=("@method" "@authority" "@path" "@query" "content-digest");created;tag="gate"`
	if got := arrival(step.Reply.Headers, "accept-signature"); step.Reason != reason.RequestSignatureMissing || got != want {
		t.Errorf("%s with accept-signature: %s, want %s", step.Reason, got, want)
	}
	wanted, err := signature.ParseAccept([][2]string{{"accept-signature", want}})
	if err != nil || len(wanted) != 1 || len(wanted[0].Components) != 5 {
		t.Errorf("ParseAccept(%s) = %v, %v", want, wanted, err)
	}
}

// TestSignatureIsACredential: the upstream gets the signature where it gets the token, and
// the log says who signed, or what is at fault.
func TestSignatureIsACredential(t *testing.T) {
	g, s := signedWorld(t)
	c := signedCase("", corpus.Sign{})
	for request, want := range map[string]int{askStaff: 0, "POST /forward/prod/fraud:predict": 1} {
		c.Request = request
		h := requestOf(t, s, c).Head()
		_, step := g.Begin(withNonces(g), h)
		for _, name := range []string{"signature", "signature-input", "authorization"} {
			if got := len(arrivals(sent(h, step), name)); got != want {
				t.Errorf("%s: %s arrives %d times, want %d (%s)", request, name, got, want, step.Reason)
			}
		}
		if !strings.Contains(step.Audit, `"signed_by":"k"`) {
			t.Errorf("the log has %s, want who signed", step.Audit)
		}
	}
	c.Sign[0].Components = []string{"@method"}
	_, step := g.Begin(withNonces(g), requestOf(t, s, c).Head())
	if want := `"part":"\"@authority\""`; !strings.Contains(step.Audit, want) {
		t.Errorf("the log has %s, want %s", step.Audit, want)
	}
}

// TestSignatureInShadow: on a route in shadow a request passes that its signature would refuse, without an
// identity. One that cannot be read is refused, as other such headers are.
func TestSignatureInShadow(t *testing.T) {
	g, s := signedWorld(t, "/routes/0/shadow", `{"until": "2099-01-01T00:00:00Z"}`, "/grants/0/require", `["signature"]`)
	none := signedCase("", corpus.Sign{})
	none.Sign = nil
	malformed := none
	malformed.Headers = [][2]string{{"signature", "x"}}
	for _, c := range []struct {
		name string
		corpus.Case
		want string
		who  int // identity headers
	}{
		{"good", signedCase("{}", corpus.Sign{}), "allowed", 1},
		{"none", none, "shadow request_signature_missing", 1},
		{"bad", signedCase("{}", corpus.Sign{Fault: "other-key"}), "shadow request_signature_invalid", 0},
		{"malformed", malformed, "request_signature_malformed", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := requestOf(t, s, c.Case)
			h := r.Head()
			_, step := g.DecideRequest(withNonces(g), h, []byte(r.Body), nil)
			if got := len(arrivals(forwarded(h, step), "x-gate-caller")); outcome(step) != c.want || got != c.who {
				t.Errorf("%s with %d identities, want %s with %d", outcome(step), got, c.want, c.who)
			}
		})
	}
}
