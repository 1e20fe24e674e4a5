package driver_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelgate/modelgate/filter/driver"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// threads is how many threads share a plugin, as the workers of a proxy do.
const threads = 4

// TestCorpusOnManyThreads: one plugin decides every case on four threads at once, three times,
// as each thread alone would. The race detector finds here what the threads must not share.
func TestCorpusOnManyThreads(t *testing.T) {
	scenarios, err := corpus.LoadAll("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			host := newProcess()
			p := newPlugin(t, host, s.Config, s.Secret)
			var all sync.WaitGroup
			for range threads {
				all.Go(func() { runCases(t, s, p.NewWorker(driver.NewThread(host), nil)) })
			}
			all.Wait()
			if n := host.metric("modelgate.waiting_bytes"); n != 0 {
				t.Errorf("requests that have ended hold %d bytes, want none", n)
			}
			for _, line := range host.lines {
				t.Errorf("the log has %q", line)
			}
		})
	}
}

func newPlugin(t *testing.T, host *process, config string, secret func(string) (string, bool)) *driver.Plugin {
	t.Helper()
	g := newGate(t, config, secret)
	m, err := driver.DefineMetrics(host)
	if err != nil {
		t.Fatal(err)
	}
	p, err := driver.NewPlugin(host, m, g)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newGate(t *testing.T, config string, secret func(string) (string, bool)) *gate.Gate {
	t.Helper()
	g, err := gate.New(config, secret)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// inTurn is held while a thread runs the cases of a scenario with signatures: some send the
// nonce of the case before them once more. signing is held while a case is made.
var inTurn, signing sync.Mutex

func runCases(t *testing.T, s *corpus.Scenario, w *driver.Worker) {
	now := time.Now()
	if strings.Contains(s.Config, `"signatures"`) {
		inTurn.Lock()
		defer inTurn.Unlock()
	}
	for range 3 {
		for _, c := range s.Cases {
			signing.Lock()
			r, err := s.Request(c, now)
			signing.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			if err := c.Check(r, send(w, r), corpus.Elsewhere); err != nil {
				t.Error(err)
			}
		}
	}
}

// send runs one request and its response to their end.
func send(w *driver.Worker, r corpus.Request) corpus.Outcome {
	side := newRequest(r)
	s := w.NewStream(0, side)
	defer s.End()
	a := s.RequestHeaders(r.Head().End)
	if side.answered == nil && r.Body != "" {
		side.bodies[driver.RequestBody] = []byte(r.Body)
		a = s.RequestBody(len(r.Body), len(r.Trailers) == 0)
	}
	if side.answered == nil && len(r.Trailers) > 0 {
		a = s.RequestTrailers()
	}
	if side.answered == nil && a == driver.Forward {
		a = respond(s, side)
	}
	switch reply := side.answered; {
	case reply == nil && a == driver.Forward:
		o := corpus.Sent(side.pairs)
		o.Reply = string(side.bodies[driver.ResponseBody])
		return o
	case reply == nil:
		return corpus.Outcome{Line: "held"}
	case a == driver.Forward:
		return corpus.Outcome{Line: "answered and forwarded"}
	case r.GRPC:
		return corpus.Outcome{Line: fmt.Sprintf("grpc %d %s", reply.GRPC, reply.Body), Challenge: corpus.ChallengeOf(reply.Headers)}
	default:
		return corpus.Outcome{Line: corpus.RefusedReply(reply.Status, reply.Body), Challenge: corpus.ChallengeOf(reply.Headers)}
	}
}

// respond hands the upstream's response in, if the case has one.
func respond(s *driver.Stream, side *request) driver.Action {
	if side.Request.Reply == "" {
		return driver.Forward
	}
	a := s.ResponseHeaders(false)
	side.bodies[driver.ResponseBody] = []byte(side.Request.Reply)
	if side.answered == nil {
		a = s.ResponseBody(len(side.Request.Reply), true)
	}
	return a
}
