package gate_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// BenchmarkChat decides a request whose body of 4 KiB names the model, of a caller whose token
// was seen before.
func BenchmarkChat(b *testing.B) {
	g, s := load(b, edit.Set(b, bodyWorld(b, true), "/audit", `"refused"`))
	h := head("POST /v1/chat/completions", pair{"content-type", "application/json"}, pair{"accept", "application/json"},
		pair{"user-agent", "bench"}, pair{"x-forwarded-proto", "https"}, pair{"x-forwarded-for", "203.0.113.7"}, bearer(b, s, corp(nil)))
	message := `{"role":"user","content":"` + strings.Repeat(`Which \"model\" may I call?\n`, 9) + `"},`
	body := []byte(`{"model":"open","messages":[` + strings.Repeat(message, 14) + `{"role":"user","content":""}],"stream":false}`)
	env := gate.Env{Now: now, Keys: g.Keys(), Cache: g.NewCache()}
	x := &gate.Exchange{}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		step := x.Begin(g, env, h)
		if step.Act == gate.Hold {
			step = x.Body(env, gate.Upstream, body, true)
		}
		if step.Act != gate.Forward {
			b.Fatal(step.Reason)
		}
	}
}
