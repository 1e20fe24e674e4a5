package gate_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// bench runs allowed and rewritten requests, with the headers that a proxy in front
// adds, of as many different tokens: what to profile for the hot path.
func bench(b *testing.B, tokens int, env gate.Env) {
	g, s := load(b, strings.Replace(world, `"audit": "all"`, `"audit": "refused"`, 1))
	heads := make([]*gate.Head, tokens)
	for i := range heads {
		heads[i] = head(askStaff, pair{"content-type", "application/json"}, pair{"accept", "application/json"},
			pair{"user-agent", "bench"}, pair{"x-forwarded-proto", "https"}, pair{"x-forwarded-for", "203.0.113.7"},
			pair{"x-request-id", "5ab4c1c2-7f3b-4f0e-8d6a-1f2e3d4c5b6a"}, pair{"content-length", "60"},
			pair{"x-goog-iap-jwt-assertion", mint(b, s, corpus.Token{Issuer: "iap", Claims: map[string]any{"email": "ana@example.com"}})})
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

// BenchmarkBeginFresh has tokens that were not seen before, or have been forgotten.
// Their signatures are somebody else's to verify.
func BenchmarkBeginFresh(b *testing.B) {
	bench(b, 10_000, gate.Env{Verify: func(*authn.Key, string, string) (ok, done bool) { return true, true }})
}
