package gate_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// passage is what became of a request with a body.
type passage struct {
	step  gate.Step // the last one
	edits []*gate.Edit
	sent  int  // bytes of the body that were forwarded
	head  bool // the head was forwarded
}

// pump sends a request with its body in chunks that end at cuts, as a host would. The
// chunk i comes at the time at(i).
func pump(t testing.TB, g *gate.Gate, h *gate.Head, body string, cuts []int, at func(i int) time.Time) (p passage) {
	t.Helper()
	env := func(i int) gate.Env { return gate.Env{Now: at(i), Keys: g.Keys()} }
	x, step := g.Begin(env(0), h)
	for i, from := 0, 0; ; i++ {
		if step.Edit != nil {
			p.edits = append(p.edits, step.Edit)
		}
		p.step, p.sent = step, p.sent+step.Release
		p.head = p.head || step.Head || step.Act == gate.Forward || step.Release > 0
		if p.sent > from || step.Release < 0 {
			t.Fatalf("%d bytes are released of %d", p.sent, from)
		}
		if step.Act != gate.Hold {
			return p
		}
		to := len(body)
		if i < len(cuts) {
			to = cuts[i]
		}
		step = x.Body(env(i), gate.Upstream, []byte(body[from:to]), i >= len(cuts))
		from = to
	}
}

func always(int) time.Time { return now }

// result is the outcome of a passage, and its destination if that is rewritten.
func (p passage) result() string {
	if p.step.Act != gate.Forward {
		return p.step.Reason.String()
	}
	s := outcome(p.step)
	if len(p.edits) != 1 {
		return fmt.Sprintf("%s with %d edits", s, len(p.edits))
	}
	for _, set := range p.edits[0].Set {
		if set[0] == ":authority" || set[0] == "x-model" {
			s += " " + set[1]
		}
	}
	return s
}

// complete reports whether a server could act on a part of a body: it is a document, a
// form, or the one message of a call.
func complete(body string) bool {
	if json.Valid([]byte(body)) || strings.Contains(body, "\r\n--B--") {
		return true
	}
	return len(body) > 5 && body[0] == 0 && uint64(len(body)) == 5+uint64(binary.BigEndian.Uint32([]byte(body[1:5])))
}

// everyByte cuts a body at each byte.
func everyByte(body string) (cuts []int) {
	for i := range len(body) {
		cuts = append(cuts, i)
	}
	return cuts
}

// randomCuts cuts a body nowhere, everywhere, and at one or two random places.
func randomCuts(random *rand.Rand, body string) [][]int {
	cuts := [][]int{nil, everyByte(body)}
	if n := len(body); n > 0 {
		for range 20 {
			a, b := random.IntN(n+1), random.IntN(n+1)
			cuts = append(cuts, []int{a}, []int{min(a, b), max(a, b)}, []int{n})
		}
	}
	return cuts
}

// TestBodies cuts each body in many ways. The answer is always the same, and the bytes
// that complete a refused message are never forwarded.
func TestBodies(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, holding := range []bool{true, false} {
		g, s := load(t, bodyWorld(t, holding))
		token := bearer(t, s, corp(nil))
		for _, c := range bodyCases(t) {
			t.Run(fmt.Sprintf("holding %v/%s/%.60q", holding, c.line, c.body), func(t *testing.T) {
				h := head(c.line, append([]pair{token}, c.more...)...)
				want := c.want
				if !holding && (c.line == v1chat || c.line == v1tokens) && len(c.more) == 1 {
					want = "model_missing" // a head that cannot wait must name the model
				}
				for _, cuts := range randomCuts(random, c.body) {
					p := pump(t, g, h, c.body, cuts, always)
					if got := p.result(); got != want {
						t.Errorf("cut at %v = %s, want %s", cuts, got, want)
					}
					switch refused := p.step.Act != gate.Forward; {
					case !refused && p.sent != len(c.body):
						t.Errorf("cut at %v: %d bytes are forwarded, want %d", cuts, p.sent, len(c.body))
					case refused && c.line != stream && complete(c.body[:p.sent]):
						t.Errorf("cut at %v: refused, and a whole message of %d bytes is forwarded", cuts, p.sent)
					case refused && holding && p.head && p.sent == 0:
						t.Errorf("cut at %v: refused, and the head is forwarded", cuts)
					}
				}
			})
		}
	}
}

// TestMessages: of a stream, each granted message is forwarded to its last byte, and
// nothing of the message that is refused.
func TestMessages(t *testing.T) {
	g, s := load(t, bodyWorld(t, false))
	h := head(stream, bearer(t, s, corp(nil)), grpcType)
	good, bad := frames(t, "1:a 5:tensor", "1:b"), frames(t, "1:no 5:tensor")
	for i := range len(good) + 1 {
		p := pump(t, g, h, good+bad, []int{i, len(good)}, always)
		if p.step.Reason != reason.Denied || p.sent != len(good) {
			t.Errorf("cut at %d: %s after %d bytes, want denied after %d", i, p.step.Reason, p.sent, len(good))
		}
	}
	for i := len(good); i < len(good+bad); i++ {
		p := pump(t, g, h, good+bad, []int{i}, always)
		if p.step.Reason != reason.Denied || p.sent > len(good) {
			t.Errorf("cut at %d: %s after %d bytes, want denied after %d at most", i, p.step.Reason, p.sent, len(good))
		}
	}
}

// TestLargeMessageFlows: of a large message whose name comes first, all is forwarded as it
// arrives but the byte that completes it.
func TestLargeMessageFlows(t *testing.T) {
	g, s := load(t, bodyWorld(t, false))
	large := frames(t, "1:a 5:"+strings.Repeat("x", 1000))
	env := gate.Env{Now: now, Keys: g.Keys()}
	x, step := g.Begin(env, head(infer, bearer(t, s, corp(nil)), grpcType))
	sent := step.Release
	for i := range len(large) {
		step = x.Body(env, gate.Upstream, []byte(large[i:i+1]), false)
		sent += step.Release
		flows := i > 20 && i < len(large)-1
		if step.Act != gate.Hold || sent == len(large) || flows && sent != i+1 {
			t.Fatalf("byte %d: act %d, %s, %d bytes are forwarded", i, step.Act, step.Reason, sent)
		}
	}
	if step = x.Trailers(env, gate.Upstream, []pair{{"x", "y"}}); step.Act != gate.Forward || sent+step.Release != len(large) {
		t.Errorf("Trailers = act %d, %s, %d bytes are forwarded, want %d", step.Act, step.Reason, sent+step.Release, len(large))
	}
}

// TestPathNamesModel: where the path names the model, a body flows from its first byte. One that
// names another is never complete.
func TestPathNamesModel(t *testing.T) {
	const gemini = "POST /llm/v1beta/models/a:generateContent"
	g, s := load(t, bodyWorld(t, true))
	h := head(gemini, bearer(t, s, corp(nil)), jsonType)
	for _, c := range []struct {
		rest string
		want reason.Reason
	}{
		{`"}`, reason.Allowed},
		{`", "model": "models/a"}`, reason.Allowed},
		{`", "model": "models/b"}`, reason.IdentityConflict},
		{`", "lora_path": "b"}`, reason.BodyKeyRefused},
	} {
		t.Run(c.rest, func(t *testing.T) {
			x, step := g.Begin(gate.Env{Now: now, Keys: g.Keys()}, h)
			for _, chunk := range []string{`{"contents": "`, strings.Repeat("x", 1000)} {
				step = x.Body(gate.Env{Now: now, Keys: g.Keys()}, gate.Upstream, []byte(chunk), false)
				if step.Act != gate.Hold || step.Release != len(chunk) {
					t.Fatalf("Body = %v, %d bytes are released of %d", step.Act, step.Release, len(chunk))
				}
			}
			step = x.Body(gate.Env{Now: now, Keys: g.Keys()}, gate.Upstream, []byte(c.rest), true)
			if step.Reason != c.want {
				t.Errorf("Body = %s, want %s", step.Reason, c.want)
			}
		})
	}
}

// TestTokenExpiresInStream: a message that begins after the token has expired is refused,
// by a reset once the response has begun.
func TestTokenExpiresInStream(t *testing.T) {
	g, s := load(t, bodyWorld(t, false))
	h := head(stream, bearer(t, s, corp(claims{"exp": "now+60s"})), grpcType) // and 30 s of skew
	one, two := frames(t, "1:a"), frames(t, "1:b")
	after := func(d time.Duration) func(int) time.Time {
		return func(i int) time.Time { return now.Add(time.Duration(i) * d) }
	}
	t.Run("before", func(t *testing.T) {
		p := pump(t, g, h, one+two, []int{len(one)}, after(89*time.Second))
		if p.step.Act != gate.Forward {
			t.Errorf("the second message is refused as %s", p.step.Reason)
		}
	})
	t.Run("after", func(t *testing.T) {
		p := pump(t, g, h, one+two, []int{len(one)}, after(90*time.Second))
		if p.step.Act != gate.Refuse || p.step.Reason != reason.TokenExpired || p.step.Reply.GRPC != 16 || p.sent != len(one) {
			t.Errorf("the second message: act %d, %s after %d bytes, want token_expired", p.step.Act, p.step.Reason, p.sent)
		}
	})
	t.Run("after the response has begun", func(t *testing.T) {
		env := gate.Env{Now: now, Keys: g.Keys()}
		x, _ := g.Begin(env, h)
		if step := x.Body(env, gate.Upstream, []byte(one), false); step.Release != len(one) || !x.NeedsResponse() {
			t.Fatalf("Body = %d bytes released, want %d", step.Release, len(one))
		}
		if step := x.Respond(env, []pair{{":status", "200"}}, false); step.Act != gate.Forward {
			t.Fatalf("Respond = act %d, want Forward", step.Act)
		}
		env.Now = now.Add(90 * time.Second)
		step := x.Body(env, gate.Upstream, []byte(two), false)
		if step.Act != gate.Reset || step.Reason != reason.TokenExpired || step.Audit == "" {
			t.Errorf("Body = act %d, %s, log %q, want a reset for token_expired", step.Act, step.Reason, step.Audit)
		}
	})
}

// TestAnonymousBodies: a caller without a credential is refused before the body is read,
// unless the call could be for something that everybody may use.
func TestAnonymousBodies(t *testing.T) {
	for _, holding := range []bool{true, false} {
		g, _ := load(t, bodyWorld(t, holding))
		for _, line := range []string{infer, stream, reload, tf, v1chat} {
			for _, h := range []*gate.Head{
				head(line, grpcType),
				head(line, jsonType),
				head(line, jsonType, pair{"x-model", "secret"}),
				head(line),
			} {
				if _, step := begin(g, h); step.Act != gate.Refuse || step.Reason != reason.CredentialMissing {
					t.Errorf("Begin(%s with %v) = act %d, %s, want credential_missing", line, h.Pairs, step.Act, step.Reason)
				}
			}
		}
		for body, want := range map[string]reason.Reason{
			`{"model": "free"}`: reason.Allowed,
			`{"model": "a"}`:    reason.CredentialMissing,
			`{"model": "no"}`:   reason.CredentialMissing,
			`{"model": "a b"}`:  reason.ModelInvalid,
		} {
			if p := pump(t, g, head(llm, jsonType), body, nil, always); p.step.Reason != want {
				t.Errorf("the body %s = %s, want %s", body, p.step.Reason, want)
			}
		}
	}
}
