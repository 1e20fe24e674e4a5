package main_test

// What a request costs apart from time: host calls and allocations. Both are exact
// numbers. A change that makes the hot path more expensive fails here, and a change
// that makes it cheaper lowers a number here.

import (
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// hotCalls are the host calls of an allowed and rewritten request whose token was
// seen before: the clock, all headers in one call, removing the assertion, setting
// the identity, the host and the path, and the counter.
var hotCalls = map[string]int{
	"proxy_get_current_time_nanoseconds": 1,
	"proxy_get_header_map_pairs":         1,
	"proxy_remove_header_map_value":      1,
	"proxy_replace_header_map_value":     3,
	"proxy_increment_metric":             1,
}

// TestHostCallsOfAnAllowedRequest: an allowed request makes no call beyond hotCalls.
func TestHostCallsOfAnAllowedRequest(t *testing.T) {
	s, r, want := allowedRequest(t)
	vm := start(t, shipped, wasmhost.Options{})
	configure(t, vm, s.Config)
	for i := range 5 {
		vm.ResetCalls()
		if got := send(t, vm, r).Line; got != want {
			t.Fatalf("outcome = %s, want %s", got, want)
		}
		if i < 2 {
			continue // the token is not in the cache yet
		}
		calls := vm.HostCalls()
		for name, n := range calls {
			if n > hotCalls[name] {
				t.Errorf("request %d: %s is called %d times, want at most %d", i, name, n, hotCalls[name])
			}
		}
		if len(calls) == 0 {
			t.Error("HostCalls() is empty, want the calls of a request")
		}
	}
}

// TestHostCallsOfMeasurements: what is measured of requests costs two more calls for one in 64,
// the end of its time, and none for the others; a tick hands over what has been counted.
func TestHostCallsOfMeasurements(t *testing.T) {
	s, r, want := allowedRequest(t)
	vm := start(t, shipped, wasmhost.Options{})
	configure(t, vm, s.Config)
	run := func(n int) {
		for range n {
			if got := send(t, vm, r).Line; got != want {
				t.Fatalf("outcome = %s, want %s", got, want)
			}
		}
	}
	run(2)      // the token is verified
	run(64 - 1) // none of these is measured
	vm.ResetCalls()
	run(10 * 64)
	for name, n := range hotCalls {
		most := 10 * 64 * n
		if name == "proxy_get_current_time_nanoseconds" {
			most += 10
		}
		if got := vm.HostCalls()[name]; got > most {
			t.Errorf("%s is called %d times, want at most %d", name, got, most)
		}
	}
	if n := vm.HostCalls()["proxy_record_metric"]; n != 10 {
		t.Errorf("proxy_record_metric is called %d times, want 10", n)
	}
	if n := vm.Counters()["modelgate.issuers.iap.allowed"]; n != 0 {
		t.Errorf("%d requests are counted for the issuer before a tick, want 0", n)
	}
	tick(t, vm)
	for name, want := range map[string]uint64{
		"issuers.iap.allowed": 705, "token_cache.miss": 2, "token_cache.hit": 703, "decision_cache.miss": 1, "decision_cache.hit": 702,
	} {
		if got := vm.Counters()["modelgate."+name]; got != want {
			t.Errorf("modelgate.%s = %d, want %d", name, got, want)
		}
	}
}

// TestHostCallsOfARefusal: a refusal costs no more than an allowed request, so that
// refused requests do not slow others down.
func TestHostCallsOfARefusal(t *testing.T) {
	s, r, _ := allowedRequest(t)
	vm := start(t, shipped, wasmhost.Options{})
	configure(t, vm, s.Config)
	for range 2 {
		send(t, vm, r)
	}
	r.Path = "/kfserving/prod/none:predict"
	vm.ResetCalls()
	if got := send(t, vm, r).Line; got != "403 grant_missing" {
		t.Fatalf("outcome = %s, want 403 grant_missing", got)
	}
	n := 0
	for _, times := range vm.HostCalls() {
		n += times
	}
	if n > 5 { // the headers, the clock, the log, the counter, the reply
		t.Errorf("%d host calls, want at most 5: %v", n, vm.HostCalls())
	}
}

// TestAllocations counts what gate.Begin allocates natively. The module runs the
// same code, and allocates nothing on the heap for the headers.
func TestAllocations(t *testing.T) {
	s, r, _ := allowedRequest(t)
	g, err := gate.New(s.Config, s.Secret)
	if err != nil {
		t.Fatal(err)
	}
	refused := r
	refused.Path = "/kfserving/prod/none:predict"
	env := gate.Env{Now: time.Now(), Keys: g.Keys(), Cache: g.NewCache()}
	for _, c := range []struct {
		name string
		r    corpus.Request
		want reason.Reason
		most float64
	}{
		{"allowed and rewritten, token seen before", r, reason.Allowed, 0},
		{"refused, token seen before", refused, reason.GrantMissing, 20},
	} {
		head := c.r.Head()
		x := &gate.Exchange{} // used again for each request, as in the filter
		for range 3 {
			if step := x.Begin(g, env, head); step.Reason != c.want {
				t.Fatalf("%s: Reason = %s, want %s", c.name, step.Reason, c.want)
			}
		}
		if n := testing.AllocsPerRun(200, func() { x.Begin(g, env, head) }); n > c.most {
			t.Errorf("%s: %v allocations, want at most %v", c.name, n, c.most)
		}
	}
}

// TestAllocationsOfAFreshToken: a token that was not seen before costs three
// allocations: the parsed token, its decoded claims, and the identity header of two
// parts. The host verifies the signature.
func TestAllocationsOfAFreshToken(t *testing.T) {
	s, _, _ := allowedRequest(t)
	g, err := gate.New(s.Config, s.Secret)
	if err != nil {
		t.Fatal(err)
	}
	var heads []*gate.Head
	for range 301 {
		r, err := s.Request(s.Cases[0], time.Now())
		if err != nil {
			t.Fatal(err)
		}
		heads = append(heads, r.Head())
	}
	verified := 0
	verify := func(*authn.Key, string, string) (ok, done bool) {
		verified++
		return true, true
	}
	env := gate.Env{Now: time.Now(), Keys: g.Keys(), Cache: g.NewCache(), Verify: verify}
	x, i := &gate.Exchange{}, 0
	n := testing.AllocsPerRun(300, func() {
		if step := x.Begin(g, env, heads[i]); step.Reason != reason.Allowed {
			t.Fatal(step.Reason)
		}
		i++
	})
	if n > 3 || verified != len(heads) {
		t.Errorf("%v allocations, want at most 3; %d of %d tokens were verified, want all", n, verified, len(heads))
	}
}
