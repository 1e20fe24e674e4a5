package corpus

import (
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
)

// TestCorpusNative runs every case through the gate in this process.
func TestCorpusNative(t *testing.T) {
	scenarios, err := LoadAll("../../../examples")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, s := range scenarios {
		g, err := gate.New(s.Config, s.Secret)
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		now, cache := time.Now(), g.NewCache()
		for _, c := range s.Cases {
			total++
			r, err := s.Request(c, now)
			if err != nil {
				t.Fatal(err)
			}
			for _, memory := range []*gate.Cache{nil, cache, cache, cache} { // anew, first seen, seen before, and so asked before
				env := gate.Env{Now: now, Keys: g.Keys(), Cache: memory}
				if err := c.Check(r, Native(g, env, r), Elsewhere); err != nil {
					t.Errorf("%s: %v", s.Name, err)
				}
			}
			if got := counter(g, r, now); got != c.Counter(Elsewhere) && len(c.Trailers) == 0 && c.Reply == nil {
				t.Errorf("%s: %s: counts as %s, want %s", s.Name, c.Name, got, c.Counter(Elsewhere))
			}
		}
	}
	if total < 100 {
		t.Errorf("the corpus has %d cases, want at least 100", total)
	}
	t.Logf("%d cases", total)
}

// counter is what a request's head counts under.
func counter(g *gate.Gate, r Request, now time.Time) string {
	_, step := g.DecideRequest(gate.Env{Now: now, Keys: g.Keys()}, r.Head(), []byte(r.Body), nil)
	if step.Act == gate.Forward && step.Reason.Refuses() {
		return "shadow." + step.Reason.String()
	}
	return step.Reason.String()
}
