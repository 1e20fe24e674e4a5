package main_test

import (
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// failing makes one host call fail.
func failing(call string) func(string) wasmhost.Status {
	return func(c string) wasmhost.Status {
		if c == call {
			return wasmhost.InternalFailure
		}
		return wasmhost.OK
	}
}

// allowed is a request that the iap scenario allows.
func allowed(t *testing.T) (s *corpus.Scenario, r corpus.Request, want string) {
	t.Helper()
	s, err := corpus.Load("../examples/iap")
	if err != nil {
		t.Fatal(err)
	}
	if r, err = s.Request(s.Cases[0], time.Now()); err != nil {
		t.Fatal(err)
	}
	return s, r, s.Cases[0].Want
}

// TestHostCallFails: whatever the host fails to do for a request, the request
// does not pass, unless it is only the counting or logging of it.
func TestHostCallFails(t *testing.T) {
	for _, c := range []struct{ call, want string }{
		{"proxy_get_header_map_pairs", "500 internal"},
		{"proxy_get_current_time_nanoseconds", "500 internal"},
		{"proxy_remove_header_map_value", "500 internal"},
		{"proxy_replace_header_map_value", "500 internal"},
		{"proxy_increment_metric", "allow"},
		{"proxy_log", "allow"},
	} {
		s, r, _ := allowed(t)
		fail := func(string) wasmhost.Status { return wasmhost.OK }
		vm := start(t, shipped, wasmhost.Options{Fail: func(call string) wasmhost.Status { return fail(call) }})
		configure(t, vm, s.Config)
		fail = failing(c.call)
		if got := ask(t, vm, r).Line; !strings.HasPrefix(got, c.want) {
			t.Errorf("%s fails: %s, want %s", c.call, got, c.want)
		}
	}
}

// TestReplyFails: where not even a refusal can be sent, the request waits for
// ever rather than pass.
func TestReplyFails(t *testing.T) {
	s, r, _ := allowed(t)
	vm := start(t, shipped, wasmhost.Options{Fail: failing("proxy_send_local_response")})
	configure(t, vm, s.Config)
	r.Path = "/elsewhere"
	if got := ask(t, vm, r).Line; got != "paused" {
		t.Errorf("got %s, want paused", got)
	}
}

// TestBodyDoesNotFollowARefusal: no part of a request passes before its head.
func TestBodyDoesNotFollowARefusal(t *testing.T) {
	s, r, _ := allowed(t)
	vm := start(t, shipped, wasmhost.Options{Fail: failing("proxy_send_local_response"), StopIteration: true})
	configure(t, vm, s.Config)
	r.Path = "/elsewhere"
	stream := vm.Stream(nil)
	defer stream.Close()
	if action, err := stream.RequestHeaders(r.Pairs(), false); action != wasmhost.Pause || err != nil {
		t.Fatalf("headers: %v, %v", action, err)
	}
	if action, err := stream.RequestBody([]byte("x"), true); action != wasmhost.Pause || err != nil {
		t.Errorf("body: %v, %v, want pause", action, err)
	}
}

// TestTrailers: a credential or identity among the trailers is refused, other
// trailers pass.
func TestTrailers(t *testing.T) {
	s, r, want := allowed(t)
	vm := start(t, shipped, wasmhost.Options{})
	configure(t, vm, s.Config)
	for name, line := range map[string]string{
		"x-checksum":               want,
		"authorization":            "400 trailer_forbidden",
		"x_goog_iap_jwt_assertion": "400 trailer_forbidden",
		"kubeflow-userid":          "400 trailer_forbidden",
	} {
		r.Trailers = [][2]string{{name, "x"}}
		if got := ask(t, vm, r).Line; got != line {
			t.Errorf("trailer %s: %s, want %s", name, got, line)
		}
	}
}

// TestStart: an erroneous configuration is turned down where it comes first,
// and where the same one has compiled before, the VM refuses every request
// instead of leaving the proxy without a filter.
func TestStart(t *testing.T) {
	s, r, want := allowed(t)
	shared := &wasmhost.SharedData{}
	first := start(t, shipped, wasmhost.Options{Shared: shared})
	for _, bad := range []string{"", "{}", "null", s.Config + "x", strings.Replace(s.Config, `"version": 1`, `"version": 2`, 1)} {
		if ok, err := first.Configure(bad); ok || err != nil {
			t.Errorf("Configure(%.20q) = %v, %v, want false", bad, ok, err)
		}
	}
	configure(t, first, s.Config)
	if got := ask(t, first, r).Line; got != want {
		t.Errorf("first VM: %s, want %s", got, want)
	}
	for _, call := range []string{"proxy_get_buffer_bytes", "proxy_define_metric", "proxy_set_shared_data"} {
		worker := start(t, shipped, wasmhost.Options{Shared: shared, Fail: failing(call)})
		configure(t, worker, s.Config)
		if got := ask(t, worker, r).Line; got != "503 not_ready" {
			t.Errorf("worker whose %s fails: %s, want 503 not_ready", call, got)
		}
	}
	for _, call := range []string{"proxy_get_buffer_bytes", "proxy_define_metric", "proxy_set_shared_data"} {
		alone := start(t, shipped, wasmhost.Options{Fail: failing(call)})
		if ok, err := alone.Configure(s.Config); ok || err != nil {
			t.Errorf("first VM whose %s fails: Configure = %v, %v, want false", call, ok, err)
		}
	}
}

// TestStartPanics is TestStart for a panic, by the module built to panic.
func TestStartPanics(t *testing.T) {
	s, r, want := allowed(t)
	shared := &wasmhost.SharedData{}
	env := map[string]string{"MODELGATE_FAULT": "worker-start"}
	for i, line := range []string{want, want, "503 not_ready", "503 not_ready"} {
		vm := start(t, faulty, wasmhost.Options{Shared: shared, Env: env})
		configure(t, vm, s.Config)
		if got := ask(t, vm, r).Line; got != line {
			t.Errorf("VM %d: %s, want %s", i, got, line)
		}
	}
	env["MODELGATE_UNGUARDED"] = "1"
	vm := start(t, faulty, wasmhost.Options{Shared: shared, Env: env})
	if ok, _ := vm.Configure(s.Config); ok {
		t.Error("without the guard, start succeeded: the test shows nothing")
	}
}

// TestRequestPanics: one request is refused and the VM lives on.
func TestRequestPanics(t *testing.T) {
	s, r, want := allowed(t)
	env := map[string]string{"MODELGATE_FAULT": "request"}
	vm := start(t, faulty, wasmhost.Options{Env: env})
	configure(t, vm, s.Config)
	evil := r
	evil.Headers = append([][2]string{{"x-fault", "1"}}, r.Headers...)
	for _, c := range []struct {
		r    corpus.Request
		want string
	}{{r, want}, {evil, "500 internal"}, {r, want}} {
		if got := ask(t, vm, c.r).Line; got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	env["MODELGATE_UNGUARDED"] = "1"
	vm = start(t, faulty, wasmhost.Options{Env: env})
	configure(t, vm, s.Config)
	if got := ask(t, vm, evil).Line; got != "trap" || !vm.Failed() {
		t.Errorf("without the guard: %s, want a trap: the test shows nothing", got)
	}
}

// TestAudit: a refusal is one line of JSON at a level that is shown by default,
// without the token.
func TestAudit(t *testing.T) {
	s, r, _ := allowed(t)
	vm := start(t, shipped, wasmhost.Options{})
	configure(t, vm, s.Config)
	started := len(vm.Logs())
	ask(t, vm, r)
	passes := vm.Logs()[started:]
	r.Path = "/kfserving/prod/churn:predict"
	ask(t, vm, r)
	lines := vm.Logs()[started+len(passes):]
	want := `{"modelgate":"grant_missing","issuer":"iap","subject":"subject-1","verb":"predict","models":["prod/churn"]}`
	if len(passes) != 0 || len(lines) != 1 || lines[0].Text != want || lines[0].Level != wasmhost.Warn {
		t.Errorf("%v for a pass, then %v, want one: %s", passes, lines, want)
	}
}
