// Package requests sends generated heads, by the hundred thousand, through a real
// Envoy, and compares what arrives behind it with a reference that shares no code
// with the gate.
//
//	go test ./requests                               a short run
//	go test ./requests -v -timeout 30m -args -heads 200000 -seed 7
package requests

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
	upstream *server
	scenario *corpus.Scenario
	tokens   atomic.Pointer[tokens]
	next     [2]atomic.Int64 // of each protocol
	heads    []sent          // by number: those of the run, then the honest ones
	findings atomic.Int32
	end      func() // stops Envoy and reads what it has sent, once

	mu    sync.Mutex
	tally [2]map[string]int
	found map[int]bool
}

// honestHeads are sent before the run and again after it, one over each
// protocol.
const honestHeads = 2

func TestRequests(t *testing.T) {
	r := start(t)
	r.sendHonest(*heads) // an answer shows that the worker has its VM: from now on the number of VMs is constant
	before, stats := rss(t, r.envoy.Pid()), r.stats()
	t.Logf("seed %d", *seed)
	began := time.Now()
	r.sendAll(*heads)
	took := time.Since(began)
	if err := r.refresh(); err != nil {
		t.Fatal(err)
	}
	after := rss(t, r.envoy.Pid())
	r.sendHonest(*heads + honestHeads)
	r.checkStats(stats)
	if after-before > maxGrowth {
		t.Errorf("Envoy grew from %d to %d KiB", before, after)
	}
	r.end()
	r.checkArrivals()
	r.report(took, before, after)
}

func start(t *testing.T) *run {
	t.Helper()
	root, err := testbed.Root()
	if err != nil {
		t.Fatal(err)
	}
	module, err := testbed.Build(root, t.TempDir(), "modelgate")
	if err != nil {
		t.Fatal(err)
	}
	r := &run{t: t, found: map[int]bool{}, heads: make([]sent, *heads+2*honestHeads), tally: [2]map[string]int{{}, {}}}
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
	r.upstream = &server{listener: listener, began: r.began, ended: r.ended}
	go r.upstream.serve()
	r.envoy, err = harness.StartEnvoy(harness.Options{
		Bootstrap: filepath.Join(r.scenario.Dir, "envoy.yaml"), PluginConfig: r.scenario.Config, Module: module,
		Upstreams: map[string]string{"kubeflow": listener.Addr().String()}, Concurrency: 1, LogLevel: "error",
		Edit: closeSoon,
	})
	if err != nil {
		listener.Close()
		t.Fatal(err)
	}
	r.end = sync.OnceFunc(func() {
		r.envoy.Stop()
		if err := r.upstream.drain(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.end)
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
					tokens := r.tokens.Load()
					w.send(generate(*seed, id, tokens), tokens)
				}
			}
		})
	}
	workers.Wait()
}

// sendHonest sends an honest head over each protocol, which has to arrive once.
func (r *run) sendHonest(from int) {
	for id := from; id < from+honestHeads; id++ {
		tokens := r.tokens.Load()
		honest := &generator{Rand: newRand(*seed, id), head: &head{id: id}, tokens: tokens}
		honest.Proto = rawhttp.Proto(id % 2)
		honest.honest()
		w := worker{run: r, addr: r.envoy.Addr(), proto: honest.Proto, tally: map[string]int{}}
		w.send(honest.head, tokens)
		w.merge()
		if n := r.heads[id].arrivals(); n != 1 {
			r.t.Errorf("an honest request over %v arrived %d times, want 1", honest.Proto, n)
		}
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
	text := fmt.Sprintf("%v %q on %q, headers %q, body %q, trailers %q", h.Proto, h.Method+" "+h.Path, h.Authority, h.Headers, h.Body,
		h.Trailers)
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

// patience bounds one request. Nothing takes so long but a request that is never
// answered.
func patience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 5*time.Minute)
}
