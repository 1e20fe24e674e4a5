package main_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// TestReplayOnAnotherWorker: two VMs share the nonces. Of one request that comes to both, one
// copy passes, also if both come at once or the second comes after a new configuration.
func TestReplayOnAnotherWorker(t *testing.T) {
	s, err := corpus.Load("../examples/signed")
	if err != nil {
		t.Fatal(err)
	}
	var data wasmhost.SharedData
	vms := make([]*wasmhost.VM, 2)
	for i := range vms {
		vms[i] = start(t, shipped, wasmhost.Options{Env: s.Env, Shared: &data, StopIteration: true})
		configure(t, vms[i], s.Config)
	}
	const passes, again = "allow fraud-predictor.pay.svc.cluster.local /v1/models/fraud:predict", "401 request_signature_replayed"
	request := func() corpus.Request {
		r, err := s.Request(s.Cases[1], time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for range 30 {
		r, lines := request(), [2]string{}
		var both sync.WaitGroup
		for i, vm := range vms {
			both.Go(func() { lines[i] = send(t, vm, r).Line })
		}
		both.Wait()
		if lines != [2]string{passes, again} && lines != [2]string{again, passes} {
			t.Fatalf("%q, want one that passes", lines)
		}
	}
	r := request()
	if got := send(t, vms[0], r).Line; got != passes {
		t.Errorf("the first: %s, want %s", got, passes)
	}
	configure(t, vms[1], s.Config+" ")
	if got := send(t, vms[1], r).Line; got != again {
		t.Errorf("after a new configuration: %s, want %s", got, again)
	}
}

// TestNoncesCannotBeShared: if the host refuses to keep nonces, or has kept something else,
// no signed request passes.
func TestNoncesCannotBeShared(t *testing.T) {
	s, err := corpus.Load("../examples/signed")
	if err != nil {
		t.Fatal(err)
	}
	var data wasmhost.SharedData
	vm := start(t, shipped, wasmhost.Options{Env: s.Env, Shared: &data, StopIteration: true})
	configure(t, vm, s.Config)
	for page := range 256 {
		data.Set(fmt.Sprintf("modelgate/nonces/256/%d", page), []byte("no page"), 0)
	}
	r, err := s.Request(s.Cases[1], time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if got := send(t, vm, r).Line; got != "503 nonces_full" {
		t.Errorf("outcome = %s, want 503 nonces_full", got)
	}
}
