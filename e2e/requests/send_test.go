package requests

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

func newRand(seed uint64, id int) *rand.Rand { return rand.New(rand.NewPCG(seed, uint64(id))) }

// worker sends over one connection until Envoy closes it, and then over another.
type worker struct {
	*run
	addr  string
	proto rawhttp.Proto
	conn  *rawhttp.Conn
	tally map[string]int
}

// attempts is how often a head is sent at most: once more over a new connection
// where the old one closed without an answer, perhaps for what was sent before.
// Each attempt has a number, by which the upstream tells them apart: during the
// run it cannot be known whether the first one will still arrive.
const attempts = 2

// sent is what both ends know of a head.
type sent struct {
	expected atomic.Pointer[verdict]
	arrived  [attempts]atomic.Int32
	tries    int32 // how often it was sent; of the one worker that sends it
}

func (s *sent) arrivals() (n int32) {
	for i := range s.arrived {
		n += s.arrived[i].Load()
	}
	return n
}

func (w *worker) send(h *head, tokens *tokens) {
	v, s := judge(h, tokens.issued), &w.heads[h.id]
	s.expected.Store(&v)
	fresh := w.conn == nil
	s.tries = 1
	response, err := w.do(h)
	if err != nil && !errors.Is(err, errSlow) && !fresh {
		w.tally["sent again"]++
		s.tries++
		response, err = w.do(h.again())
	}
	line := outcome(response, err)
	w.tally[line]++
	for name, is := range map[string]bool{
		"sent": true, "may pass": v.may, "must pass": v.clean, "must pass, and did": v.clean && line == "passed",
	} {
		if is {
			w.tally[name]++
		}
	}
	switch {
	case v.clean && line != "passed":
		w.find(h.id, "has to arrive, and was answered "+line)
	case line == "passed" && (!v.whole || s.arrivals() == 0): // the upstream counts a request before it answers
		w.find(h.id, "is answered by the upstream")
	case errors.Is(err, errSlow), response.Status >= 500 && response.Status != 501: // a transfer coding that Envoy does not know
		w.find(h.id, "is answered "+line)
	}
}

var errSlow = errors.New("no answer in time")

// do sends a head once, over the connection there is.
func (w *worker) do(h *head) (response rawhttp.Response, err error) {
	ctx, cancel := patience()
	defer cancel()
	if w.conn == nil {
		if w.conn, err = rawhttp.Dial(ctx, w.addr, nil, w.proto); err != nil {
			return response, err
		}
	}
	response, err = w.conn.Do(ctx, h.Request)
	if err != nil || h.last {
		w.conn.Close()
		w.conn = nil
	}
	if ctx.Err() != nil {
		err = errSlow
	}
	return response, err
}

// outcome is one word or two for what a client saw.
func outcome(r rawhttp.Response, err error) string {
	switch grpc := r.Headers.Get("grpc-status"); {
	case errors.Is(err, errSlow):
		return err.Error()
	case err != nil:
		return "closed by the codec"
	case r.Reset:
		return "reset by the codec"
	case r.Headers.Get("x-upstream") != "":
		return "passed"
	case grpc != "":
		return "refused grpc " + grpc
	}
	return fmt.Sprintf("refused %d", r.Status)
}

func (w *worker) merge() {
	if w.conn != nil {
		w.conn.Close()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, n := range w.tally {
		w.run.tally[w.proto][name] += n
	}
}

// began is told of every head at the upstream.
func (r *run) began(a *arrival) {
	id, attempt := a.id()
	if id < 0 || id >= len(r.heads) || attempt >= attempts || r.heads[id].expected.Load() == nil {
		r.findings.Add(1)
		r.t.Errorf("the upstream got what nobody sent: %q %q %q %q", a.broken, a.method, a.path, a.headers)
		return
	}
	if r.heads[id].arrived[attempt].Add(1) > 1 {
		r.find(id, "arrived twice")
	}
	if wrong := r.heads[id].expected.Load().compare(a); len(wrong) > 0 {
		r.find(id, fmt.Sprintf("arrived as %s %s %q: %q", a.method, a.path, a.headers, wrong))
	}
}

// ended is told of every request that the upstream got to its end.
func (r *run) ended(a *arrival) {
	id, _ := a.id()
	if id < 0 || id >= len(r.heads) || r.heads[id].expected.Load() == nil {
		return // began has reported it
	}
	expected := r.heads[id].expected.Load()
	if !expected.whole {
		r.find(id, "arrived whole")
	}
	if wrong := expected.compare(a); len(a.trailers) > 0 && len(wrong) > 0 {
		r.find(id, fmt.Sprintf("arrived with trailers %q: %q", a.trailers, wrong))
	}
}

// checkArrivals looks at each head once nothing can arrive any more. Of a head
// that has to pass only the last attempt may have arrived: the connection of an
// earlier one closed before Envoy read it.
func (r *run) checkArrivals() {
	for id := range r.heads {
		s := &r.heads[id]
		if s.arrivals() > 0 {
			r.tally[id%2]["arrived"]++
		}
		if s.tries > 1 && s.expected.Load().clean && s.arrived[0].Load() > 0 {
			r.find(id, "arrived, and its connection closed without an answer")
		}
	}
}

func (r *run) stats() map[string]uint64 {
	stats, err := r.envoy.Stats()
	if err != nil {
		r.t.Fatal(err)
	}
	return stats
}

var vmCounts = regexp.MustCompile("created|active|reload|vm_count")

// checkStats holds Envoy's own numbers to a gate that had no fault, and to a VM
// that was never started anew.
func (r *run) checkStats(before map[string]uint64) {
	after := r.stats()
	for name, n := range after {
		if strings.HasPrefix(name, "wasm.") && vmCounts.MatchString(name) && n != before[name] {
			r.t.Errorf("%s was %d and is %d", name, before[name], n)
		}
	}
	metrics, err := r.envoy.Metrics()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, name := range []string{"modelgate.requests.internal", "modelgate.requests.not_ready"} {
		if n := metrics[name]; n != 0 {
			r.t.Errorf("%s is %d", name, n)
		}
	}
	if testbed.Host() == testbed.Wasm && after["wasm.envoy.wasm.runtime.v8.created"] == 0 || metrics["modelgate.requests.allowed"] == 0 {
		r.t.Error("Envoy does not count what is looked at here")
	}
}

func (r *run) report(took time.Duration, before, after int) {
	all := map[string]bool{}
	for _, tally := range r.tally {
		for name := range maps.Keys(tally) {
			all[name] = true
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-22s %9s %9s\n", "", "http/1.1", "h2")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%-22s %9d %9d\n", name, r.tally[0][name], r.tally[1][name])
	}
	sent := r.tally[0]["sent"] + r.tally[1]["sent"]
	fmt.Fprintf(&b, "%d heads in %v, %.0f a second; Envoy's memory %d MiB before, %d MiB after",
		sent, took.Round(time.Second), float64(sent)/took.Seconds(), before>>10, after>>10)
	r.t.Log("\n" + b.String())
	if must := r.tally[0]["must pass"] + r.tally[1]["must pass"]; *one < 0 && must < sent/5 {
		r.t.Errorf("only %d of %d heads have to pass: the test shows little", must, sent)
	}
}
