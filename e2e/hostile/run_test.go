// Package hostile sends heads that lie, by the hundred thousand, through a real
// Envoy, and holds what arrives behind it to a reference that shares no code
// with the gate.
//
//	go test ./hostile                                a short run
//	go test ./hostile -v -timeout 30m -args -heads 200000 -seed 7
package hostile

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

var (
	heads = flag.Int("heads", 20_000, "how many heads to send")
	seed  = flag.Uint64("seed", 1, "of the heads: the same seed makes the same heads")
	one   = flag.Int("one", -1, "send only the head of this number")
)

// connections of each protocol, in parallel.
const connections = 4

// enough findings end a run.
const enough = 10

// maxGrowth of Envoy's resident memory, in KiB.
const maxGrowth = 200 << 10

// run is a test under way.
type run struct {
	t        *testing.T
	envoy    *harness.Envoy
	scenario *corpus.Scenario
	tokens   atomic.Pointer[tokens]
	next     [2]atomic.Int64 // of each protocol
	expected []atomic.Pointer[verdict]
	arrived  []atomic.Int32
	findings atomic.Int32

	mu    sync.Mutex
	tally [2]map[string]int
	found map[int]bool
}

func TestHostileRun(t *testing.T) {
	r := start(t)
	before, stats := rss(t, r.envoy.Pid()), r.stats()
	t.Logf("seed %d", *seed)
	began := time.Now()
	r.sendAll(*heads)
	took := time.Since(began)
	if err := r.refresh(); err != nil {
		t.Fatal(err)
	}
	after := rss(t, r.envoy.Pid())
	for id := *heads; id < *heads+2; id++ { // Envoy serves on, in both protocols
		r.still(id)
	}
	r.checkStats(stats)
	if after-before > maxGrowth {
		t.Errorf("Envoy grew from %d to %d KiB", before, after)
	}
	r.report(took, before, after)
}

func start(t *testing.T) *run {
	t.Helper()
	root, err := testbed.Root()
	if err != nil {
		t.Fatal(err)
	}
	wasm := filepath.Join(t.TempDir(), "modelgate.wasm")
	if err := testbed.BuildWasm(root, wasm); err != nil {
		t.Fatal(err)
	}
	r := &run{t: t, found: map[int]bool{}, expected: make([]atomic.Pointer[verdict], *heads+2), arrived: make([]atomic.Int32, *heads+2)}
	r.tally = [2]map[string]int{{}, {}}
	if r.scenario, err = corpus.Load(filepath.Join(root, "examples", "hostile")); err != nil {
		t.Fatal(err)
	}
	if err := r.refresh(); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	upstream := &server{listener: listener, began: r.began, ended: r.ended}
	go upstream.serve()
	r.envoy, err = harness.StartEnvoy(harness.Options{
		Bootstrap: filepath.Join(r.scenario.Dir, "envoy.yaml"), PluginConfig: r.scenario.Config, Wasm: wasm,
		Upstreams: map[string]string{"kubeflow": listener.Addr().String()}, Concurrency: 1, LogLevel: "error",
		Edit: closeSoon,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.envoy.Stop)
	return r
}

// closeSoon has Envoy close a connection that it gave up at once. It would wait
// a second, and there are many.
func closeSoon(bootstrap map[string]any) {
	var visit func(node any)
	visit = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			if node["stat_prefix"] == "gate" {
				node["delayed_close_timeout"] = "0.005s"
			}
			for _, child := range node {
				visit(child)
			}
		case []any:
			for _, child := range node {
				visit(child)
			}
		}
	}
	visit(bootstrap)
}

// refresh makes new tokens: they live for nine minutes.
func (r *run) refresh() error {
	fresh, err := mint(r.scenario, time.Now())
	if err == nil {
		r.tokens.Store(fresh)
	}
	return err
}

func (r *run) sendAll(n int) {
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Minute):
				if err := r.refresh(); err != nil {
					r.t.Error(err)
				}
			}
		}
	}()
	defer close(done)
	var workers sync.WaitGroup
	for i := range 2 * connections {
		workers.Go(func() {
			w := worker{run: r, addr: r.envoy.Addr(), proto: rawhttp.Proto(i % 2), tally: map[string]int{}}
			defer w.merge()
			for r.findings.Load() < enough {
				id := int(r.next[w.proto].Add(1)-1)*2 + int(w.proto)
				if id >= n {
					return
				}
				if *one < 0 || *one == id {
					w.send(generate(*seed, id, r.tokens.Load()))
				}
			}
		})
	}
	workers.Wait()
}

// still sends an honest head, which has to arrive.
func (r *run) still(id int) {
	honest := &generator{Rand: newRand(*seed, id), head: &head{id: id}, tokens: r.tokens.Load()}
	honest.Proto = rawhttp.Proto(id % 2)
	honest.honest()
	w := worker{run: r, addr: r.envoy.Addr(), proto: honest.Proto, tally: map[string]int{}}
	w.send(honest.head)
	if r.arrived[id].Load() != 1 {
		r.t.Errorf("after the run an honest request over %v did not arrive", honest.Proto)
	}
}

// find reports a fault of the gate, with the whole head.
func (r *run) find(id int, what string) {
	r.mu.Lock()
	again := r.found[id]
	r.found[id] = true
	r.mu.Unlock()
	if again || r.findings.Add(1) > enough {
		return
	}
	h := generate(*seed, id, r.tokens.Load())
	text := fmt.Sprintf("%v %q on %q, headers %q, body %q, trailers %q", h.Proto, h.Method+" "+h.Path, h.Authority, h.Headers, h.Body, h.Trailers)
	r.t.Errorf("head %d of seed %d: %s\n%s", id, *seed, what, text)
}

// rss is a process's resident memory in KiB.
func rss(t *testing.T, pid int) (size int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Logf("memory is not looked at: %v", err)
		return 0
	}
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	fmt.Sscan(after, &size)
	return size
}

// patience with one request.
func patience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 30*time.Second)
}
