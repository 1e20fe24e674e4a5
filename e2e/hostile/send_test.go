package hostile

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
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

func (w *worker) send(h *head) {
	v := judge(h, w.tokens.Load().issued)
	w.expected[h.id].Store(&v)
	fresh := w.conn == nil
	response, err := w.do(h)
	if err != nil && !fresh && w.arrived[h.id].Load() == 0 { // perhaps for what was sent before
		w.tally["sent again"]++
		response, err = w.do(h)
	}
	line := outcome(response, err)
	w.tally[line]++
	w.tally["sent"]++
	arrived := w.arrived[h.id].Load() > 0
	for name, is := range map[string]bool{"may pass": v.may, "arrived": arrived, "must pass": v.clean, "must pass, and did": v.clean && line == "passed"} {
		if is {
			w.tally[name]++
		}
	}
	switch {
	case v.clean && line != "passed":
		w.find(h.id, "has to arrive, and was answered "+line)
	case line == "passed" && (!v.whole || !arrived):
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
	id := a.id()
	if id < 0 || id >= len(r.expected) || r.expected[id].Load() == nil {
		r.findings.Add(1)
		r.t.Errorf("the upstream got what nobody sent: %q %q %q %q", a.broken, a.method, a.path, a.headers)
		return
	}
	if r.arrived[id].Add(1) > 1 {
		r.find(id, "arrived twice")
	}
	if wrong := r.expected[id].Load().compare(a); len(wrong) > 0 {
		r.find(id, fmt.Sprintf("arrived as %s %s %q: %q", a.method, a.path, a.headers, wrong))
	}
}

// ended is told of every request that the upstream got to its end.
func (r *run) ended(a *arrival) {
	id := a.id()
	if !r.expected[id].Load().whole {
		r.find(id, "arrived whole")
	}
	if wrong := r.expected[id].Load().compare(a); len(a.trailers) > 0 && len(wrong) > 0 {
		r.find(id, fmt.Sprintf("arrived with trailers %q: %q", a.trailers, wrong))
	}
}

func (r *run) stats() map[string]uint64 {
	stats, err := r.envoy.Stats()
	if err != nil {
		r.t.Fatal(err)
	}
	return stats
}

// checkStats holds Envoy's own numbers to a gate that had no fault, and to a VM
// that was never started anew.
func (r *run) checkStats(before map[string]uint64) {
	after := r.stats()
	for name, n := range after {
		fault := name == "wasmcustom.modelgate.internal" || name == "wasmcustom.modelgate.not_ready"
		restart := strings.HasPrefix(name, "wasm.") && (strings.Contains(name, "created") || strings.Contains(name, "active") || strings.Contains(name, "reload") || strings.Contains(name, "vm_count"))
		if fault && n != 0 || restart && n != before[name] {
			r.t.Errorf("%s was %d and is %d", name, before[name], n)
		}
	}
	if after["wasm.envoy.wasm.runtime.v8.created"] == 0 || after["wasmcustom.modelgate.allowed"] == 0 {
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
	fmt.Fprintf(&b, "%d heads in %v, %.0f a second; Envoy's memory %d MiB before, %d MiB after", sent, took.Round(time.Second), float64(sent)/took.Seconds(), before>>10, after>>10)
	r.t.Log("\n" + b.String())
	if must := r.tally[0]["must pass"] + r.tally[1]["must pass"]; *one < 0 && must < sent/5 {
		r.t.Errorf("only %d of %d heads have to pass: the test shows little", must, sent)
	}
}
