package gate_test

import (
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/attack"
)

// attacks returns all cases of package attack, and a gate that has their configuration.
func attacks(t testing.TB) (*gate.Gate, gate.Env, []attack.Case) {
	t.Helper()
	at := time.Now()
	w, err := attack.NewWorld(at)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gate.New(w.Config, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g, gate.Env{Now: at, Keys: g.Keys(), Cache: g.NewCache()}, w.Cases()
}

// decideAttack decides a request as the filter does: its body comes in chunks.
func decideAttack(x *gate.Exchange, g *gate.Gate, env gate.Env, r attack.Request, head *gate.Head) gate.Step {
	step := x.Begin(g, env, head)
	size := 16 << 10
	if r.Frame > 0 {
		size = r.Frame
	}
	for body := r.Body; step.Act == gate.Hold; {
		chunk := body[:min(len(body), size)]
		body = body[len(chunk):]
		step = x.Body(env, gate.Upstream, chunk, len(body) == 0)
	}
	return step
}

func attackHead(r attack.Request) *gate.Head {
	return &gate.Head{Pairs: r.Pairs(), End: r.Body == nil}
}

// TestAttacks: each attack is one. No caller is let in without a credential, and what it
// is compared with is allowed.
func TestAttacks(t *testing.T) {
	g, env, cases := attacks(t)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			attack, honest := c.Attack(), c.Honest()
			why := decideAttack(&gate.Exchange{}, g, env, attack, attackHead(attack)).Reason
			t.Logf("%s, %d bytes", why, attack.Size())
			if why == reason.Allowed && !c.Known || why == reason.Internal {
				t.Errorf("%s, want a refusal", why)
			}
			if why := decideAttack(&gate.Exchange{}, g, env, honest, attackHead(honest)).Reason; why != reason.Allowed {
				t.Errorf("the honest request: %s, want allowed", why)
			}
			if a, b := attack.Size(), honest.Size(); attack.Frame == 0 && (a > b*11/10+200 || b > a*11/10+2000) {
				t.Errorf("the attack has %d bytes and the honest request %d, want about the same", a, b)
			}
		})
	}
}

// BenchmarkAttacks measures each attack and the honest request beside it natively.
func BenchmarkAttacks(b *testing.B) {
	g, env, cases := attacks(b)
	env.Verify = func(*authn.Key, string, string) (ok, done bool) { return true, true }
	for _, c := range cases {
		for name, next := range map[string]func() attack.Request{"attack": c.Attack, "honest": c.Honest} {
			b.Run(c.Name+"/"+name, func(b *testing.B) {
				x := &gate.Exchange{}
				requests, heads := make([]attack.Request, 64), make([]*gate.Head, 64)
				for i := range requests {
					requests[i] = next()
					heads[i] = attackHead(requests[i])
				}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					at := i % len(requests)
					if at == 0 { // a token that is not in the cache stays so
						env.Cache = g.NewCache()
						for range 3 {
							decideAttack(x, g, env, requests[0], heads[0])
						}
					}
					decideAttack(x, g, env, requests[at], heads[at])
				}
			})
		}
	}
}
