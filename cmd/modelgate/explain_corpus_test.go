package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/replay"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// severalFile lists the cases in which more than one thing is at fault, and each of them.
const severalFile = "testdata/several_causes.txt"

// TestExplainNamesTheCause: of each refusing case of the examples, explain names the Reason that the
// case expects and a place that is at fault. A change of that place alone lets the request pass, or
// it comes to another cause, which is mended in the same way: then the case is in severalFile.
func TestExplainNamesTheCause(t *testing.T) {
	scenarios, err := corpus.LoadAll("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	refusing, by := 0, map[string]int{}
	var several []string
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			m := newMender(t, s)
			for _, c := range s.Cases {
				if !strings.HasPrefix(c.Want, "allow") && !strings.HasPrefix(c.Want, "2") && c.Reply == nil {
					refusing++
					if causes := m.check(t, c, by); len(causes) > 1 {
						several = append(several, fmt.Sprintf("%s: %s: %s", s.Name, c.Name, strings.Join(causes, "; ")))
					}
				} else {
					m.checkPasses(t, c)
				}
			}
		})
	}
	if refusing < 1400 {
		t.Errorf("%d refusing cases, want those of all examples", refusing)
	}
	t.Logf("%d refusing cases, %d of them with several causes; mended at: %v", refusing, len(several), by)
	text := strings.Join(several, "\n") + "\n"
	if *update {
		if err := os.WriteFile(severalFile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(severalFile); err != nil || string(want) != text {
		t.Errorf("%s differs (%v): write it again with go test ./cmd/modelgate -run TestExplainNamesTheCause -update, and read what changes",
			severalFile, err)
	}
}

// mostCauses bounds the causes of one case.
const mostCauses = 8

// check checks what explain says of a case, and mends it. It returns the causes.
func (m *mender) check(t *testing.T, c corpus.Case, by map[string]int) (causes []string) {
	t.Helper()
	asked, x, step, err := m.ask(c, nil)
	if err != nil {
		t.Errorf("%s: %v", c.Name, err)
		return nil
	}
	if got := corpus.Answered(step.Reason, c.GRPC); got != c.Want {
		t.Errorf("%s: %s, want %s", c.Name, got, c.Want)
		return nil
	}
	if step.Reason != reason.RequestSignatureReplayed { // nonces count once: asked again, the answer is another
		m.checkSteps(t, c, asked, step)
	}
	at := state{c: c}
	for range mostCauses {
		cause := x.Cause()
		causes = append(causes, step.Reason.String()+" at "+placeOf(cause))
		next, ok := m.mend(at, step.Reason, cause, x)
		if !ok {
			t.Errorf("%s: nothing at %q mends %s (%s): %s", c.Name, cause.Place, step.Reason, strings.Join(causes, "; "), cause.Text())
			return causes
		}
		kind := kindOfPlace(cause.Place)
		if next.wide {
			kind += ", with what belongs to it"
		}
		by[kind]++
		if next.passes {
			return causes
		}
		if _, x, step, err = m.ask(next.c, next.changed); err != nil {
			t.Errorf("%s: %v", c.Name, err)
			return causes
		}
		at = next.state
	}
	t.Errorf("%s: %s: too many causes", c.Name, strings.Join(causes, "; "))
	return causes
}

// checkSteps checks that what explain says ends at the step that refuses.
func (m *mender) checkSteps(t *testing.T, c corpus.Case, asked request, step gate.Step) {
	t.Helper()
	d, err := m.decider(nil)
	if err != nil {
		t.Fatal(err)
	}
	alone := *d // with a memory of its own: the nonce has come already
	alone.env.Admit = replay.NewMemory(1).Admit
	e, err := alone.explain(asked)
	if err != nil {
		t.Errorf("%s: %v", c.Name, err)
		return
	}
	last := e.Steps[len(e.Steps)-1]
	if e.Cause == nil || e.Cause.Place == "" || e.Cause.Why == "" || e.Answer.Reason != step.Reason.String() || last.OK {
		t.Errorf("%s: explain says %s\nwant the cause of %s, and a last step that refuses", c.Name, e, step.Reason)
	}
	for _, s := range e.Steps[:len(e.Steps)-1] {
		if !s.OK && s.Step != "grant" && s.Step != "deny" {
			t.Errorf("%s: explain says %s\nbut %s is not the last step", c.Name, e, s.Step)
		}
	}
}

// checkPasses checks what explain says of a case that passes: no step refuses, but that grants may be
// listed which do not cover the caller.
func (m *mender) checkPasses(t *testing.T, c corpus.Case) {
	t.Helper()
	asked, _, step, err := m.ask(c, nil) // its nonce may come again
	if err != nil {
		t.Errorf("%s: %v", c.Name, err)
		return
	}
	if step.Reason.Refuses() || c.Sign != nil { // it is in shadow, or its reply is refused; or its nonce has come now
		return
	}
	d, err := m.decider(nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.explain(asked)
	if err != nil || e.Cause != nil || !e.Steps[len(e.Steps)-1].OK {
		t.Errorf("%s: explain says %s, %v\nwant that it passes", c.Name, e, err)
	}
	for _, s := range e.Steps {
		if !s.OK && s.Step != "grant" {
			t.Errorf("%s: explain says %s\nbut the request passes", c.Name, e)
		}
	}
}
