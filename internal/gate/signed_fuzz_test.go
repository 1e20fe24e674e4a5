package gate_test

import (
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/replay"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// FuzzSignedBody changes a signed body, and sends it in pieces. It passes if it is the one
// that was signed, and its end reaches the server in no other case.
func FuzzSignedBody(f *testing.F) {
	g, s := signedWorld(f)
	env := gate.Env{Now: now, Keys: g.Keys(), Admit: func(replay.ID, time.Time, time.Time) replay.Verdict { return replay.Fresh }}
	f.Add("{}", "{}", uint16(1))
	f.Add(`{"instances": []}`, `{"instances": [1]}`, uint16(5))
	f.Add(string(make([]byte, 70_000)), string(make([]byte, 70_001)), uint16(16384))
	f.Fuzz(func(t *testing.T, signed, sent string, piece uint16) {
		if signed == "" || sent == "" {
			return
		}
		r := requestOf(t, s, signedCase(sent, corpus.Sign{Signed: &corpus.Signed{Body: &signed}}))
		early, all, step := flow(g, env, r, int(piece)+1)
		want := reason.DigestMismatch
		if sent == signed {
			want = reason.Allowed
		}
		if step.Reason != want || want == reason.Allowed && all != sent || want != reason.Allowed && all != early ||
			len(early) > max(0, len(sent)-32<<10) {
			t.Errorf("%s, want %s; %d of %d bytes reach the server, %d before the end", step.Reason, want, len(all), len(sent), len(early))
		}
	})
}
