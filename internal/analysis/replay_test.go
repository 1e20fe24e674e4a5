package analysis

import (
	"reflect"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
)

// TestReplayAgreesWithPolicy logs what one configuration decides about callers, and compares what
// Replay says of another one with what that one decides about the same callers.
func TestReplayAgreesWithPolicy(t *testing.T) {
	counts := map[string]int{}
	for n := range *policies / 3 {
		d := throw(2, uint64(n))
		c, logged := d.randomSide(t)
		var next *Side
		for next == nil {
			next, _ = side(d.changed(c)) // nil if it is not valid
		}
		callers, lines := d.logged(t, logged)
		with, err := Replay(next, logged, lines)
		if err != nil {
			t.Fatalf("%v under %s", err, written(c))
		}
		without, err := Replay(next, nil, lines)
		if err != nil {
			t.Fatalf("%v under %s", err, written(c))
		}
		for i, l := range lines {
			who := next.Principal(callers[i])
			flips := next.allowsAll(who, &l) != l.Allowed
			// Without the other configuration, only callers count whom this one knows by the line's names.
			isKnown := who != nil && who.Subject == l.Subject && who.Peer == l.Peer
			for j, f := range []Flip{with[i], without[i]} {
				if (isKnown || j == 0) && (flips && f.Of == None || !flips && f.Of == All || f.Unknown) {
					t.Fatalf("%s flips: %v; Replay says %+v of %+v under %s", callers[i], flips, f, l, written(c))
				}
				counts[f.Of.String()]++
			}
		}
	}
	t.Log(counts)
}

// logged returns callers, and the audit lines of what they ask for.
func (d dice) logged(t *testing.T, s *Side) (callers []*Caller, lines []Logged) {
	for len(lines) < 60 {
		c := d.caller(s)
		who := s.Principal(c)
		if who == nil {
			continue
		}
		l := Logged{Issuer: c.Issuer, Subject: who.Subject, Peer: who.Peer, Signed: c.Signed, Verb: inference.Verb(d.IntN(9))}
		for _, name := range d.some(2, testModels...) {
			l.Models = append(l.Models, model(t, name))
		}
		l.Allowed = s.allowsAll(who, &l)
		callers, lines = append(callers, c), append(lines, l)
	}
	return callers, lines
}

func TestParseLogged(t *testing.T) {
	const line = `[2026-01-01 12:00:00.000][15][info][wasm] modelgate: {"modelgate":"allowed","peer":"dns:a","issuer":"corp","subject":"7",` +
		`"verb":"predict","models":["p/llm/big","a/b@3"],"signed_by":"k","rule":"g","request_id":"1"}`
	l, ok, err := ParseLogged(line + "\n")
	models := []inference.Model{model(t, "p/llm/big"), model(t, "a/b@3")}
	if want := (Logged{"corp", "7", "dns:a", true, inference.Predict, models, true}); err != nil || !ok || !reflect.DeepEqual(l, want) {
		t.Errorf("ParseLogged = %+v, %v, %v", l, ok, err)
	}
	for _, c := range []struct {
		line    string
		ok, bad bool
	}{
		{"[info] something else", false, false},
		{`{"modelgate":"token_expired"}`, false, false},
		{`{"modelgate":"denied","verb":"predict","models":["a/b"],"narrowing":"team"}`, false, false},
		{`{"modelgate":"denied","verb":"predict","models":["a/b"]}`, true, false},
		{`{"modelgate":"denied","shadow":true,"verb":"predict","models":["a/b"]}`, true, false},
		{`{"modelgate":"denied","verb":"run","models":["a/b"]}`, false, true},
		{`{"modelgate":"denied","verb":"predict","models":["A"]}`, false, true},
		{`{"modelgate":"denied","subject":"long…","verb":"predict","models":["a/b"]}`, false, true},
		{`{"modelgate":"denied","verb":"predict","models":["a/b"]`, false, true},
	} {
		if l, ok, err := ParseLogged(c.line); ok != c.ok || (err != nil) != c.bad {
			t.Errorf("ParseLogged(%s) = %+v, %v, %v", c.line, l, ok, err)
		}
	}
}
