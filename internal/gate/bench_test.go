package gate_test

import (
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// bench runs requests that are allowed and rewritten, with the headers that a proxy in
// front adds, and so many different tokens. It is the hot path, for a profile.
func bench(b *testing.B, tokens int, env gate.Env) {
	g, s := load(b, edit.Set(b, world, "/audit", `"refused"`))
	heads := make([]*gate.Head, tokens)
	for i := range heads {
		heads[i] = head(askStaff, pair{"content-type", "application/json"}, pair{"accept", "application/json"},
			pair{"user-agent", "bench"}, pair{"x-forwarded-proto", "https"}, pair{"x-forwarded-for", "203.0.113.7"},
			pair{"x-request-id", "5ab4c1c2-7f3b-4f0e-8d6a-1f2e3d4c5b6a"}, pair{"content-length", "60"},
			pair{"x-goog-iap-jwt-assertion", mint(b, s, iap(claims{"email": "ana@example.com"}))})
	}
	env.Now, env.Keys, env.Cache = now, g.Keys(), g.NewCache()
	x := &gate.Exchange{}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if step := x.Begin(g, env, heads[i%tokens]); step.Act != gate.Forward {
			b.Fatal(step.Reason)
		}
	}
}

func BenchmarkBegin(b *testing.B) { bench(b, 1, gate.Env{}) }

// BenchmarkBeginFresh has tokens that were not seen before, or have been evicted. The host
// verifies their signatures.
func BenchmarkBeginFresh(b *testing.B) {
	bench(b, 10_000, gate.Env{Verify: func(*authn.Key, string, string) (ok, done bool) { return true, true }})
}
