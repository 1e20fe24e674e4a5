// Package main_test drives the module that ships, built from these sources,
// in a host of the project's own (internal/testing/wasmhost).
package main_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// The module is compiled once: that takes seconds, an instance milliseconds.
var shipped, faulty *wasmhost.Module

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "modelgate")
	if err == nil {
		if shipped, err = build(dir, "modelgate.wasm"); err == nil {
			faulty, err = build(dir, "faults.wasm", "-tags=faults")
		}
	}
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// build makes the module anew, so that no test runs against a stale one.
func build(dir, name string, flags ...string) (*wasmhost.Module, error) {
	out := filepath.Join(dir, name)
	if text, err := exec.Command("../build/tools/wasm", append([]string{out}, flags...)...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build/tools/wasm: %v\n%s", err, text)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	return wasmhost.Compile(context.Background(), wasm)
}

func start(t *testing.T, m *wasmhost.Module, o wasmhost.Options) *wasmhost.VM {
	t.Helper()
	vm, err := m.NewVM(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { vm.Close() })
	return vm
}

func configure(t *testing.T, vm *wasmhost.VM, config string) {
	t.Helper()
	if ok, err := vm.Configure(config); !ok || err != nil {
		t.Fatalf("Configure = %v, %v\n%v", ok, err, vm.Logs())
	}
}

func scenarios(t *testing.T) []*corpus.Scenario {
	t.Helper()
	all, err := corpus.LoadAll("../examples")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// ask runs one request to its end and says what became of it.
func ask(t *testing.T, vm *wasmhost.VM, r corpus.Request) corpus.Outcome {
	t.Helper()
	s := vm.Stream(properties(r))
	defer s.Close()
	action, err := s.RequestHeaders(r.Pairs(), r.Head().End)
	if err == nil && s.Local() == nil && r.Body != "" {
		action, err = s.RequestBody([]byte(r.Body), len(r.Trailers) == 0)
	}
	if err == nil && s.Local() == nil && len(r.Trailers) > 0 {
		action, err = s.RequestTrailers(r.Trailers)
	}
	if err == nil && s.Local() == nil && action == wasmhost.Continue {
		if got := string(s.Request().Body); got != r.Body {
			t.Errorf("%s %s: the upstream gets the body %q, want %q", r.Method, r.Path, got, r.Body)
		}
		err = reply(s, r)
	}
	if err != nil {
		return corpus.Outcome{Line: "trap"}
	}
	reply := s.Local()
	switch {
	case reply == nil && action == wasmhost.Continue:
		o := corpus.Sent(s.Request().Headers)
		o.Reply = string(s.Response().Body)
		return o
	case reply == nil:
		return corpus.Outcome{Line: "paused"}
	case action == wasmhost.Continue && r.Reply == "":
		return corpus.Outcome{Line: "answered and continued"}
	}
	line := corpus.RefusedReply(int(reply.Status), reply.Body)
	if r.GRPC {
		line = fmt.Sprintf("grpc %d %s", reply.GRPC, reply.Body)
	}
	if why := line[strings.LastIndexByte(line, ' ')+1:]; reply.Details != "modelgate_"+why {
		t.Errorf("details %q of %q", reply.Details, line)
	}
	return corpus.Outcome{Line: line}
}

// reply lets the upstream answer, where the case says what.
func reply(s *wasmhost.Stream, r corpus.Request) error {
	if r.Reply == "" {
		return nil
	}
	if _, err := s.ResponseHeaders(r.ReplyPairs(), false); err != nil || s.Local() != nil {
		return err
	}
	if !r.GRPC {
		_, err := s.ResponseBody([]byte(r.Reply), true)
		return err
	}
	if _, err := s.ResponseBody([]byte(r.Reply), false); err != nil {
		return err
	}
	_, err := s.ResponseTrailers([][2]string{{"grpc-status", "0"}})
	return err
}

// properties are what Envoy knows of the connection.
func properties(r corpus.Request) map[string][]byte {
	if r.Peer.URI == "" {
		return map[string][]byte{wasmhost.Path("connection", "peer_certificate_valid"): {0}}
	}
	valid := []byte{0}
	if r.Peer.Validated {
		valid[0] = 1
	}
	return map[string][]byte{
		wasmhost.Path("connection", "peer_certificate_valid"):   valid,
		wasmhost.Path("connection", "uri_san_peer_certificate"): []byte(r.Peer.URI),
	}
}

// TestCorpusWasm runs every case through the module, as one VM would get them:
// three times, so that what the VM remembers is asked for too.
func TestCorpusWasm(t *testing.T) { runCorpus(t, shipped) }

// TestCorpusPoisoned does so with the module that spoils what the host has handed
// over as soon as a callback has ended: nothing that is used later may lie there.
func TestCorpusPoisoned(t *testing.T) { runCorpus(t, faulty) }

func runCorpus(t *testing.T, m *wasmhost.Module) {
	for _, s := range scenarios(t) {
		vm := start(t, m, wasmhost.Options{Env: s.Env, StopIteration: strings.Contains(s.Config, `"holdHeaders": true`)})
		configure(t, vm, s.Config)
		now := time.Now()
		for i := range 3 * len(s.Cases) {
			c := s.Cases[i%len(s.Cases)]
			r, err := s.Request(c, now)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Check(r, ask(t, vm, r), corpus.Elsewhere); err != nil {
				t.Errorf("%s: %v", s.Name, err)
			}
		}
		countsAddUp(t, s, vm)
	}
}

// countsAddUp holds the counters to the corpus: one count a request, under the
// Reason of its line.
func countsAddUp(t *testing.T, s *corpus.Scenario, vm *wasmhost.VM) {
	t.Helper()
	want := map[string]uint64{}
	for _, c := range s.Cases {
		why := c.Counter(corpus.Elsewhere)
		want["modelgate."+why] += 3
		if (len(c.Trailers) > 0 || why == "list_withheld") && why != "allowed" { // its head was allowed
			want["modelgate.allowed"] += 3
		}
	}
	for name, n := range vm.Counters() {
		if name != "modelgate.verified_in_module" && n != want[name] {
			t.Errorf("%s: counter %s = %d, want %d", s.Name, name, n, want[name])
		}
	}
}

// TestWarmUp: what a VM goes through before its first request comes out as it
// should; otherwise it says so.
func TestWarmUp(t *testing.T) {
	for _, o := range []wasmhost.Options{{}, {Foreign: map[string]func([]byte) ([]byte, wasmhost.Status){"verify_signature": verifySignature}}} {
		vm := start(t, shipped, o)
		configure(t, vm, published)
		for _, line := range vm.Logs() {
			if line.Level > wasmhost.Info {
				t.Errorf("%+v", line)
			}
		}
	}
}

// TestImports holds what the module needs of its host to a list: an Envoy that
// lacks one import does not load the module at all.
func TestImports(t *testing.T) {
	golden, err := os.ReadFile("testdata/imports.golden")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(shipped.Imports(), "\n") + "\n"; got != string(golden) {
		t.Errorf("the module's imports are not those of testdata/imports.golden:\n%s", got)
	}
}
