package main_test

// What a request costs apart from time: how often the module enters its host,
// and how often it allocates. Both are exact, so a change that makes the hot
// path dearer fails here, and one that makes it cheaper lowers a number.

import (
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// hotHost are the host calls of an allowed and rewritten request whose token
// was seen before: all headers in one, the clock, the assertion out, the
// identity, the host and the path in, and the count.
var hotHost = map[string]int{
	"proxy_get_current_time_nanoseconds": 1,
	"proxy_get_header_map_pairs":         1,
	"proxy_remove_header_map_value":      1,
	"proxy_replace_header_map_value":     3,
	"proxy_increment_metric":             1,
}

// TestHostCallsOfAnAllowedRequest.
func TestHostCallsOfAnAllowedRequest(t *testing.T) {
	s, r, want := allowed(t)
	vm := start(t, shipped, wasmhost.Options{})
	configure(t, vm, s.Config)
	for i := range 5 {
		vm.ResetCalls()
		if got := ask(t, vm, r).Line; got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		if i < 2 {
			continue // the token is new, and comes again
		}
		calls := vm.HostCalls()
		for name, n := range calls {
			if n > hotHost[name] {
				t.Errorf("request %d: %s is called %d times, want %d at most", i, name, n, hotHost[name])
			}
		}
		if len(calls) == 0 {
			t.Error("no host call was counted")
		}
	}
}

// TestHostCallsOfARefusal: a refusal is no dearer, so that nobody is slowed
// down by being asked too much of.
func TestHostCallsOfARefusal(t *testing.T) {
	s, r, _ := allowed(t)
	vm := start(t, shipped, wasmhost.Options{})
	configure(t, vm, s.Config)
	for range 2 {
		ask(t, vm, r)
	}
	r.Path = "/kfserving/prod/none:predict"
	vm.ResetCalls()
	if got := ask(t, vm, r).Line; got != "403 grant_missing" {
		t.Fatalf("got %s", got)
	}
	n := 0
	for _, times := range vm.HostCalls() {
		n += times
	}
	if n > 5 { // the headers, the clock, the log, the count, the reply
		t.Errorf("%d host calls, want 5 at most: %v", n, vm.HostCalls())
	}
}

// TestAllocations counts what gate.Begin allocates natively; the module runs the
// same code, and takes nothing from the heap for the headers.
func TestAllocations(t *testing.T) {
	s, r, _ := allowed(t)
	g, err := gate.New(s.Config, s.Secret)
	if err != nil {
		t.Fatal(err)
	}
	none := r
	none.Path = "/kfserving/prod/none:predict"
	env := gate.Env{Now: time.Now(), Keys: g.Keys(), Cache: g.NewCache()}
	for _, c := range []struct {
		name string
		r    corpus.Request
		want reason.Reason
		most float64
	}{
		{"allowed and rewritten, token seen before", r, reason.Allowed, 0},
		{"refused, token seen before", none, reason.GrantMissing, 18},
	} {
		head := c.r.Head()
		x := &gate.Exchange{} // in which there was one before, as in the filter
		for range 3 {
			if step := x.Begin(g, env, head); step.Reason != c.want {
				t.Fatalf("%s: %s, want %s", c.name, step.Reason, c.want)
			}
		}
		if n := testing.AllocsPerRun(200, func() { x.Begin(g, env, head) }); n > c.most {
			t.Errorf("%s: %v allocations, want %v at most", c.name, n, c.most)
		}
	}
}

// TestAllocationsOfAFreshToken: what is made of a token, what it decodes to, and
// the identity of two parts. Its signature is the host's to verify.
func TestAllocationsOfAFreshToken(t *testing.T) {
	s, _, _ := allowed(t)
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
	env := gate.Env{Now: time.Now(), Keys: g.Keys(), Cache: g.NewCache(), Verify: func(*authn.Key, string, string) (ok, done bool) {
		verified++
		return true, true
	}}
	x, i := &gate.Exchange{}, 0
	n := testing.AllocsPerRun(300, func() {
		if step := x.Begin(g, env, heads[i]); step.Reason != reason.Allowed {
			t.Fatal(step.Reason)
		}
		i++
	})
	if n > 3 || verified != len(heads) {
		t.Errorf("%v allocations, want 3 at most; %d of %d tokens were verified", n, verified, len(heads))
	}
}
