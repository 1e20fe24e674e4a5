package gate_test

import (
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// FuzzBody cuts any body in two. The answer is the same as for the whole, and nothing that
// a server could act on is forwarded before a refusal.
func FuzzBody(f *testing.F) {
	type setting struct {
		g     *gate.Gate
		token pair
	}
	var settings []setting
	for _, holding := range []bool{true, false} {
		g, s := load(f, bodyWorld(f, holding))
		settings = append(settings, setting{g, bearer(f, s, corp(nil))})
	}
	lines := []string{llm, infer, stream, reload, tf, v1chat, transcribe}
	f.Fuzz(func(t *testing.T, body string, which, cut uint8) {
		line := lines[int(which)%len(lines)]
		contentType := grpcType
		switch line {
		case llm, v1chat:
			contentType = jsonType
		case transcribe:
			contentType = formType
		}
		at := min(int(cut), len(body))
		for _, s := range settings {
			h := head(line, s.token, contentType)
			whole := pump(t, s.g, h, body, nil, always)
			p := pump(t, s.g, h, body, []int{at}, always)
			// If a body has two faults, the answer is the one that is found first.
			if p.step.Act != whole.step.Act || p.step.Reason != whole.step.Reason && p.step.Act == gate.Forward {
				t.Errorf("%s %q cut at %d = %s, want %s as of the whole", line, body, at, p.step.Reason, whole.step.Reason)
			}
			if p.step.Act != gate.Forward && line != stream && complete(body[:p.sent]) {
				t.Errorf("%s %q cut at %d = %s, and a whole message of %d bytes is forwarded", line, body, at, p.step.Reason, p.sent)
			}
			passes := p.step.Reason == reason.Allowed || p.step.Reason == reason.GrantMissing // in shadow
			if p.step.Act == gate.Forward && (p.sent != len(body) || !passes) {
				t.Errorf("%s %q cut at %d = %s, and %d bytes are forwarded", line, body, at, p.step.Reason, p.sent)
			}
		}
	})
}
