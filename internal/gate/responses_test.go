package gate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/replay"
	"github.com/modelgate/modelgate/internal/signature"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// signsReplies changes signedWorld, so that the gate signs what comes back.
var signsReplies = []string{
	"/signatures/responses", `{"keyid": "gate", "algorithm": "ed25519", "private": {"env": "GATE"}}`, "/host", `{"holdHeaders": true}`,
}

// answered is a reply as the client gets it.
type answered struct {
	act     gate.Act
	reason  reason.Reason
	headers [][2]string
	body    string
}

// answerOf sends a request and its reply, in pieces of n bytes, through the gate.
func answerOf(t *testing.T, g *gate.Gate, env gate.Env, r corpus.Request, headers [][2]string, body string, n int) answered {
	t.Helper()
	x, step := g.DecideRequest(env, r.Head(), []byte(r.Body), nil)
	if step.Act != gate.Forward || !x.NeedsResponse() {
		t.Fatalf("the request: %s, and NeedsResponse() = %v, want a reply to be signed", step.Reason, x.NeedsResponse())
	}
	x.DropHead()
	pairs := corpus.Apply(headers, &gate.Edit{})
	step = x.Respond(env, pairs, body == "")
	out := body
	for rest := body; step.Act == gate.Hold; {
		if step.Edit != nil {
			pairs = corpus.Apply(pairs, step.Edit)
		}
		piece := rest[:min(n, len(rest))]
		rest = rest[len(piece):]
		if step = x.Body(env, gate.Downstream, []byte(piece), rest == ""); step.Body != nil {
			out = string(step.Body)
		}
	}
	if step.Edit != nil {
		pairs = corpus.Apply(pairs, step.Edit)
	}
	return answered{step.Act, step.Reason, pairs, out}
}

func replyHeaders(more ...[2]string) [][2]string {
	return append([][2]string{{":status", "200"}, {"content-type", "application/json"}}, more...)
}

// TestReplySigned: the reply to a signed request is signed, and so is one that the client asks for.
func TestReplySigned(t *testing.T) {
	for _, c := range []struct {
		name    string
		signed  bool
		accept  string
		headers [][2]string
		body    string
	}{
		{"of a signed request", true, "", replyHeaders(), `{"predictions": [1]}`},
		{"asked for", false, `mine=("@status" "content-type");nonce="n-1";tag="t"`, replyHeaders(), `{"predictions": [1]}`},
		{"both", true, `mine=("content-type")`, replyHeaders(), `{"predictions": [1]}`},
		{"without a body", true, "", replyHeaders(), ""},
		{"an error", true, "", [][2]string{{":status", "503"}}, "no healthy upstream"},
		{"the server has a digest of its own", true, "", replyHeaders([2]string{"content-digest", "sha-256=:AAAA:"}), "{}"},
		{"long, but not too long", true, "", replyHeaders(), strings.Repeat("x", 512<<10)},
	} {
		for _, n := range []int{7, 1 << 20} {
			t.Run(c.name, func(t *testing.T) {
				g, s := signedWorld(t, signsReplies...)
				sent := signedCase("{}", corpus.Sign{})
				if !c.signed {
					sent.Sign = nil
				}
				if c.accept != "" {
					sent.Headers = append(sent.Headers, [2]string{"accept-signature", c.accept})
				}
				r := requestOf(t, s, sent)
				got := answerOf(t, g, withNonces(g), r, c.headers, c.body, max(n, len(c.body)/100))
				if got.act != gate.Forward || got.body != c.body {
					t.Fatalf("act %d, %s, %d bytes", got.act, got.reason, len(got.body))
				}
				if err := s.CheckReply(r, c.headers[0][1], got.headers, got.body); err != nil {
					t.Errorf("%v: %v", err, got.headers)
				}
				list, _ := signature.Parse(got.headers)
				if mine := strings.HasPrefix(c.accept, "mine"); mine && (list[0].Label != "mine" || list[0].KeyID != "gate") ||
					strings.Contains(c.accept, "nonce") && (list[0].Nonce != "n-1" || list[0].Tag != "t") || list[0].Created != now.Unix() {
					t.Errorf("the signature is %+v", list[0])
				}
				other := r
				other.Path = "/kfserving/prod/risk:predict"
				if err := s.CheckReply(other, c.headers[0][1], got.headers, got.body); err == nil {
					t.Error("it is a signature of the answer to another request too")
				}
				if err := s.CheckReply(r, c.headers[0][1], got.headers, got.body+" "); err == nil {
					t.Error("it is a signature of another body too")
				}
			})
		}
	}
}

// TestReplyUnsigned: what is streamed or too long passes as it is, and so does a reply that cannot
// be signed as the client asks.
func TestReplyUnsigned(t *testing.T) {
	for _, c := range []struct {
		name, accept string
		headers      [][2]string
		body         string
	}{
		{"a stream of events", "", [][2]string{{":status", "200"}, {"content-type", "text/event-stream"}}, "data: 1\n\n"},
		{"announced as too long", "", replyHeaders([2]string{"content-length", "524289"}), strings.Repeat("x", 512<<10+1)},
		{"too long", "", replyHeaders(), strings.Repeat("x", 512<<10+1)},
		{"a header that is not there", `a=("x-missing")`, replyHeaders(), "{}"},
		{"asked for in a way that cannot be read", `a=(`, replyHeaders(), "{}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, s := signedWorld(t, signsReplies...)
			sent := signedCase("{}", corpus.Sign{})
			if c.accept != "" {
				sent.Headers = append(sent.Headers, [2]string{"accept-signature", c.accept})
			}
			r := requestOf(t, s, sent)
			env := withNonces(g)
			if c.accept == "a=(" {
				if x, step := g.DecideRequest(env, r.Head(), []byte(r.Body), nil); step.Act != gate.Forward || x.NeedsResponse() {
					t.Errorf("%s, NeedsResponse() = %v, want an unsigned reply", step.Reason, x.NeedsResponse())
				}
				return
			}
			got := answerOf(t, g, env, r, c.headers, c.body, 64<<10)
			if got.act != gate.Forward || got.body != c.body || arrival(got.headers, "signature") != "" {
				t.Errorf("act %d, %s, %d bytes, signature %q", got.act, got.reason, len(got.body), arrival(got.headers, "signature"))
			}
		})
	}
}

// TestListSigned: a list that is cut down is signed as the client gets it.
func TestListSigned(t *testing.T) {
	g, s := signedWorld(t, append(signsReplies, "/grants/0/models", `["prod/llm/a"]`)...)
	c := signedCase("", corpus.Sign{})
	c.Request, c.Host, c.Headers = "GET /v1/models", "llm.example.com", nil
	r := requestOf(t, s, c)
	const list = `{"object": "list", "data": [{"id": "a"}, {"id": "b"}]}`
	got := answerOf(t, g, withNonces(g), r, replyHeaders([2]string{"etag", `"1"`}), list, 10)
	if got.act != gate.Forward || strings.Contains(got.body, `"b"`) || !strings.Contains(got.body, `"a"`) {
		t.Errorf("act %d, %s: %s", got.act, got.reason, got.body)
	}
	if err := s.CheckReply(r, "200", got.headers, got.body); err != nil {
		t.Errorf("%v: %v", err, got.headers)
	}
}

// TestReplyIsCounted: what a reply holds is counted, and released.
func TestReplyIsCounted(t *testing.T) {
	g, s := signedWorld(t, append(signsReplies, "/limits", `{"waitingMiB": 1}`)...)
	env := withNonces(g)
	env.Admit = func(replay.ID, time.Time, time.Time) replay.Verdict { return replay.Fresh }
	env.Waiting = &gate.Waiting{}
	r := requestOf(t, s, signedCase("", corpus.Sign{}))
	var all []*gate.Exchange
	overloaded := 0
	for range 10 {
		x, step := g.DecideRequest(env, r.Head(), nil, nil)
		if x.DropHead(); step.Act != gate.Forward {
			t.Fatal(step.Reason)
		}
		if step = x.Respond(env, replyHeaders(), false); step.Act != gate.Hold {
			t.Fatal(step.Reason)
		}
		if step, ok := x.HostHolds(400 << 10); !ok {
			if overloaded++; step.Reason != reason.Overloaded {
				t.Errorf("%s, want overloaded", step.Reason)
			}
		}
		all = append(all, x)
	}
	if held := env.Waiting.Bytes(); overloaded != 9 || held < 400<<10 || held > 1<<20 {
		t.Errorf("%d are refused and %d bytes held, want 9 and no more than 1 MiB", overloaded, held)
	}
	for _, x := range all {
		x.End()
	}
	if held := env.Waiting.Bytes(); held != 0 {
		t.Errorf("%d bytes are held at the end, want 0", held)
	}
}

// TestReplyDigest: the digest is by the algorithm that the request prefers, of those that are known.
func TestReplyDigest(t *testing.T) {
	for wants, want := range map[string]string{
		"": "sha-256=:", "sha-512=3, sha-256=1": "sha-512=:", "sha-512=1, md5=10": "sha-512=:", "sha-256=1": "sha-256=:", "md5=1": "sha-256=:",
		"sha-512": "sha-256=:",
	} {
		g, s := signedWorld(t, signsReplies...)
		sent := signedCase("{}", corpus.Sign{})
		if wants != "" {
			sent.Headers = append(sent.Headers, [2]string{"want-content-digest", wants})
		}
		r := requestOf(t, s, sent)
		got := answerOf(t, g, withNonces(g), r, replyHeaders(), "{}", 10)
		for _, h := range got.headers {
			if h[0] == "content-digest" && !strings.HasPrefix(h[1], want) {
				t.Errorf("%q: content-digest: %s, want %s", wants, h[1], want)
			}
		}
		if err := s.CheckReply(r, "200", got.headers, got.body); err != nil {
			t.Errorf("%q: %v", wants, err)
		}
	}
}
