package gate_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// TestGrantedMessagesFlow: of a stream the messages before the first that is refused reach the
// server, and nothing after them, however the stream is cut into chunks.
func TestGrantedMessagesFlow(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, holding := range []bool{false, true} {
		g, s := load(t, bodyWorld(t, holding))
		token := bearer(t, s, corp(nil))
		env := gate.Env{Now: now, Keys: g.Keys()}
		for _, c := range []struct {
			name  string
			after string // the granted messages
			want  reason.Reason
		}{
			{"a denied model", frames(t, "1:no"), reason.Denied},
			{"a compressed message", "\x01\x00\x00\x00\x00", reason.BodyEncoded},
			{"no message", "\x00\x00\x00\x00\x03\xff\xff\xff", reason.BodyInvalid},
		} {
			for granted := range 4 {
				flows := frames(t, strings.Fields(strings.Repeat("1:allowed ", granted))...)
				all := flows + c.after + frames(t, "1:allowed")
				for range 50 {
					x, step := g.Begin(env, head(stream, token, grpcType))
					sent, released, again := 0, 0, false
					for step.Act == gate.Hold {
						if again {
							t.Fatalf("%s: a second call after Again holds", c.name)
						}
						released += step.Release
						again = step.Again
						n := min(1+random.IntN(len(all)), len(all)-sent)
						sent += n
						step = x.Body(env, gate.Upstream, []byte(all[sent-n:sent]), false)
					}
					if step.Act != gate.Refuse || step.Reason != c.want || all[:released] != flows {
						t.Fatalf("%s after %d granted, holding %v: act %d %s with %d bytes released, want %s with %d",
							c.name, granted, holding, step.Act, step.Reason, released, c.want, len(flows))
					}
				}
			}
		}
	}
}

// TestRefusedEndReleasesNothing: the end of a stream would go with the messages that are released,
// and a server would take them for the whole of it.
func TestRefusedEndReleasesNothing(t *testing.T) {
	g, s := load(t, bodyWorld(t, false))
	env := gate.Env{Now: now, Keys: g.Keys()}
	x, _ := g.Begin(env, head(stream, bearer(t, s, corp(nil)), grpcType))
	step := x.Body(env, gate.Upstream, []byte(frames(t, "1:allowed", "1:no")), true)
	if step.Act != gate.Refuse || step.Release != 0 || step.Reason != reason.Denied {
		t.Errorf("Body = act %d %s releases %d, want a refusal", step.Act, step.Reason, step.Release)
	}
}
