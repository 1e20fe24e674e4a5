package main_test

import (
	"slices"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/edit"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
	"github.com/modelgate/modelgate/internal/version"
)

// startCalls are the host calls without which a plugin cannot start.
var startCalls = []string{"proxy_get_buffer_bytes", "proxy_define_metric", "proxy_set_shared_data"}

// TestStart: the first VM rejects a configuration that does not compile. If the
// same configuration has compiled before, a VM that cannot start refuses every
// request, and does not leave the proxy without a filter.
func TestStart(t *testing.T) {
	s, r, want := allowedRequest(t)
	shared := &wasmhost.SharedData{}
	first := start(t, shipped, wasmhost.Options{Shared: shared})
	for _, c := range []struct{ name, config string }{
		{"nothing", ""},
		{"an empty object", "{}"},
		{"null", "null"},
		{"text after the document", s.Config + "x"},
		{"another version", edit.Set(t, s.Config, "/version", `2`)},
		{"metadata, which only a dynamic module has", edit.Set(t, s.Config, "/host", `{"metadata": true}`)},
		{"labels, which only a dynamic module has", edit.Set(t, s.Config, "/host", `{"labels": true}`)},
	} {
		t.Run("the first VM rejects "+c.name, func(t *testing.T) {
			if ok, err := first.Configure(c.config); ok || err != nil {
				t.Errorf("Configure(%.20q) = %v, %v, want false", c.config, ok, err)
			}
		})
	}
	configure(t, first, s.Config)
	if want := "model gate: version " + version.Number; !slices.ContainsFunc(first.Logs(), func(line wasmhost.LogLine) bool {
		return line.Text == want
	}) {
		t.Errorf("the log is %v, want %q", first.Logs(), want)
	}
	if got := send(t, first, r).Line; got != want {
		t.Errorf("the first VM: outcome = %s, want %s", got, want)
	}
	for _, call := range startCalls {
		t.Run("a worker without "+call, func(t *testing.T) {
			worker := start(t, shipped, wasmhost.Options{Shared: shared, Fail: (&failing{call}).status})
			configure(t, worker, s.Config)
			if got := send(t, worker, r).Line; got != "503 not_ready" {
				t.Errorf("outcome = %s, want 503 not_ready", got)
			}
		})
		t.Run("the first VM without "+call, func(t *testing.T) {
			alone := start(t, shipped, wasmhost.Options{Fail: (&failing{call}).status})
			if ok, err := alone.Configure(s.Config); ok || err != nil {
				t.Errorf("Configure() = %v, %v, want false", ok, err)
			}
		})
	}
}

// TestStartPanics is TestStart for a panic, with the module that is built to panic
// from its third start on.
func TestStartPanics(t *testing.T) {
	s, r, allow := allowedRequest(t)
	shared := &wasmhost.SharedData{}
	env := map[string]string{"MODELGATE_FAULT": "worker-start"}
	for _, c := range []struct{ name, want string }{
		{"first VM", allow},
		{"second VM", allow},
		{"third VM", "503 not_ready"},
		{"fourth VM", "503 not_ready"},
	} {
		t.Run(c.name, func(t *testing.T) {
			vm := start(t, faulty, wasmhost.Options{Shared: shared, Env: env})
			configure(t, vm, s.Config)
			if got := send(t, vm, r).Line; got != c.want {
				t.Errorf("outcome = %s, want %s", got, c.want)
			}
		})
	}
	env["MODELGATE_UNGUARDED"] = "1"
	vm := start(t, faulty, wasmhost.Options{Shared: shared, Env: env})
	if ok, _ := vm.Configure(s.Config); ok {
		t.Error("without the guard: Configure() = true, want false; otherwise this test proves nothing")
	}
}
