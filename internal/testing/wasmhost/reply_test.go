package wasmhost

import (
	"fmt"
	"slices"
	"testing"
)

func TestLocalReply(t *testing.T) {
	vm := newVM(t, Options{})
	s := do(t, vm, "reply 403 no denied; reply 404", [2]string{"x-do-response", "get-response :status; add-response x-b 2"},
		[2]string{"x-do-response-body", "response-body 0 99; get-response x-why"})
	expect(t, vm, "get-response: 403", "response-body: denied",
		"get-response: error status returned by host: bad argument")
	l := s.Local()
	if l.Status != 403 || l.Details != "" || l.Body != "denied" || l.GRPC != -1 ||
		!slices.Equal(l.Headers, [][2]string{{"X-Why", "no"}}) {
		t.Errorf("Local() = %+v", l)
	}
	want := [][2]string{{":status", "403"}, {"x-why", "no"}, {"content-type", "text/plain"}, {"content-length", "6"}, {"x-b", "2"}}
	if m := s.Response(); !slices.Equal(m.Headers, want) || string(m.Body) != "denied" {
		t.Errorf("Response() = %v", m)
	}
	answer(t, Pause)(s.RequestBody([]byte("a"), true))
	answer(t, Pause)(s.RequestTrailers(nil))
	answer(t, Pause)(s.ResponseHeaders([][2]string{{":status", "200"}}, true))
	if len(s.Request().Body) > 0 || len(logged(vm, Debug)) > 0 {
		t.Errorf("delivered after the reply: %v", logged(vm, Debug))
	}
}

func TestLocalReplyLate(t *testing.T) {
	vm := newVM(t, Options{})
	s := do(t, vm, "", [2]string{"x-do-body", "raw-reply 403"})
	answer(t, Continue)(s.RequestBody([]byte("secret"), true))
	if l := s.Local(); l == nil || l.Details != "denied_by_the_gate" || l.GRPC != 7 || len(s.Request().Body) > 0 {
		t.Errorf("Local() = %+v, sent %q", l, s.Request().Body)
	}

	s = do(t, vm, "", [2]string{"x-do-response", "reply 502"})
	answer(t, Continue)(s.ResponseHeaders([][2]string{{":status", "200"}}, false))
	answer(t, Pause)(s.ResponseBody([]byte("a"), true))
	if l := s.Local(); l == nil || l.Status != 502 {
		t.Errorf("Local() = %+v", l)
	}

	s = do(t, vm, "", [2]string{"x-do-log", "reply 500"})
	s.Close()
	if s.Local() != nil {
		t.Error("a closed stream is answered")
	}
}

// TestManyReplies: a callback that answers very many streams kills the VM, since
// each answer is another callback within the one before.
func TestManyReplies(t *testing.T) {
	for _, c := range []struct {
		streams int
		dies    bool
	}{{200, false}, {300, true}} {
		vm := newVM(t, Options{})
		operations := "tick 1\n"
		for i := range c.streams {
			operations += fmt.Sprintf("effective %d; reply 503 a b; ", i+2)
		}
		vm.Configure(operations)
		var streams []*Stream
		for range c.streams {
			streams = append(streams, vm.Stream(nil))
			answer(t, Pause)(streams[len(streams)-1].RequestHeaders([][2]string{{"x-do", "action 1"}}, true))
		}
		if err := vm.Tick(); (err != nil) != c.dies {
			t.Errorf("%d streams: %v", c.streams, err)
		}
		for _, s := range streams {
			if !c.dies && (s.Local() == nil || s.Held()) {
				t.Fatalf("of %d streams one was not answered", c.streams)
			}
		}
	}
}

// The guest's own reply passes the guest, which may trap on it.
func TestLocalReplyTrap(t *testing.T) {
	vm := newVM(t, Options{})
	s := vm.Stream(nil)
	_, err := s.RequestHeaders([][2]string{{"x-do", "reply 403 a b"}, {"x-do-response", "panic"}}, true)
	if err == nil || s.Local().Status != 403 {
		t.Errorf("error %v, Local() = %v", err, s.Local())
	}
}
