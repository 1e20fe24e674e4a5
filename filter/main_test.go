// Package main_test runs the module that ships, built from these sources, in the
// project's own test host (internal/testing/wasmhost).
package main_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// The modules are compiled once: compiling takes seconds, and a VM milliseconds.
var (
	shipped *wasmhost.Module // as released
	heads   *wasmhost.Module // as released, for heads only: built with the tag "head"
	faulty  *wasmhost.Module // built with the tag "faults": see fault_on.go and abi/poison_on.go
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "modelgate")
	if err == nil {
		if shipped, err = build(dir, "modelgate.wasm", maxModule); err == nil {
			heads, err = build(dir, "modelgate-head.wasm", maxHeadModule, "-tags=head")
		}
		if err == nil {
			faulty, err = build(dir, "faults.wasm", math.MaxInt, "-tags=faults")
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

// How large the modules may be, in bytes. Every proxy compiles one at each start.
const (
	maxModule     = 7_000_000
	maxHeadModule = 5_600_000
)

// build builds a module anew, so that no test runs against a stale one.
func build(dir, name string, most int, flags ...string) (*wasmhost.Module, error) {
	out := filepath.Join(dir, name)
	text, err := exec.Command("../build/tools/wasm", append([]string{out}, flags...)...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("build/tools/wasm: %v\n%s", err, text)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	if len(wasm) > most && len(text) == 0 { // with another Go it says that the module is larger
		return nil, fmt.Errorf("%s has %d bytes; it must have at most %d", name, len(wasm), most)
	}
	return wasmhost.Compile(context.Background(), wasm)
}

// start starts a VM, and closes it when the test ends.
func start(t *testing.T, m *wasmhost.Module, o wasmhost.Options) *wasmhost.VM {
	t.Helper()
	vm, err := m.NewVM(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { vm.Close() })
	return vm
}

// configure starts a plugin with a configuration that it accepts.
func configure(t *testing.T, vm *wasmhost.VM, config string) {
	t.Helper()
	if ok, err := vm.Configure(config); !ok || err != nil {
		t.Fatalf("Configure() = %v, %v, want true\nlog: %v", ok, err, vm.Logs())
	}
}

// TestImports compares the modules' imports with a list: an Envoy that lacks one of
// them does not load the module.
func TestImports(t *testing.T) {
	golden, err := os.ReadFile("testdata/imports.golden")
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]*wasmhost.Module{"modelgate.wasm": shipped, "modelgate-head.wasm": heads} {
		if got := strings.Join(m.Imports(), "\n") + "\n"; got != string(golden) {
			t.Errorf("%s imports\n%s\nwant what is in testdata/imports.golden:\n%s", name, got, golden)
		}
	}
}
