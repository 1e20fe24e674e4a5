package gate_test

import (
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// bodies is a configuration with a route of each kind that reads bodies.
func bodies(host string) string {
	s := strings.Replace(world, `"routes": [`, `"routes": [
		{"protocol": "kserve-v2", "service": "prod/gpu"},
		{"protocol": "openai", "service": "prod/llm", "base": "/llm/v1"},
		{"protocol": "openai", "names": "kserve", "models": {"open": "prod/open", "secret": "lab/secret", "half": "lab/half"}, "modelHeader": "x-model", "base": "/v1", "default": "open"},
		{"protocol": "tfserving", "service": "lab/tf"},`, 1)
	s = strings.Replace(s, `"grants": [`, `"grants": [
		{"name": "half", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["lab/half", "lab/tf/m", "lab/tf/n@3"]},
		{"name": "anyone", "members": ["allUsers"], "role": "invoker", "models": ["prod/llm/free"]},
		{"name": "trial", "shadow": {"until": "2100-01-01T00:00:00Z"}, "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["lab/tf/trial"]},`, 1)
	s = strings.Replace(s, `"denies": [`, `"denies": [{"name": "old", "models": ["prod/gpu/a@1"]}, {"name": "no", "models": ["prod/gpu/no", "prod/llm/no"]},`, 1)
	return strings.Replace(s, `"version": 1,`, `"version": 1, `+host, 1)
}

const (
	holding = `"host": {"holdHeaders": true},`
	infer   = "POST /inference.GRPCInferenceService/ModelInfer"
	stream  = "POST /inference.GRPCInferenceService/ModelStreamInfer"
	reload  = "POST /inference.GRPCInferenceService/RepositoryModelLoad"
	tf      = "POST /tensorflow.serving.PredictionService/Predict"
	llm     = "POST /llm/v1/chat/completions"
	v1chat  = "POST /v1/chat/completions"
)

var (
	jsonType = pair{"content-type", "application/json"}
	grpcType = pair{"content-type", "application/grpc"}
)

// frames writes messages, each in its frame.
func frames(t testing.TB, messages ...string) (all string) {
	t.Helper()
	for _, m := range messages {
		f, err := corpus.Frame(m)
		if err != nil {
			t.Fatal(err)
		}
		all += f
	}
	return all
}

// passage is what became of a request.
type passage struct {
	step  gate.Step
	edits []*gate.Edit
	sent  int  // bytes of the body that went on
	head  bool // it went on
}

// pump sends a request with its body in chunks that end at cuts, as a host would.
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
			t.Fatalf("%d bytes released of %d", p.sent, from)
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

// everyByte cuts a body at each byte.
func everyByte(body string) (cuts []int) {
	for i := range len(body) {
		cuts = append(cuts, i)
	}
	return cuts
}

type bodyCase struct {
	line, body string
	more       []pair
	want       string // the reason, and where it goes if it is rewritten
}

func bodyCases(t testing.TB) []bodyCase {
	j, g := []pair{jsonType}, []pair{grpcType}
	with := func(list []pair, more ...pair) []pair { return append(append([]pair{}, list...), more...) }
	f := func(messages ...string) string { return frames(t, messages...) }
	return []bodyCase{
		{llm, `{"model": "a"}`, j, "allowed"}, {llm, `{"messages": [{"model": "no"}], "model": "a", "x": 1}` + "\n ", j, "allowed"}, {llm, `{"model": "no", "x": 1}`, j, "denied"}, {llm, `{"x": [1, 2], "model": "no"}`, j, "denied"},
		{llm, `{"x": 1}`, j, "model_missing"}, {llm, `{"model": ""}`, j, "model_missing"}, {llm, ``, j, "body_invalid"}, {llm, `{"model": "a"`, j, "body_invalid"}, {llm, `{"model": "a"} {}`, j, "body_invalid"}, {llm, `{"model": "a", "model": "no"}`, j, "body_invalid"}, {llm, `{"model": "a", "MODEL": "no"}`, j, "body_invalid"},
		{llm, `{"model": "a", "mod\u0065l": "no"}`, j, "body_invalid"}, {llm, "\ufeff" + `{"model": "a"}`, j, "body_invalid"}, {llm, `{"model": null}`, j, "body_invalid"}, {llm, `["a"]`, j, "body_invalid"}, {llm, `{"model": "a", "fallbacks": ["no"]}`, j, "body_invalid"},
		{llm, `{"model": "a"}`, nil, "body_type"}, {llm, `model=a`, []pair{{"content-type", "application/x-www-form-urlencoded"}}, "body_type"}, {llm, `{"model": "a"}`, []pair{{"content-type", "application/json; charset=utf-16"}}, "body_type"}, {llm, `{"model": "a"}`, []pair{{"content-type", `Application/JSON; charset="UTF-8"`}}, "allowed"}, {llm, `{"model": "a"}`, []pair{{"content-type", "application/json; charset=utf-8; x=y"}}, "body_type"},
		{llm, `{"model": "a"}`, with(j, pair{"content-encoding", "gzip"}), "body_encoded"}, {llm, `{"model": "a"}`, with(j, pair{"content-encoding", "identity"}), "allowed"}, {llm, `{"model": "a"}`, with(j, pair{"x-higress-llm-model", "a"}), "allowed"}, {llm, `{"model": "a"}`, with(j, pair{"x-higress-llm-model", "b"}), "identity_conflict"},
		{infer, f("1:a"), g, "allowed"}, {infer, f("1:a 2:2"), g, "allowed"}, {infer, f("1:a 2:1"), g, "denied"}, {infer, f("2:1 1:a"), g, "denied"}, {infer, f("5:tensors 1:a"), g, "allowed"}, {infer, f("1:no"), g, "denied"}, {infer, f("5:tensors 1:no"), g, "denied"}, {infer, f("1:a 1:no"), g, "body_invalid"}, {infer, f(""), g, "model_missing"},
		{infer, f("1:a", "1:a"), g, "body_invalid"}, {infer, f("1:a")[:6], g, "body_invalid"}, {infer, f("1:a") + "\x00", g, "body_invalid"}, {infer, "", g, "body_invalid"}, {infer, "\x01" + f("1:a")[1:], g, "body_encoded"}, {infer, "\x00\xff\xff\xff\xff", g, "body_too_large"}, {infer, f("1:a"), with(g, pair{"grpc-encoding", "gzip"}), "body_encoded"}, {infer, f("1:a"), with(g, pair{"grpc-encoding", "identity"}), "allowed"},
		{reload, f("1:a"), g, "grant_missing"}, {tf, f("1:(1:m)"), g, "allowed"}, {tf, f("1:(1:m 2:(1:#3))"), g, "allowed"}, {tf, f("1:(1:n)"), g, "grant_missing"}, {tf, f("1:(1:n 2:(1:#3))"), g, "allowed"}, {tf, f("1:(1:n 2:(1:#4))"), g, "grant_missing"}, {tf, f("2:x 1:(2:(1:#3) 1:n)"), g, "allowed"}, {tf, f("1:(1:trial)"), g, "shadow grant_missing"}, {tf, f("1:(1:other)"), g, "grant_missing"},
		{stream, f("1:a", "1:b", "1:a 2:2"), g, "allowed"}, {stream, f(), g, "allowed"}, {stream, f("1:a", "", "1:a"), g, "model_missing"}, {stream, f("1:a", "1:a")[:9], g, "body_invalid"},
		{v1chat, `{"model": "open"}`, j, "allowed open-predictor.prod.svc.cluster.local publishers/prod/models/open"}, {v1chat, `{}`, j, "allowed open-predictor.prod.svc.cluster.local publishers/prod/models/open"}, {v1chat, `{"model": "half"}`, j, "allowed half-predictor.lab.svc.cluster.local publishers/lab/models/half"}, {v1chat, `{"model": "secret"}`, j, "grant_missing"}, {v1chat, `{"model": "unheard-of"}`, j, "grant_missing"},
		{v1chat, `{"model": "open"}`, with(j, pair{"x-model", "half"}), "identity_conflict"}, {v1chat, `{"model": "half"}`, with(j, pair{"x-model", "half"}), "allowed half-predictor.lab.svc.cluster.local publishers/lab/models/half"}, {v1chat, `{"model": "secret"}`, with(j, pair{"x-model", "secret"}), "grant_missing"},
	}
}

// result writes a passage in the words of the table.
func result(h *gate.Head, p passage) string {
	if p.step.Act != gate.Forward {
		return p.step.Reason.String()
	}
	s := verdict(p.step)
	if len(p.edits) != 1 {
		return s + " with edits"
	}
	for _, set := range p.edits[0].Set {
		if set[0] == ":authority" || set[0] == "x-model" {
			s += " " + set[1]
		}
	}
	return s
}

// complete reports whether a server could act on what it has: on a document, or on
// the one message of a call.
func complete(body string) bool {
	if json.Valid([]byte(body)) {
		return true
	}
	return len(body) > 5 && body[0] == 0 && uint64(len(body)) == 5+uint64(binary.BigEndian.Uint32([]byte(body[1:5])))
}

// TestBodies cuts each body at every place and everywhere: the answer is the
// same, and no byte that completes what is refused is let go.
func TestBodies(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, host := range []string{holding, ""} {
		g, s := load(t, bodies(host))
		token := pair{"authorization", "Bearer " + mint(t, s, corp(nil))}
		for _, c := range bodyCases(t) {
			h := head(c.line, append([]pair{token}, c.more...)...)
			want := c.want
			if host == "" && strings.HasPrefix(c.line, v1chat) && len(c.more) == 1 {
				want = "model_missing" // the head would have to say it
			}
			cuts := [][]int{nil, everyByte(c.body)}
			for range 20 {
				if n := len(c.body); n > 0 {
					a, b := random.IntN(n+1), random.IntN(n+1)
					cuts = append(cuts, []int{a}, []int{min(a, b), max(a, b)}, []int{n})
				}
			}
			for _, cut := range cuts {
				p := pump(t, g, h, c.body, cut, always)
				if got := result(h, p); got != want {
					t.Errorf("%q %s %q cut at %v = %s, want %s", host, c.line, c.body, cut, got, want)
				}
				switch refused := p.step.Act != gate.Forward; {
				case !refused && p.sent != len(c.body):
					t.Errorf("%q %s %q cut at %v: %d bytes sent", host, c.line, c.body, cut, p.sent)
				case refused && c.line != stream && complete(c.body[:p.sent]):
					t.Errorf("%q %s %q cut at %v: refused, and %d bytes sent", host, c.line, c.body, cut, p.sent)
				case refused && host != "" && p.head && p.sent == 0:
					t.Errorf("%q %s %q cut at %v: refused, and the head is sent", host, c.line, c.body, cut)
				}
			}
		}
	}
}

// TestMessages: of a stream each message goes on when it is granted, to its last
// byte, and nothing of the one that is not.
func TestMessages(t *testing.T) {
	g, s := load(t, bodies(""))
	h := head(stream, pair{"authorization", "Bearer " + mint(t, s, corp(nil))}, grpcType)
	good, bad := frames(t, "1:a 5:tensor", "1:b"), frames(t, "1:no 5:tensor")
	for i := range len(good) + 1 {
		p := pump(t, g, h, good+bad, []int{i, len(good)}, always)
		if p.step.Reason != reason.Denied || p.sent != len(good) {
			t.Errorf("cut at %d: %s after %d bytes, want %d", i, p.step.Reason, p.sent, len(good))
		}
	}
	for i := len(good); i < len(good+bad); i++ {
		if p := pump(t, g, h, good+bad, []int{i}, always); p.step.Reason != reason.Denied || p.sent > len(good) {
			t.Errorf("cut at %d: %s after %d bytes, want at most %d", i, p.step.Reason, p.sent, len(good))
		}
	}
	// A large message whose name comes first flows but for what completes it.
	large := frames(t, "1:a 5:"+strings.Repeat("x", 1000))
	env := gate.Env{Now: now, Keys: g.Keys()}
	x, step := g.Begin(env, head(infer, h.Pairs[len(h.Pairs)-2:]...))
	sent := step.Release
	for i := range len(large) {
		step = x.Body(env, gate.Upstream, []byte(large[i:i+1]), false)
		if sent += step.Release; step.Act != gate.Hold || sent == len(large) || i > 20 && i < len(large)-1 && sent != i+1 {
			t.Fatalf("byte %d: %d %s, %d sent", i, step.Act, step.Reason, sent)
		}
	}
	if step = x.Trailers(env, gate.Upstream, []pair{{"x", "y"}}); step.Act != gate.Forward || sent+step.Release != len(large) {
		t.Errorf("at the end: %d %s, %d sent", step.Act, step.Reason, sent+step.Release)
	}
}

// TestExpiresInStream: a message that begins after the token's end is refused,
// by a reset once the response has begun.
func TestExpiresInStream(t *testing.T) {
	g, s := load(t, bodies(""))
	h := head(stream, pair{"authorization", "Bearer " + mint(t, s, corp(map[string]any{"exp": "now+60s"}))}, grpcType)
	one, two := frames(t, "1:a"), frames(t, "1:b")
	later := func(i int) time.Time { return now.Add(time.Duration(i) * 89 * time.Second) } // the skew is 30 s
	if p := pump(t, g, h, one+two, []int{len(one)}, later); p.step.Act != gate.Forward {
		t.Errorf("before its end: %s", p.step.Reason)
	}
	later = func(i int) time.Time { return now.Add(time.Duration(i) * 90 * time.Second) }
	if p := pump(t, g, h, one+two, []int{len(one)}, later); p.step.Act != gate.Refuse || p.step.Reason != reason.TokenExpired || p.step.Reply.GRPC != 16 || p.sent != len(one) {
		t.Errorf("after its end: %d %s, %d sent", p.step.Act, p.step.Reason, p.sent)
	}
	env := gate.Env{Now: now, Keys: g.Keys()}
	x, _ := g.Begin(env, h)
	if step := x.Body(env, gate.Upstream, []byte(one), false); step.Release != len(one) || !x.NeedsResponse() {
		t.Fatalf("first message: %d released", step.Release)
	}
	if step := x.Respond(env, []pair{{":status", "200"}}, false); step.Act != gate.Forward {
		t.Fatalf("response: %d", step.Act)
	}
	env.Now = now.Add(90 * time.Second)
	if step := x.Body(env, gate.Upstream, []byte(two), false); step.Act != gate.Reset || step.Reason != reason.TokenExpired || step.Audit == "" {
		t.Errorf("after the response has begun: %d %s", step.Act, step.Reason)
	}
}

// TestAnonymousBodies: who has no credential is refused before the body is read,
// unless something in reach of the call is everyone's.
func TestAnonymousBodies(t *testing.T) {
	for _, host := range []string{holding, ""} {
		g, _ := load(t, bodies(host))
		for _, line := range []string{infer, stream, reload, tf, v1chat} {
			for _, h := range []*gate.Head{head(line, grpcType), head(line, jsonType), head(line, jsonType, pair{"x-model", "secret"}), head(line)} {
				if _, step := begin(g, h); step.Act != gate.Refuse || step.Reason != reason.CredentialMissing {
					t.Errorf("%s with %v: %d %s", line, h.Pairs, step.Act, step.Reason)
				}
			}
		}
		for body, want := range map[string]reason.Reason{`{"model": "free"}`: reason.Allowed, `{"model": "a"}`: reason.CredentialMissing, `{"model": "no"}`: reason.CredentialMissing, `{"model": "a b"}`: reason.ModelInvalid} {
			if p := pump(t, g, head(llm, jsonType), body, nil, always); p.step.Reason != want {
				t.Errorf("%s: %s, want %s", body, p.step.Reason, want)
			}
		}
	}
}
