package wasmhost

import (
	"slices"
	"testing"
	"time"
)

const complete = ":method=GET :path=/keys :authority=keys.example.com"

// one is the only call that waits.
func one(t *testing.T, vm *VM) *HTTPCall {
	t.Helper()
	calls := vm.Calls()
	if len(calls) != 1 {
		t.Fatalf("%d calls wait, want 1", len(calls))
	}
	return calls[0]
}

func TestHTTPCall(t *testing.T) {
	vm := newVM(t, Options{Clusters: []string{"other", "keys"}})
	do(t, vm, "call keys 1500 callout-header,callout-body,callout-trailer X-A=1 body=abc t-x=2 "+complete)
	c := one(t, vm)
	headers := [][2]string{{":method", "GET"}, {":path", "/keys"}, {":authority", "keys.example.com"}, {"x-a", "1"}, {"content-length", "3"}}
	if c.Cluster != "keys" || !slices.Equal(c.Headers, headers) || string(c.Body) != "abc" ||
		!slices.Equal(c.Trailers, [][2]string{{"t-x", "2"}}) || c.Timeout != 1500*time.Millisecond {
		t.Errorf("called with %+v, want headers %v", c, headers)
	}
	expect(t, vm)
	if err := c.Respond([][2]string{{":status", "200"}, {"ETag", "x"}}, []byte("twelve bytes"), [2]string{"t", "1"}); err != nil {
		t.Fatal(err)
	}
	expect(t, vm, "called: 2 headers, 12 bytes, 1 trailers", "callout-header: [[:status 200] [etag x]]",
		"callout-body: twelve byt", "callout-trailer: [[t 1]]")
	if c.Respond(nil, nil) == nil || c.Fail() == nil || len(vm.Calls()) != 0 {
		t.Error("a call is answered twice")
	}
}

// TestHTTPCallFails: without an answer there is nothing to read.
func TestHTTPCallFails(t *testing.T) {
	const notFound = ": error status returned by host: not found"
	vm := newVM(t, Options{Clusters: []string{"keys"}})
	do(t, vm, "call keys 0 callout-header,callout-body,callout-trailer "+complete)
	if c := one(t, vm); c.Timeout != 0 || c.Fail() != nil {
		t.Error("the call does not fail")
	}
	expect(t, vm, "called: 0 headers, 0 bytes, 0 trailers", "callout-header"+notFound, "callout-body"+notFound, "callout-trailer"+notFound)
	do(t, vm, "call keys 0 callout-header,callout-body,callout-trailer "+complete)
	one(t, vm).Respond([][2]string{{":status", "204"}}, nil)
	expect(t, vm, "called: 1 headers, 0 bytes, 0 trailers", "callout-header: [[:status 204]]", "callout-body"+notFound, "callout-trailer"+notFound)
	do(t, vm, "callout-header; callout-body") // outside the callback
	expect(t, vm, "callout-header"+notFound, "callout-body"+notFound)
}

func TestHTTPCallRefused(t *testing.T) {
	const bad = "call: error status returned by host: bad argument"
	vm := newVM(t, Options{Clusters: []string{"keys"}})
	for _, arguments := range []string{
		"elsewhere 0 get " + complete,
		"keys 2147483648 get " + complete,
		"keys 0 get :path=/ :authority=a",
		"keys 0 get :method=GET :authority=a",
		"keys 0 get :method=GET :path=/",
		"keys 0 get",
	} {
		do(t, vm, "call "+arguments)
		expect(t, vm, bad)
	}
	do(t, vm, "call keys 0 get :method=GET :path=/ host=a; raw-call 4294967292 keys; raw-call 8 keys")
	expect(t, vm, "raw-call: 6", "raw-call: 2")
	one(t, vm)

	vm = newVM(t, Options{Clusters: []string{"keys"}, Fail: func(call string) Status {
		return map[string]Status{"proxy_http_call": InternalFailure}[call]
	}})
	do(t, vm, "call keys 0 get "+complete)
	expect(t, vm, "call: error status returned by host: internal failure")
	if len(vm.Calls()) != 0 {
		t.Error("a call that failed at once waits")
	}
}

// TestHTTPCallWakesStream: in the callback the guest acts for the stream that
// called, which may go on, be edited, or be answered.
func TestHTTPCallWakesStream(t *testing.T) {
	vm := newVM(t, Options{Clusters: []string{"keys"}})
	for _, then := range []string{"replace+x-a+2,resume", "reply+503+no+keys", "get+x-a"} {
		s := vm.Stream(nil)
		answer(t, Pause)(s.RequestHeaders([][2]string{{"x-do", "call keys 0 " + then + " " + complete + "; action 1"}, {"x-a", "1"},
			{"x-do-body", "body 0 9; callout-header"}}, false))
		answer(t, Pause)(s.RequestBody([]byte("ab"), true))
		if !s.Held() {
			t.Error("the stream is not held")
		}
		if err := one(t, vm).Respond([][2]string{{":status", "200"}}, nil); err != nil {
			t.Fatal(err)
		}
		held, local, body := s.Held(), s.Local(), string(s.Request().Body)
		switch then[:3] {
		case "rep":
			if then[:5] == "reply" {
				if held || local == nil || local.Status != 503 || body != "" {
					t.Errorf("%s: held %v, Local() = %v, body %q", then, held, local, body)
				}
				break
			}
			if held || local != nil || body != "ab" || !slices.Contains(s.Request().Headers, [2]string{"x-a", "2"}) {
				t.Errorf("%s: held %v, Local() = %v, sent %v", then, held, local, s.Request())
			}
			if last := logged(vm, Info); last[len(last)-1] != "callout-header: error status returned by host: not found" {
				t.Errorf("a resumed stream's own callback reads the reply: %v", last)
			}
		default:
			if !held || local != nil || body != "" {
				t.Errorf("%s: held %v, Local() = %v, body %q", then, held, local, body)
			}
		}
		s.Close()
	}
}

// TestHTTPCallOutlives: a call is the plugin's, not the stream's, and ends with
// the plugin.
func TestHTTPCallOutlives(t *testing.T) {
	vm := newVM(t, Options{Clusters: []string{"keys"}})
	vm.Configure("tick 1\ncall keys 0 effective+99,callout-header " + complete)
	s := do(t, vm, "call keys 0 reply+503 "+complete)
	vm.Tick()
	s.Close()
	calls := vm.Calls()
	if len(calls) != 2 {
		t.Fatalf("%d calls wait, want 2", len(calls))
	}
	// The SDK does not run the callback of a stream that is gone.
	if err := calls[0].Respond([][2]string{{":status", "200"}}, nil); err != nil {
		t.Error(err)
	}
	expect(t, vm)
	old := do(t, vm, "")
	vm.Configure("tick 1\ncall keys 0 callout-header " + complete)
	vm.Tick() // both configurations'
	if n := len(vm.Calls()); n != 3 {
		t.Errorf("%d calls wait, want 3", n)
	}
	if err := calls[1].Respond(nil, nil); err != nil {
		t.Error(err)
	}
	expect(t, vm, "called: 0 headers, 0 bytes, 0 trailers", "effective: error status returned by host: bad argument",
		"callout-header: error status returned by host: not found")
	old.Close()
	if n := len(vm.Calls()); n != 1 {
		t.Errorf("%d calls wait after their configuration has ended, want 1", n)
	}
}

func TestHTTPCallTrap(t *testing.T) {
	vm := newVM(t, Options{Clusters: []string{"keys"}})
	do(t, vm, "call keys 0 panic "+complete+"; call keys 0 get "+complete)
	calls := vm.Calls()
	if calls[0].Respond(nil, nil) == nil || !vm.Failed() {
		t.Error("Respond() hides a trap")
	}
	if calls[1].Respond(nil, nil) == nil {
		t.Error("Respond() to a dead VM")
	}
}
