package main_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// TestGrantedGoBeforeTheRefusal: messages of one chunk that are granted go on, and the refusal of
// the one after them comes with the next callback, whichever that is.
func TestGrantedGoBeforeTheRefusal(t *testing.T) {
	s, err := corpus.LoadConfig("../examples/triton-stream")
	if err != nil {
		t.Fatal(err)
	}
	vm := start(t, shipped, wasmhost.Options{})
	configure(t, vm, s.Config)
	c := corpus.Case{
		Name: "a stream", GRPC: true, Request: "POST /inference.GRPCInferenceService/ModelStreamInfer",
		Token: &corpus.Token{Issuer: "corp", Claims: map[string]any{"email": "ana@example.com", "email_verified": true}},
	}
	r, err := s.Request(c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	good, bad := frames(t, "1:asr 3:1", "1:asr 3:2"), frames(t, "1:llm 3:3")
	const refused, counter = "grpc 7 grant_missing", "modelgate.requests.grant_missing"
	for i, next := range []struct {
		name    string
		event   func(s *wasmhost.Stream)
		replies bool
	}{
		{"a tick", func(*wasmhost.Stream) { tick(t, vm) }, true},
		{"more of the body", func(s *wasmhost.Stream) { s.RequestBody([]byte(good), false) }, true},
		{"the end of the body", func(s *wasmhost.Stream) { s.RequestBody(nil, true) }, true},
		{"trailers", func(s *wasmhost.Stream) { s.RequestTrailers([][2]string{{"x-sum", "1"}}) }, true},
		{"the client leaves", func(s *wasmhost.Stream) { s.Close() }, false},
	} {
		t.Run(next.name, func(t *testing.T) {
			s := vm.NewStream(nil)
			defer s.Close()
			if action, err := s.RequestHeaders(r.Pairs(), false); action != wasmhost.Continue || err != nil {
				t.Fatalf("RequestHeaders() = %v, %v", action, err)
			}
			action, err := s.RequestBody([]byte(good+bad+good), false)
			if got := string(s.Request().Body); action != wasmhost.Continue || err != nil || got != good || s.LocalReply() != nil {
				t.Fatalf("RequestBody() = %v, %v, and %q goes on, want %q and no answer yet", action, err, got, good)
			}
			if period := vm.TickPeriod(); period != time.Millisecond {
				t.Errorf("TickPeriod() = %s, want 1ms", period)
			}
			next.event(s)
			if next.replies {
				if local := s.LocalReply(); local == nil || fmt.Sprintf("grpc %d %s", local.GRPC, local.Body) != refused {
					t.Errorf("LocalReply() = %+v, want %s", local, refused)
				}
			}
			if got := string(s.Request().Body); got != good {
				t.Errorf("%q goes on, want %q", got, good)
			}
			if got := vm.Counters()[counter]; got != uint64(i+1) {
				t.Errorf("%s = %d, want %d", counter, got, i+1)
			}
			tick(t, vm)
			tick(t, vm)
			if period := vm.TickPeriod(); period != 5*time.Second || vm.Failed() {
				t.Errorf("TickPeriod() = %s, Failed() = %v, want 5s and false", period, vm.Failed())
			}
		})
	}
}
