package corpus

import (
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
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
			now, cache := time.Now(), g.NewCache()
			for _, c := range s.Cases {
				t.Run(c.Name, func(t *testing.T) { checkNative(t, s, c, g, cache, now) })
			}
		})
	}
	if total < 100 {
		t.Errorf("the corpus has %d cases, want at least 100", total)
	}
	t.Logf("%d cases", total)
}

// checkNative runs one case without a cache, and three times with one: the request is
// new, then its token was seen before, and then the decision is cached.
func checkNative(t *testing.T, s *Scenario, c Case, g *gate.Gate, cache *gate.Cache, now time.Time) {
	r, err := s.Request(c, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, cache := range []*gate.Cache{nil, cache, cache, cache} {
		env := gate.Env{Now: now, Keys: g.Keys(), Cache: cache}
		if err := c.Check(r, Native(g, env, r), Elsewhere); err != nil {
			t.Error(err)
		}
	}
	if got := counter(g, r, now); got != c.Counter(Elsewhere) && len(c.Trailers) == 0 && c.Reply == nil {
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
