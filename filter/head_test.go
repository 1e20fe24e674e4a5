package main_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// headScenarios returns the examples for which a build for heads only is enough, and of each
// other one the place for which it is not.
func headScenarios(t *testing.T) (enough []*corpus.Scenario, rest map[*corpus.Scenario]string) {
	t.Helper()
	enough, rest, err := corpus.ForHeads(scenarios(t))
	if err != nil {
		t.Fatal(err)
	}
	return enough, rest
}

// TestCorpusHead is TestCorpusWasm with the module for heads only: what it accepts it decides
// as the other module does.
func TestCorpusHead(t *testing.T) {
	enough, _ := headScenarios(t)
	if len(enough) < 10 {
		t.Errorf("the module is enough for %v; want ten examples at least", corpus.Names(enough))
	}
	runCorpus(t, heads, enough)
}

// TestHeadRejects: a configuration for which heads are not enough is rejected, and the log
// names the place.
func TestHeadRejects(t *testing.T) {
	_, rest := headScenarios(t)
	for s, pointer := range rest {
		t.Run(s.Name, func(t *testing.T) {
			vm := start(t, heads, wasmhost.Options{Env: s.Env})
			if ok, err := vm.Configure(s.Config); ok || err != nil {
				t.Fatalf("Configure() = %v, %v, want false", ok, err)
			}
			if want := `"` + pointer + `": needs modelgate.wasm`; !logHas(vm, want) {
				t.Errorf("the log has no %q: %v", want, vm.Logs())
			}
		})
	}
}

func logHas(vm *wasmhost.VM, text string) bool {
	return slices.ContainsFunc(vm.Logs(), func(l wasmhost.LogLine) bool { return strings.Contains(l.Text, text) })
}

// TestHeadExports: a host enters the module for no part of a body, and for no reply.
func TestHeadExports(t *testing.T) {
	body := []string{"proxy_on_request_body", "proxy_on_response_body", "proxy_on_response_headers", "proxy_on_response_trailers"}
	want := slices.DeleteFunc(shipped.Exports(), func(name string) bool { return slices.Contains(body, name) })
	if got := heads.Exports(); !slices.Equal(got, want) || len(want) != len(shipped.Exports())-len(body) {
		t.Errorf("the module exports %v, want %v", got, want)
	}
}

// TestHeadWarmUp: the module for heads only runs requests while it starts, too.
func TestHeadWarmUp(t *testing.T) {
	s, _, _ := allowedRequest(t)
	vm := start(t, heads, wasmhost.Options{})
	configure(t, vm, s.Config)
	for _, line := range vm.Logs() {
		if line.Level > wasmhost.Info {
			t.Errorf("the log has %+v, want nothing above level info", line)
		}
	}
}

// TestHeadHoldsAll: while a request waits for a key, and after it is refused, nothing of its
// body goes on, also if the host could go on with a body whose headers wait.
func TestHeadHoldsAll(t *testing.T) {
	for _, stopIteration := range []bool{false, true} {
		c := &clock{time.Now()}
		vm := start(t, heads, wasmhost.Options{Clusters: []string{"keys"}, Now: c.Now, StopIteration: stopIteration})
		configure(t, vm, edit.Set(t, remoteConfig, "/routes/0/lists", "false"))
		good, other := newKeyPair(t, "k1"), newKeyPair(t, "k2")
		allowed, refused := beginHead(t, vm, good.request(t, c.now)), beginHead(t, vm, other.request(t, c.now))
		bare := beginHead(t, vm, corpus.Request{Method: "POST", Path: "/kfserving/prod/fraud:predict", Authority: "models.example.com"})
		if local := bare.LocalReply(); local == nil || len(bare.Request().Body) > 0 {
			t.Errorf("StopIteration %t: without a token: local reply %+v, %q is forwarded", stopIteration, local, bare.Request().Body)
		}
		tick(t, vm)
		respond(t, status200, keySet(good), vm)
		tick(t, vm)
		c.advance(3 * time.Second) // longer than a request waits
		tick(t, vm)
		if got := string(allowed.Request().Body); got != "body" || allowed.LocalReply() != nil {
			t.Errorf("StopIteration %t: %q is forwarded, local reply %+v; want the body", stopIteration, got, allowed.LocalReply())
		}
		if local := refused.LocalReply(); local == nil || len(refused.Request().Body) > 0 {
			t.Errorf("StopIteration %t: of the refused request %q is forwarded, local reply %+v", stopIteration, refused.Request().Body, local)
		}
	}
}

// beginHead sends a request of which nothing may be forwarded yet.
func beginHead(t *testing.T, vm *wasmhost.VM, r corpus.Request) *wasmhost.Stream {
	t.Helper()
	s := vm.NewStream(nil)
	t.Cleanup(func() { s.Close() })
	if action, err := s.RequestHeaders(r.Pairs(), false); err != nil || action == wasmhost.Continue {
		t.Fatalf("RequestHeaders() = %d, %v; want no Continue", action, err)
	}
	if _, err := s.RequestBody([]byte("body"), true); err != nil || len(s.Request().Body) > 0 {
		t.Fatalf("%q is forwarded before the request is decided: %v", s.Request().Body, err)
	}
	return s
}

// TestHeadTrailers: trailers are read although bodies are not.
func TestHeadTrailers(t *testing.T) {
	s, r, _ := allowedRequest(t)
	vm := start(t, heads, wasmhost.Options{})
	configure(t, vm, s.Config)
	r.Body = "body"
	for _, c := range []struct {
		trailer [2]string
		want    string
	}{
		{[2]string{"x-checksum", "1"}, s.Cases[0].Want},
		{[2]string{"authorization", "Bearer x"}, "400 trailer_forbidden"},
		{[2]string{"kubeflow-userid", "x"}, "400 trailer_forbidden"},
	} {
		r.Trailers = [][2]string{c.trailer}
		if got := send(t, vm, r).Line; got != c.want {
			t.Errorf("%s among the trailers: outcome = %s, want %s", c.trailer[0], got, c.want)
		}
	}
}

// TestHeadHostCalls: the module makes the host calls of the other one, and no more.
func TestHeadHostCalls(t *testing.T) {
	s, r, want := allowedRequest(t)
	vm := start(t, heads, wasmhost.Options{})
	configure(t, vm, s.Config)
	for range 3 {
		vm.ResetCalls()
		if got := send(t, vm, r).Line; got != want {
			t.Fatalf("outcome = %s, want %s", got, want)
		}
	}
	for name, n := range vm.HostCalls() {
		if n > hotCalls[name] {
			t.Errorf("%s is called %d times, want at most %d", name, n, hotCalls[name])
		}
	}
}
