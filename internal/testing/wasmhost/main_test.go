package wasmhost

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The modules that the tests run: a filter that uses the SDK, and one without it.
// They are compiled once, since that takes longer than all tests together.
var guest, bare *Module

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "wasmhost")
	if err != nil {
		panic(err)
	}
	guest = build(filepath.Join(dir, "guest.wasm"), "./testdata/guest")
	bare = build(filepath.Join(dir, "bare.wasm"), "./testdata/bare")
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func build(file, source string) *Module {
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-o", file, source)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %v\n%s", cmd, err, out))
	}
	wasm, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	m, err := Compile(context.Background(), wasm)
	if err != nil {
		panic(err)
	}
	return m
}

// newVM starts a VM of the guest, without a configuration.
func newVM(t *testing.T, o Options) *VM {
	t.Helper()
	vm, err := guest.NewVM(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { vm.Close() })
	return vm
}

// logged returns the lines of one level.
func logged(vm *VM, level Level) []string {
	var lines []string
	for _, l := range vm.Logs() {
		if l.Level == level {
			lines = append(lines, l.Text)
		}
	}
	return lines
}

// wantReport compares what the guest has reported with want, and clears the log.
func wantReport(t *testing.T, vm *VM, want ...string) {
	t.Helper()
	if got := logged(vm, Info); !slices.Equal(got, want) {
		t.Errorf("the guest reports\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
	vm.logs = nil
}

// perform opens a stream and lets the guest perform operations at the request headers.
// testdata/guest defines the operations.
func perform(t *testing.T, vm *VM, operations string, more ...[2]string) *Stream {
	t.Helper()
	s := vm.NewStream(nil)
	wantAction(t, Continue)(s.RequestHeaders(append(more, [2]string{"x-do", operations}), false))
	return s
}

// wantAction checks the action that a callback returns.
func wantAction(t *testing.T, want Action) func(Action, error) {
	t.Helper()
	return func(got Action, err error) {
		t.Helper()
		if got != want || err != nil {
			t.Errorf("the guest returns %v, %v, want %v", got, err, want)
		}
	}
}
