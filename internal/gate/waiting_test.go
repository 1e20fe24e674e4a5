package gate_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// The bodies of requests that wait: one of each kind.
const (
	askBody  = "POST /v1/chat/completions"
	openBody = `{"model":"open","messages":[]}`
)

// longHead is a head of 54 kB, as long as Envoy takes.
func longHead(line string, more ...pair) *gate.Head {
	for range 18 {
		more = append(more, pair{"x-pad", strings.Repeat("x", 3000)})
	}
	return head(line, more...)
}

// TestNothingOfAHeadIsKept: a request whose body is to come holds what the gate needs, and
// not its head. A request that waits for a key holds its head.
func TestNothingOfAHeadIsKept(t *testing.T) {
	const few, all = 6 << 10, 54_000
	for _, holding := range []bool{true, false} {
		g, s := load(t, bodyWorld(t, holding))
		token := bearer(t, s, corp(nil))
		remote, _, rs := published(t, "https")
		for _, c := range []struct {
			name        string
			g           *gate.Gate
			h           *gate.Head
			act         gate.Act
			least, most int
		}{
			{"a body", g, longHead("POST /llm/v1/chat/completions", token, jsonType), gate.Hold, 1 << 10, few},
			{"a list", g, longHead(listModels, token), gate.Forward, 1 << 10, few},
			{"no body and no list", g, longHead(askStaff, token), gate.Forward, 0, 0},
			{"a refusal", g, longHead(askStaff), gate.Refuse, 0, 0},
			{"a key", remote, longHead(askStaff, bearer(t, rs, corp(nil))), gate.AwaitKeys, all, all + 10<<10},
		} {
			t.Run(fmt.Sprintf("%s, holding %v", c.name, holding), func(t *testing.T) {
				var w gate.Waiting
				x, step := c.g.Begin(gate.Env{Now: now, Keys: c.g.Keys(), Waiting: &w, WaitPolicy: keys.MayWait}, c.h)
				if got := w.Bytes(); step.Act != c.act || got < c.least || got > c.most {
					t.Errorf("Begin() = act %v, %s, and holds %d bytes; want act %v and %d to %d bytes",
						step.Act, step.Reason, got, c.act, c.least, c.most)
				}
				if x.End(); w.Bytes() != 0 {
					t.Errorf("after End() %d bytes are held, want 0", w.Bytes())
				}
			})
		}
	}
}

// TestWaitingIsMeasured: what is counted is at least what the heap has for it.
func TestWaitingIsMeasured(t *testing.T) {
	g, s := load(t, bodyWorld(t, true))
	remote, _, rs := published(t, "https")
	manyNames := `{"a":` + strings.Repeat(" ", 10)
	for i := range 1000 {
		manyNames = strings.Replace(manyNames, `{`, `{"name-`+strconv.Itoa(i)+`":1,`, 1)
	}
	list := longHead(listModels, bearer(t, s, corp(nil)))
	for _, c := range []struct {
		name string
		g    *gate.Gate
		h    *gate.Head
		body string
		n    int
	}{
		{"a body that has not begun", g, longHead(askBody, bearer(t, s, corp(nil)), jsonType), "", 2000},
		{"a body with many names", g, longHead(askBody, bearer(t, s, corp(nil)), jsonType), manyNames, 200},
		{"a caller with many groups", g, head(askBody, bearer(t, s, corp(claims{"groups": make([]string, 2500)})), jsonType), "", 500},
		{"many headers to remove", g, head(askBody, append(manyUnsafe(), bearer(t, s, corp(nil)), jsonType)...), "", 1000},
		{"a list", g, list, "", 2000},
		{"a key", remote, longHead(askStaff, bearer(t, rs, corp(nil))), "", 300},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w gate.Waiting
			env := gate.Env{Now: now, Keys: c.g.Keys(), Waiting: &w, WaitPolicy: keys.MayWait}
			all := make([]*gate.Exchange, c.n)
			before := heap()
			for i := range all {
				h := *c.h
				h.Pairs = copyPairs(h.Pairs) // what a host gives is its own
				x, step := c.g.Begin(env, &h)
				if step.Act != gate.Hold && step.Act != gate.AwaitKeys && !x.NeedsResponse() {
					t.Fatalf("Begin() = %v %s, want it to wait", step.Act, step.Reason)
				}
				if c.body != "" {
					if step = x.Body(env, gate.Upstream, []byte(c.body), false); step.Act != gate.Hold {
						t.Fatalf("Body() = %v %s, want it held", step.Act, step.Reason)
					}
				}
				x.DropHead()
				all[i] = x
			}
			used, counted := heap()-before, w.Bytes()
			t.Logf("%d requests take %d bytes each, and count %d", c.n, used/c.n, counted/c.n)
			if used > counted {
				t.Errorf("%d requests take %d bytes, and only %d are counted", c.n, used, counted)
			}
			for _, x := range all {
				x.End()
			}
			if w.Bytes() != 0 {
				t.Errorf("%d bytes are held by nobody", w.Bytes())
			}
		})
	}
}

// heap returns the bytes that are in use.
func heap() int {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func copyPairs(pairs []pair) (copied []pair) {
	for _, p := range pairs {
		copied = append(copied, pair{strings.Clone(p[0]), strings.Clone(p[1])})
	}
	return copied
}

// manyUnsafe are headers that must not reach the upstream.
func manyUnsafe() (pairs []pair) {
	for i := range 90 {
		pairs = append(pairs, pair{"x_gate_caller", strconv.Itoa(i)})
	}
	return pairs
}

// TestOverloaded: what exceeds the limit is refused, and nothing else. The last quarter of
// the limit is for requests that hold little.
func TestOverloaded(t *testing.T) {
	g, s := load(t, edit.Set(t, bodyWorld(t, true), "/limits", `{"waitingMiB": 1}`))
	var w gate.Waiting
	env := gate.Env{Now: now, Keys: g.Keys(), Waiting: &w}
	token := bearer(t, s, corp(nil))
	begin := func() *gate.Exchange {
		t.Helper()
		x, step := g.Begin(env, head(askBody, token, jsonType))
		if step.Act != gate.Hold {
			t.Fatalf("Begin() = %v %s with %d bytes held, want it to wait", step.Act, step.Reason, w.Bytes())
		}
		return x
	}
	large, small := begin(), begin()
	if _, ok := large.HostHolds(700 << 10); !ok {
		t.Fatal("700 KiB are too much, want them held")
	}
	if _, ok := small.HostHolds(40 << 10); !ok {
		t.Error("40 KiB beside 700 KiB are too much, want them held")
	}
	step, ok := large.HostHolds(800 << 10)
	if retry := (pair{"retry-after", "10"}); ok || step.Reason != reason.Overloaded || step.Act != gate.Refuse ||
		step.Reply.Status != 503 || step.Reply.GRPC != 14 || step.Reply.Headers[len(step.Reply.Headers)-1] != retry {
		t.Errorf("HostHolds(800 KiB) = %+v, %v, want 503 overloaded with %v", step, ok, retry)
	}
	if got := w.Bytes(); got > 60<<10 || got < 40<<10 {
		t.Errorf("%d bytes are held when the large request is gone, want a little more than 40 KiB", got)
	}
	if small.End(); w.Bytes() != 0 {
		t.Errorf("%d bytes are held by nobody", w.Bytes())
	}
	var waiting []*gate.Exchange
	for {
		x, step := g.Begin(env, head(askBody, token, jsonType))
		if step.Act != gate.Hold {
			if step.Reason != reason.Overloaded || len(waiting) < 100 || w.Bytes() > 1<<20 {
				t.Errorf("request %d: %s with %d bytes held, want overloaded near 1 MiB", len(waiting), step.Reason, w.Bytes())
			}
			break
		}
		waiting = append(waiting, x)
	}
	if _, step := g.Begin(env, head(askStaff, token)); step.Reason != reason.Allowed {
		t.Errorf("a request that does not wait: %s, want allowed", step.Reason)
	}
	if step := waiting[0].Body(env, gate.Upstream, []byte(openBody), true); step.Reason != reason.Allowed {
		t.Errorf("a request that waits already: %s, want allowed", step.Reason)
	}
	begin().End()
}

// TestWaitingReturnsToZero runs random sequences of requests that wait at the same time.
// Whatever becomes of them, nothing is held in the end, and never more than the limit.
func TestWaitingReturnsToZero(t *testing.T) {
	for i := range 4 {
		holding, waitForKeys := i%2 == 0, i/2 == 0
		t.Run(fmt.Sprintf("holding %v, keys %v", holding, waitForKeys), func(t *testing.T) {
			g, s := load(t, edit.Set(t, bodyWorld(t, holding), "/limits", `{"waitingMiB": 1}`))
			remote, document, rs := published(t, "https")
			withKeys := remote.Keys().With(remote.Remotes()[0], document)
			token, remoteToken := bearer(t, s, corp(nil)), bearer(t, rs, corp(nil))
			random := rand.New(rand.NewPCG(1, 2))
			var w gate.Waiting
			outcomes, most := map[string]int{}, 0
			live := map[*gate.Exchange]*gate.Gate{}
			free := []*gate.Exchange{}
			do := func(x *gate.Exchange, step gate.Step) {
				outcomes[fmt.Sprint(step.Act, " ", step.Reason)]++
				x.DropHead()
			}
			for range 20_000 {
				env := gate.Env{Now: now, Keys: g.Keys(), Waiting: &w, WaitPolicy: keys.MayWait}
				if random.IntN(3) == 0 {
					x := &gate.Exchange{}
					if n := len(free); n > 0 && random.IntN(2) == 0 {
						x, free = free[n-1], free[:n-1]
					}
					h, in := pickHead(random, token), g
					if waitForKeys && random.IntN(4) == 0 { // of a gate with the default limit
						h, in, env.Keys = longHead("POST /kfserving/prod/fraud:predict", remoteToken), remote, remote.Keys()
					}
					do(x, x.Begin(in, env, h))
					live[x] = in
				}
				for x, in := range live { // a random one
					env.Keys = in.Keys()
					if in == remote && random.IntN(2) == 0 {
						env.Keys = withKeys
					}
					if act(random, x, env, do); random.IntN(3) == 0 {
						x.End()
						delete(live, x)
						free = append(free, x)
					}
					break
				}
				most = max(most, w.Bytes())
			}
			for x := range live {
				x.End()
			}
			t.Logf("%d bytes at most; %v", most, outcomes)
			if !waitForKeys && (most > 1<<20 || most < 1<<19) {
				t.Errorf("%d bytes are held at most, want nearly 1 MiB", most)
			}
			if w.Bytes() != 0 {
				t.Errorf("%d bytes are held by nobody", w.Bytes())
			}
		})
	}
}

func pickHead(random *rand.Rand, token pair) *gate.Head {
	lines := []string{askBody, askStaff, listModels, "POST /llm/v1/chat/completions", "POST /v2/models/a/infer"}
	h := longHead(lines[random.IntN(len(lines))], token, jsonType)
	h.End = random.IntN(8) == 0
	return h
}

// act does one of the things that can happen to a request.
func act(random *rand.Rand, x *gate.Exchange, env gate.Env, do func(*gate.Exchange, gate.Step)) {
	switch random.IntN(7) {
	case 0:
		do(x, x.Resume(env))
	case 1:
		do(x, x.Body(env, gate.Upstream, []byte(`{"model":"open",`), false))
	case 2:
		do(x, x.Body(env, gate.Upstream, []byte(openBody), true))
	case 3:
		if step, ok := x.HostHolds(random.IntN(200_000)); !ok {
			do(x, step)
		}
	case 4:
		do(x, x.Respond(env, replyOf("200"), false))
	case 5:
		do(x, x.Body(env, gate.Downstream, []byte(listReply), random.IntN(2) == 0))
	case 6:
		do(x, x.Trailers(env, gate.Upstream, []pair{{"x-sum", "1"}}))
	}
}
