package gate_test

import (
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// TestExpectContinue: a client that waits to be asked for its body gets a head that goes on at
// once where the head says where the request goes. The body is held back and read as ever.
func TestExpectContinue(t *testing.T) {
	expects := pair{"expect", "100-continue"}
	g, s := load(t, bodyWorld(t, true))
	token := bearer(t, s, corp(nil))
	for _, c := range []struct {
		name string
		h    *gate.Head
		goes bool
	}{
		{"the service is fixed", head(llm, token, jsonType, expects), true},
		{"in another spelling", head(llm, token, jsonType, pair{"expect", "100-Continue"}), true},
		{"the body says which service", head(v1chat, token, jsonType, expects), false},
		{"no expectation", head(llm, token, jsonType), false},
		{"another expectation", head(llm, token, jsonType, pair{"expect", "200-ok"}), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			x, step := begin(g, c.h)
			if step.Act != gate.Hold || step.Head != c.goes || (step.Edit != nil) != c.goes {
				t.Fatalf("Begin = act %d %s, the head goes on: %v, edit %v, want %v", step.Act, step.Reason, step.Head, step.Edit, c.goes)
			}
			x.DropHead()
			body := `{"model":"open"}`
			if c.h.Pairs[1][1] == "/llm/v1/chat/completions" {
				body = `{"model":"free"}`
			}
			step = x.Body(gate.Env{Now: now, Keys: g.Keys()}, gate.Upstream, []byte(body), true)
			if step.Act != gate.Forward || step.Release != len(body) || (step.Edit == nil) != c.goes {
				t.Errorf("Body = act %d %s releases %d, edit %v", step.Act, step.Reason, step.Release, step.Edit)
			}
		})
	}
	x, _ := begin(g, head(llm, token, jsonType, expects))
	x.DropHead()
	step := x.Body(gate.Env{Now: now, Keys: g.Keys()}, gate.Upstream, []byte(`{"model":"no"}`), true)
	if step.Act != gate.Refuse || step.Reason != reason.Denied || step.Release != 0 {
		t.Errorf("Body of a model that is denied = act %d %s releases %d", step.Act, step.Reason, step.Release)
	}
}
