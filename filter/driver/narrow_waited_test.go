package driver_test

import (
	"os"
	"testing"

	"github.com/modelgate/modelgate/filter/driver"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// waited sends a request with a body, all of which has come before the key that it waits for, by a
// route with a narrowing. It returns what becomes of the request.
func waited(t *testing.T, holding bool, d *gate.NarrowingDocument) string {
	t.Helper()
	host, issuer := newProcess(), &publisher{}
	host.answer = issuer.answer
	if err := issuer.rotate(0); err != nil {
		t.Fatal(err)
	}
	config := edit.Set(t, stressConfig, "/routes/0", `{"protocol": "openai", "service": "prod/llm", "base": "/llm/v1"}`)
	if holding {
		config = edit.Set(t, config, "/host", `{"holdHeaders": true}`)
	}
	p := newPlugin(t, host, config, os.LookupEnv)
	side := newRequest(corpus.Request{
		Method: "POST", Path: "/llm/v1/chat/completions", Authority: "models.example.com",
		Headers: [][2]string{{"authorization", "Bearer " + issuer.token(0)}, {"content-type", "application/json"}},
	})
	side.bodies[driver.RequestBody] = []byte(`{"model": "b", "messages": []}`)
	s := p.NewWorker(driver.NewThread(host), nil).NewStream(0, side)
	defer s.End()
	s.AwaitRoute()
	if a := s.RequestHeaders(false); a != driver.Pause || side.answered != nil {
		t.Fatalf("action %d, reply %v, want that the request waits for a key", a, side.answered)
	}
	if a := s.RequestBody(len(side.bodies[driver.RequestBody]), true); a != driver.Pause {
		t.Fatalf("action %d for the body of a request that waits", a)
	}
	p.Tick()
	host.finishFetches()
	p.Tick()
	a := s.Wake(<-side.woken)
	if a == driver.Forward {
		a = s.Narrow(d)
	}
	return side.became(a)
}

// TestNarrowWaited: the narrowing is asked about a request that has waited for a key, and whose
// body has come meanwhile.
func TestNarrowWaited(t *testing.T) {
	for doc, want := range map[string]string{
		open: "forward", closed: "modelgate_denied",
		`{"version": 1, "name": "model", "denies": [{"name": "no-b", "models": ["prod/llm/b"]}]}`: "modelgate_denied",
		`{"version": 1, "name": "model", "denies": [{"name": "no-a", "models": ["prod/llm/a"]}]}`: "forward",
	} {
		for _, holding := range []bool{false, true} {
			if got := waited(t, holding, document(t, doc)); got != want {
				t.Errorf("holding %v, %s: %s, want %s", holding, doc, got, want)
			}
		}
	}
}
