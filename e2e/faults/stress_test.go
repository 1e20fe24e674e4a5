package faults

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/load"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// TestStress replaces the configuration thousands of times on four workers, under all the load
// that there can be. Go's runtime shares Envoy's process: whatever ends it ends every connection.
// No answer is wrong, no connection is lost, and memory is given back.
func TestStress(t *testing.T) {
	testbed.OnlyNative(t, "Go's runtime in Envoy's process")
	w := deadAtStart(t, harness.Options{Concurrency: 4})
	w.workers = 1 // the next push need not wait for all of them
	schedule, partner := w.schedule(nil), w.schedule(nil)
	push := func(i int) {
		*w.serial++
		w.push(w.configuration(schedule, partner, grant(fmt.Sprintf("of-revision-%d", i), "prod/fraud")))
	}
	push(0)
	token := w.served()
	var answered atomic.Int64
	stream := func(path, token string) *load.Running {
		return w.load(load.Load{Path: always(path), Token: always(token), Workers: 4, Answered: func(load.Answer) { answered.Add(1) }})
	}
	passes, never, nobody := stream(granted, token), stream(notGranted, token), stream(granted, "x")
	began, memory, pushes, requests := time.Now(), 0, scale(10_000, 100), int64(scale(1_000_000, 20_000))
	done := 0
	for ; done < pushes || answered.Load() < requests; done++ {
		push(done + 1)
		if done == pushes/10 {
			memory = anonymous(t, w.envoy.Pid())
		}
	}
	after := anonymous(t, w.envoy.Pid())
	a, b, c := passes.Stop(), never.Stop(), nobody.Stop()
	t.Logf("%d pushes in %v; %s; %s; %s; %d KiB, then %d", done, time.Since(began).Round(time.Second), a, b, c, memory, after)
	if !a.Only(load.Allowed) || !b.Only("403 grant_missing") || !c.Only("401 token_malformed") {
		t.Errorf("granted: %s; not granted: %s; nobody: %s", a, b, c)
	}
	if *full && after-memory > maxGrowth {
		t.Errorf("Envoy grew from %d to %d KiB", memory, after)
	}
}
