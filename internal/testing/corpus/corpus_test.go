package corpus

import (
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/replay"
)

// TestCorpusNative runs every case through the gate in this process. A case is the
// subtest TestCorpusNative/EXAMPLE/NAME.
func TestCorpusNative(t *testing.T) {
	scenarios, err := LoadAll("../../../examples")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, s := range scenarios {
		total += len(s.Cases)
		t.Run(s.Name, func(t *testing.T) {
			g, err := gate.New(s.Config, s.Secret)
			if err != nil {
				t.Fatal(err)
			}
			env := gate.Env{Now: time.Now(), Keys: g.Keys(), Cache: g.NewCache()}
			if pages := g.NoncePages(); pages > 0 {
				env.Admit = replay.NewMemory(pages).Admit
			}
			for _, c := range s.Cases {
				t.Run(c.Name, func(t *testing.T) { checkNative(t, s, c, g, env) })
			}
		})
	}
	if total < 100 {
		t.Errorf("the corpus has %d cases, want at least 100", total)
	}
	t.Logf("%d cases", total)
}

// checkNative runs one case without a cache, and three times with one: the request is
// new, then its token was seen before, and then the decision is cached. A request that is
// signed is made anew each time.
func checkNative(t *testing.T, s *Scenario, c Case, g *gate.Gate, env gate.Env) {
	r, err := s.Request(c, env.Now)
	for i, cache := range []*gate.Cache{nil, env.Cache, env.Cache, env.Cache} {
		if i > 0 && c.usesNonce() {
			break
		}
		if i > 0 && c.Sign != nil {
			r, err = s.Request(c, env.Now)
		}
		if err != nil {
			t.Fatal(err)
		}
		env.Cache = cache
		if err := c.Check(r, Native(g, env, r), Elsewhere); err != nil {
			t.Error(err)
		}
	}
	if c.Sign != nil {
		return
	}
	if got := counter(g, r, env.Now); got != c.Counter(Elsewhere) && len(c.Trailers) == 0 && c.Reply == nil {
		t.Errorf("it counts as %s, want %s", got, c.Counter(Elsewhere))
	}
}

// counter is what a request's head counts under.
func counter(g *gate.Gate, r Request, now time.Time) string {
	_, step := g.DecideRequest(gate.Env{Now: now, Keys: g.Keys()}, r.Head(), []byte(r.Body), nil)
	if step.Act == gate.Forward && step.Reason.Refuses() {
		return "shadow." + step.Reason.String()
	}
	return step.Reason.String()
}
