package wasmhost

import (
	"fmt"
	"slices"
	"testing"
)

func TestLocalReply(t *testing.T) {
	vm := newVM(t, Options{})
	s := perform(t, vm, "reply 403 no denied; reply 404", [2]string{"x-do-response", "get-response :status; add-response x-b 2"},
		[2]string{"x-do-response-body", "response-body 0 99; get-response x-why"})
	wantReport(t, vm, "get-response: 403", "response-body: denied",
		"get-response: error status returned by host: bad argument")
	l := s.LocalReply()
	if l.Status != 403 || l.Details != "" || l.Body != "denied" || l.GRPC != -1 ||
		!slices.Equal(l.Headers, [][2]string{{"X-Why", "no"}}) {
		t.Errorf("LocalReply() = %+v", l)
	}
	want := [][2]string{{":status", "403"}, {"x-why", "no"}, {"content-type", "text/plain"}, {"content-length", "6"}, {"x-b", "2"}}
	if m := s.Response(); !slices.Equal(m.Headers, want) || string(m.Body) != "denied" {
		t.Errorf("Response() = %v", m)
	}
	wantAction(t, Pause)(s.RequestBody([]byte("a"), true))
	wantAction(t, Pause)(s.RequestTrailers(nil))
	wantAction(t, Pause)(s.ResponseHeaders([][2]string{{":status", "200"}}, true))
	if len(s.Request().Body) > 0 || len(logged(vm, Debug)) > 0 {
		t.Errorf("delivered after the reply: %v, want nothing", logged(vm, Debug))
	}
}

func TestLocalReplyLate(t *testing.T) {
	vm := newVM(t, Options{})
	s := perform(t, vm, "", [2]string{"x-do-body", "raw-reply 403"})
	wantAction(t, Continue)(s.RequestBody([]byte("secret"), true))
	if l := s.LocalReply(); l == nil || l.Details != "denied_by_the_gate" || l.GRPC != 7 || len(s.Request().Body) > 0 {
		t.Errorf("LocalReply() = %+v, sent %q", l, s.Request().Body)
	}

	s = perform(t, vm, "", [2]string{"x-do-response", "reply 502"})
	wantAction(t, Continue)(s.ResponseHeaders([][2]string{{":status", "200"}}, false))
	wantAction(t, Pause)(s.ResponseBody([]byte("a"), true))
	if l := s.LocalReply(); l == nil || l.Status != 502 {
		t.Errorf("LocalReply() = %+v", l)
	}

	s = perform(t, vm, "", [2]string{"x-do-log", "reply 500"})
	s.Close()
	if s.LocalReply() != nil {
		t.Error("a closed stream has a local reply, want none")
	}
}

// TestManyReplies: a callback that replies to very many streams ends the VM, because
// each reply runs in a callback inside the one before.
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
			streams = append(streams, vm.NewStream(nil))
			wantAction(t, Pause)(streams[len(streams)-1].RequestHeaders([][2]string{{"x-do", "action 1"}}, true))
		}
		if err := vm.Tick(); (err != nil) != c.dies {
			t.Errorf("%d streams: Tick() = %v, want a trap: %v", c.streams, err, c.dies)
		}
		for _, s := range streams {
			if !c.dies && (s.LocalReply() == nil || s.Held()) {
				t.Fatalf("one of %d streams has no local reply", c.streams)
			}
		}
	}
}

// TestLocalReplyTrap: the guest can trap in the response callbacks of its own reply.
func TestLocalReplyTrap(t *testing.T) {
	vm := newVM(t, Options{})
	s := vm.NewStream(nil)
	_, err := s.RequestHeaders([][2]string{{"x-do", "reply 403 a b"}, {"x-do-response", "panic"}}, true)
	if err == nil || s.LocalReply().Status != 403 {
		t.Errorf("error %v, LocalReply() = %v", err, s.LocalReply())
	}
}
