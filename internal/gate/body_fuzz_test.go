package gate_test

import (
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// FuzzBody cuts any body in two: the answer is that of the whole, and nothing
// that a server could act on goes before a refusal.
func FuzzBody(f *testing.F) {
	type way struct {
		g     *gate.Gate
		token pair
	}
	var ways []way
	for _, host := range []string{holding, ""} {
		g, s := load(f, bodies(host))
		ways = append(ways, way{g, pair{"authorization", "Bearer " + mint(f, s, corp(nil))}})
	}
	lines := []string{llm, infer, stream, reload, tf, v1chat}
	f.Fuzz(func(t *testing.T, body string, which, cut uint8) {
		line := lines[int(which)%len(lines)]
		mediaType := grpcType
		if line == llm || line == v1chat {
			mediaType = jsonType
		}
		at := min(int(cut), len(body))
		for _, w := range ways {
			h := head(line, w.token, mediaType)
			whole := pump(t, w.g, h, body, nil, always)
			p := pump(t, w.g, h, body, []int{at}, always)
			// Of two things wrong with a body the first that is seen is told.
			if p.step.Act != whole.step.Act || p.step.Reason != whole.step.Reason && p.step.Act == gate.Forward {
				t.Errorf("%s %q cut at %d: %s, whole: %s", line, body, at, p.step.Reason, whole.step.Reason)
			}
			if p.step.Act != gate.Forward && line != stream && complete(body[:p.sent]) {
				t.Errorf("%s %q cut at %d: %s after %d bytes", line, body, at, p.step.Reason, p.sent)
			}
			if p.step.Act == gate.Forward && (p.sent != len(body) || p.step.Reason != reason.Allowed && p.step.Reason != reason.GrantMissing) {
				t.Errorf("%s %q cut at %d: %s, %d bytes sent", line, body, at, p.step.Reason, p.sent)
			}
		}
	})
}
