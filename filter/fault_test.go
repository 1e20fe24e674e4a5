package main_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// failing is a host in which one host call fails; "" is none.
type failing struct{ call string }

func (f *failing) status(call string) wasmhost.Status {
	if call == f.call {
		return wasmhost.InternalFailure
	}
	return wasmhost.OK
}

// TestHostCallFails: a host call that fails for a request refuses it, except the
// calls that only count and log.
func TestHostCallFails(t *testing.T) {
	for _, c := range []struct{ call, want string }{
		{"proxy_get_header_map_pairs", "500 internal"},
		{"proxy_get_current_time_nanoseconds", "500 internal"},
		{"proxy_remove_header_map_value", "500 internal"},
		{"proxy_replace_header_map_value", "500 internal"},
		{"proxy_increment_metric", "allow"},
		{"proxy_log", "allow"},
	} {
		t.Run(c.call, func(t *testing.T) {
			s, r, _ := allowedRequest(t)
			host := &failing{}
			vm := start(t, shipped, wasmhost.Options{Fail: host.status})
			configure(t, vm, s.Config)
			host.call = c.call
			if got := send(t, vm, r).Line; !strings.HasPrefix(got, c.want) {
				t.Errorf("outcome = %s, want %s", got, c.want)
			}
		})
	}
}

// TestReplyFails: if even the refusal cannot be sent, the request stays paused.
func TestReplyFails(t *testing.T) {
	s, r, _ := allowedRequest(t)
	vm := start(t, shipped, wasmhost.Options{Fail: (&failing{"proxy_send_local_response"}).status})
	configure(t, vm, s.Config)
	r.Path = "/elsewhere"
	if got := send(t, vm, r).Line; got != "paused" {
		t.Errorf("outcome = %s, want paused", got)
	}
}

// TestBodyDoesNotFollowARefusal: the body of a refused request is not forwarded.
func TestBodyDoesNotFollowARefusal(t *testing.T) {
	s, r, _ := allowedRequest(t)
	vm := start(t, shipped, wasmhost.Options{Fail: (&failing{"proxy_send_local_response"}).status, StopIteration: true})
	configure(t, vm, s.Config)
	r.Path = "/elsewhere"
	stream := vm.NewStream(nil)
	defer stream.Close()
	if action, err := stream.RequestHeaders(r.Pairs(), false); action != wasmhost.Pause || err != nil {
		t.Fatalf("RequestHeaders() = %v, %v, want pause", action, err)
	}
	if action, err := stream.RequestBody([]byte("x"), true); action != wasmhost.Pause || err != nil {
		t.Errorf("RequestBody() = %v, %v, want pause", action, err)
	}
}

// TestTrailers: a credential or an identity in the trailers refuses the request,
// and other trailers pass.
func TestTrailers(t *testing.T) {
	s, r, allow := allowedRequest(t)
	vm := start(t, shipped, wasmhost.Options{})
	configure(t, vm, s.Config)
	for _, c := range []struct{ trailer, want string }{
		{"x-checksum", allow},
		{"authorization", "400 trailer_forbidden"},
		{"x_goog_iap_jwt_assertion", "400 trailer_forbidden"},
		{"kubeflow-userid", "400 trailer_forbidden"},
	} {
		t.Run(c.trailer, func(t *testing.T) {
			r.Trailers = [][2]string{{c.trailer, "x"}}
			if got := send(t, vm, r).Line; got != c.want {
				t.Errorf("outcome = %s, want %s", got, c.want)
			}
		})
	}
}

// TestRequestPanics: a panic refuses one request, and the VM serves the next one.
func TestRequestPanics(t *testing.T) {
	s, r, want := allowedRequest(t)
	env := map[string]string{"MODELGATE_FAULT": "request"}
	vm := start(t, faulty, wasmhost.Options{Env: env})
	configure(t, vm, s.Config)
	panics := r
	panics.Headers = append([][2]string{{"x-fault", "1"}}, r.Headers...)
	for _, c := range []struct {
		name string
		r    corpus.Request
		want string
	}{
		{"before", r, want},
		{"the panic", panics, "500 internal"},
		{"after", r, want},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := send(t, vm, c.r).Line; got != c.want {
				t.Errorf("outcome = %s, want %s", got, c.want)
			}
		})
	}
	env["MODELGATE_UNGUARDED"] = "1"
	vm = start(t, faulty, wasmhost.Options{Env: env})
	configure(t, vm, s.Config)
	if got := send(t, vm, panics).Line; got != "trap" || !vm.Failed() {
		t.Errorf("without the guard: outcome = %s, want trap; otherwise this test proves nothing", got)
	}
}

// TestAudit: a refusal is logged as one line of JSON without the token, at a level
// that Envoy shows by default. An allowed request is not logged.
func TestAudit(t *testing.T) {
	s, r, _ := allowedRequest(t)
	vm := start(t, shipped, wasmhost.Options{})
	configure(t, vm, s.Config)
	atStart := len(vm.Logs())
	send(t, vm, r)
	allowed := vm.Logs()[atStart:]
	r.Path = "/kfserving/prod/churn:predict"
	send(t, vm, r)
	refused := vm.Logs()[atStart+len(allowed):]
	if len(allowed) != 0 {
		t.Errorf("log of the allowed request = %v, want none", allowed)
	}
	const begin = `model gate: {"modelgate":"grant_missing","issuer":"iap","subject":"subject-1","address":"`
	const end = `,"verb":"predict","models":["prod/churn"],"place":"grant","why":"must have the verb predict","grant":`
	if len(refused) != 1 || !strings.HasPrefix(refused[0].Text, begin) || !strings.Contains(refused[0].Text, end) ||
		strings.Contains(refused[0].Text, "eyJ") || refused[0].Level != wasmhost.Warn {
		t.Errorf("log of the refused request = %v, want %s … %s at level warn, without the token", refused, begin, end)
	}
}
