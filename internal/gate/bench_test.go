package gate_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/gatetest"
)

// BenchmarkBegin is an allowed and rewritten request whose token was seen before,
// with the headers that a proxy in front adds: what to profile for the hot path.
func BenchmarkBegin(b *testing.B) {
	g, s := load(b, strings.Replace(world, `"audit": "all"`, `"audit": "refused"`, 1))
	h := head(askStaff, pair{"content-type", "application/json"}, pair{"accept", "application/json"},
		pair{"user-agent", "bench"}, pair{"x-forwarded-proto", "https"}, pair{"x-forwarded-for", "203.0.113.7"},
		pair{"x-request-id", "5ab4c1c2-7f3b-4f0e-8d6a-1f2e3d4c5b6a"}, pair{"content-length", "60"},
		pair{"x-goog-iap-jwt-assertion", mint(b, s, gatetest.Token{Issuer: "iap", Claims: map[string]any{"email": "ana@example.com"}})})
	env := gate.Env{Now: now, Keys: g.Keys(), Cache: g.NewCache()}
	b.ReportAllocs()
	for b.Loop() {
		if _, step := g.Begin(env, h); step.Act != gate.Forward {
			b.Fatal(step.Reason)
		}
	}
}
