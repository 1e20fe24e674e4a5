package main_test

import (
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// TestCorpusWasm runs every case through the module. One VM runs the cases three
// times, so that the caches are used too.
func TestCorpusWasm(t *testing.T) { runCorpus(t, shipped, scenarios(t)) }

// TestCorpusPoisoned is TestCorpusWasm with the module that overwrites the host's
// results when a callback ends: a result that is used later makes a case fail.
func TestCorpusPoisoned(t *testing.T) { runCorpus(t, faulty, scenarios(t)) }

func scenarios(t *testing.T) []*corpus.Scenario {
	t.Helper()
	all, err := corpus.LoadAll("../examples")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func runCorpus(t *testing.T, m *wasmhost.Module, scenarios []*corpus.Scenario) {
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			vm := start(t, m, wasmhost.Options{Env: s.Env, StopIteration: strings.Contains(s.Config, `"holdHeaders": true`)})
			configure(t, vm, s.Config)
			now := time.Now()
			for i := range 3 * len(s.Cases) {
				c := s.Cases[i%len(s.Cases)]
				r, err := s.Request(c, now)
				if err != nil {
					t.Fatal(err)
				}
				if err := c.Check(r, send(t, vm, r), corpus.Elsewhere); err != nil {
					t.Error(err)
				}
			}
			checkCounters(t, s, vm)
		})
	}
}

// checkCounters compares the counters with the corpus: each request counts once,
// under the reason of its outcome.
func checkCounters(t *testing.T, s *corpus.Scenario, vm *wasmhost.VM) {
	t.Helper()
	want := map[string]uint64{}
	for _, c := range s.Cases {
		why := c.Counter(corpus.Elsewhere)
		want[corpus.CounterMetric(why)] += 3
		if (len(c.Trailers) > 0 && c.Sign == nil || why == "list_withheld") && why != "allowed" { // its head was allowed
			want["modelgate.requests.allowed"] += 3
		}
	}
	for name, n := range vm.Counters() {
		if name != "modelgate.verified_in_module" && n != want[name] {
			t.Errorf("counter %s = %d, want %d", name, n, want[name])
		}
	}
}

// TestWarmUp: the requests that a VM runs while it starts have the outcomes that
// warm.go expects. Otherwise the module logs an error.
func TestWarmUp(t *testing.T) {
	for _, c := range []struct {
		name string
		o    wasmhost.Options
	}{
		{"the module verifies signatures", wasmhost.Options{}},
		{"the host verifies signatures", verifyingHost(verifySignature)},
	} {
		t.Run(c.name, func(t *testing.T) {
			vm := start(t, shipped, c.o)
			configure(t, vm, remoteConfig)
			for _, line := range vm.Logs() {
				if line.Level > wasmhost.Info {
					t.Errorf("the log has %+v, want nothing above level info", line)
				}
			}
		})
	}
}
