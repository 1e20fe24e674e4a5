package wasmhost

import (
	"slices"
	"testing"
	"time"
)

const validHeaders = ":method=GET :path=/keys :authority=keys.example.com"

// onlyCall returns the pending call. There must be exactly one.
func onlyCall(t *testing.T, vm *VM) *HTTPCall {
	t.Helper()
	calls := vm.PendingCalls()
	if len(calls) != 1 {
		t.Fatalf("%d calls are pending, want 1", len(calls))
	}
	return calls[0]
}

func TestHTTPCall(t *testing.T) {
	vm := newVM(t, Options{Clusters: []string{"other", "keys"}})
	perform(t, vm, "call keys 1500 callout-header,callout-body,callout-trailer X-A=1 body=abc t-x=2 "+validHeaders)
	c := onlyCall(t, vm)
	headers := [][2]string{{":method", "GET"}, {":path", "/keys"}, {":authority", "keys.example.com"}, {"x-a", "1"}, {"content-length", "3"}}
	if c.Cluster != "keys" || !slices.Equal(c.Headers, headers) || string(c.Body) != "abc" ||
		!slices.Equal(c.Trailers, [][2]string{{"t-x", "2"}}) || c.Timeout != 1500*time.Millisecond {
		t.Errorf("called with %+v, want headers %v", c, headers)
	}
	wantReport(t, vm)
	if err := c.Respond([][2]string{{":status", "200"}, {"ETag", "x"}}, []byte("twelve bytes"), [2]string{"t", "1"}); err != nil {
		t.Fatal(err)
	}
	wantReport(t, vm, "called: 2 headers, 12 bytes, 1 trailers", "callout-header: [[:status 200] [etag x]]",
		"callout-body: twelve byt", "callout-trailer: [[t 1]]")
	if c.Respond(nil, nil) == nil || c.Fail() == nil || len(vm.PendingCalls()) != 0 {
		t.Error("a call gets two responses")
	}
}

// TestHTTPCallFails: without a response there is nothing to read.
func TestHTTPCallFails(t *testing.T) {
	const notFound = ": error status returned by host: not found"
	vm := newVM(t, Options{Clusters: []string{"keys"}})
	perform(t, vm, "call keys 0 callout-header,callout-body,callout-trailer "+validHeaders)
	if c := onlyCall(t, vm); c.Timeout != 0 || c.Fail() != nil {
		t.Error("the call does not fail")
	}
	wantReport(t, vm, "called: 0 headers, 0 bytes, 0 trailers",
		"callout-header"+notFound, "callout-body"+notFound, "callout-trailer"+notFound)
	perform(t, vm, "call keys 0 callout-header,callout-body,callout-trailer "+validHeaders)
	onlyCall(t, vm).Respond([][2]string{{":status", "204"}}, nil)
	wantReport(t, vm, "called: 1 headers, 0 bytes, 0 trailers",
		"callout-header: [[:status 204]]", "callout-body"+notFound, "callout-trailer"+notFound)
	perform(t, vm, "callout-header; callout-body") // outside the callback
	wantReport(t, vm, "callout-header"+notFound, "callout-body"+notFound)
}

func TestHTTPCallRefused(t *testing.T) {
	const bad = "call: error status returned by host: bad argument"
	vm := newVM(t, Options{Clusters: []string{"keys"}})
	for _, c := range []struct{ name, arguments string }{
		{"an unknown cluster", "elsewhere 0 get " + validHeaders},
		{"a timeout beyond 31 bits", "keys 2147483648 get " + validHeaders},
		{"no method", "keys 0 get :path=/ :authority=a"},
		{"no path", "keys 0 get :method=GET :authority=a"},
		{"no authority", "keys 0 get :method=GET :path=/"},
		{"no headers", "keys 0 get"},
	} {
		t.Run(c.name, func(t *testing.T) {
			perform(t, vm, "call "+c.arguments)
			wantReport(t, vm, bad)
		})
	}
	perform(t, vm, "call keys 0 get :method=GET :path=/ host=a; raw-call 4294967292 keys; raw-call 8 keys")
	wantReport(t, vm, "raw-call: 6", "raw-call: 2")
	onlyCall(t, vm)

	vm = newVM(t, Options{Clusters: []string{"keys"}, Fail: func(call string) Status {
		return map[string]Status{"proxy_http_call": InternalFailure}[call]
	}})
	perform(t, vm, "call keys 0 get "+validHeaders)
	wantReport(t, vm, "call: error status returned by host: internal failure")
	if len(vm.PendingCalls()) != 0 {
		t.Error("a call that failed at once is pending")
	}
}

// TestHTTPCallResumesStream: in the callback of a call the guest acts for the stream
// that made the call. It can edit the stream, continue it, or reply.
func TestHTTPCallResumesStream(t *testing.T) {
	vm := newVM(t, Options{Clusters: []string{"keys"}})
	for _, c := range []struct {
		name, then string
		held       bool
		status     uint32 // of the local reply; 0 is none
		body       string // that is forwarded
	}{
		{"edits and continues", "replace+x-a+2,resume", false, 0, "ab"},
		{"replies", "reply+503+no+keys", false, 503, ""},
		{"does neither", "get+x-a", true, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := vm.NewStream(nil)
			defer s.Close()
			wantAction(t, Pause)(s.RequestHeaders([][2]string{
				{"x-do", "call keys 0 " + c.then + " " + validHeaders + "; action 1"},
				{"x-a", "1"},
				{"x-do-body", "body 0 9; callout-header"},
			}, false))
			wantAction(t, Pause)(s.RequestBody([]byte("ab"), true))
			if !s.Held() {
				t.Error("Held() = false before the response, want true")
			}
			if err := onlyCall(t, vm).Respond([][2]string{{":status", "200"}}, nil); err != nil {
				t.Fatal(err)
			}
			var status uint32
			if local := s.LocalReply(); local != nil {
				status = local.Status
			}
			if held, body := s.Held(), string(s.Request().Body); held != c.held || status != c.status || body != c.body {
				t.Errorf("held %v, local reply %d, body %q, want %v, %d, %q", held, status, body, c.held, c.status, c.body)
			}
			if c.body == "" {
				return
			}
			if got := s.Request().Headers; !slices.Contains(got, [2]string{"x-a", "2"}) {
				t.Errorf("headers %v, want the edited x-a", got)
			}
			last := logged(vm, Info)
			if want := "callout-header: error status returned by host: not found"; last[len(last)-1] != want {
				t.Errorf("the resumed stream's own callback reports %v, want last %s", last, want)
			}
		})
	}
}

// TestHTTPCallOutlives: a call belongs to the plugin. It outlives the stream, and ends
// with the plugin.
func TestHTTPCallOutlives(t *testing.T) {
	vm := newVM(t, Options{Clusters: []string{"keys"}})
	vm.Configure("tick 1\ncall keys 0 effective+99,callout-header " + validHeaders)
	s := perform(t, vm, "call keys 0 reply+503 "+validHeaders)
	vm.Tick()
	s.Close()
	calls := vm.PendingCalls()
	if len(calls) != 2 {
		t.Fatalf("%d calls are pending, want 2", len(calls))
	}
	// The SDK does not run the callback of a stream that has ended.
	if err := calls[0].Respond([][2]string{{":status", "200"}}, nil); err != nil {
		t.Error(err)
	}
	wantReport(t, vm)
	old := perform(t, vm, "")
	vm.Configure("tick 1\ncall keys 0 callout-header " + validHeaders)
	vm.Tick() // both configurations'
	if n := len(vm.PendingCalls()); n != 3 {
		t.Errorf("%d calls are pending, want 3", n)
	}
	if err := calls[1].Respond(nil, nil); err != nil {
		t.Error(err)
	}
	wantReport(t, vm, "called: 0 headers, 0 bytes, 0 trailers", "effective: error status returned by host: bad argument",
		"callout-header: error status returned by host: not found")
	old.Close()
	if n := len(vm.PendingCalls()); n != 1 {
		t.Errorf("%d calls are pending after their configuration has ended, want 1", n)
	}
}

func TestHTTPCallTrap(t *testing.T) {
	vm := newVM(t, Options{Clusters: []string{"keys"}})
	perform(t, vm, "call keys 0 panic "+validHeaders+"; call keys 0 get "+validHeaders)
	calls := vm.PendingCalls()
	if calls[0].Respond(nil, nil) == nil || !vm.Failed() {
		t.Error("Respond() = nil, want the trap")
	}
	if calls[1].Respond(nil, nil) == nil {
		t.Error("Respond() = nil in a VM that has trapped, want the trap")
	}
}
