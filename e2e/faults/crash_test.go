package faults

import (
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/load"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// crashing is the module that dies of a request with the header x-fault.
func crashing() harness.Options {
	return harness.Options{Module: faulty, Env: map[string]string{"MODELGATE_FAULT": "request", "MODELGATE_UNGUARDED": "1"}}
}

func (w *world) crash() {
	w.t.Helper()
	report := w.load(load.Load{
		Path: always(granted), Token: always("x"), Headers: map[string]string{"x-fault": "1"}, Workers: 1, Total: 1,
	}).Wait()
	if !report.Only("503") {
		w.t.Fatalf("the request that kills the VM: %s", report)
	}
}

// TestCrash: a worker whose VM dies refuses every request. Its next VM takes the
// keys from the data that all VMs share: their endpoint is dead by then.
func TestCrash(t *testing.T) {
	testbed.OnlyWasm(t, "a VM that dies alone")
	t.Parallel()
	w := newWorld(t)
	w.start(w.configuration(w.schedule(object{"refresh": "1h"}), w.schedule(nil)), crashing())
	token := w.served()
	w.corp.Die()
	for range scale(5, 1) {
		w.crash()
		for back := time.Now().Add(patience); w.ask(token, granted) != load.Allowed; time.Sleep(50 * time.Millisecond) {
			if got := w.ask("", granted); got != "503" && got != "401 token_malformed" {
				t.Fatalf("nobody, while the VM is down: %s", got)
			}
			if time.Now().After(back) {
				t.Fatalf("no service %v after the crash\n%s", patience, tail(w.envoy.Log()))
			}
		}
		if got := w.ask(token, notGranted); got != "403 grant_missing" {
			t.Errorf("after the crash, without a grant: %s", got)
		}
	}
}
