package wasmhost

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCompileRefusesNoise(t *testing.T) {
	if _, err := Compile(context.Background(), []byte("noise")); err == nil {
		t.Error("noise compiles")
	}
}

func TestModuleSurface(t *testing.T) {
	m, err := Compile(context.Background(), []byte("\x00asm\x01\x00\x00\x00"))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if imports := guest.Imports(); !slices.IsSorted(imports) || !slices.Contains(imports, "env.proxy_log") ||
		!slices.Contains(imports, "wasi_snapshot_preview1.fd_write") {
		t.Errorf("Imports() = %v", imports)
	}
	if exports := guest.Exports(); !slices.IsSorted(exports) || !slices.Contains(exports, "proxy_abi_version_0_2_0") {
		t.Errorf("Exports() = %v", exports)
	}
}

func TestStart(t *testing.T) {
	for mode, want := range map[string]string{
		"panic":  "proxy_on_vm_start",
		"refuse": "refused to start",
	} {
		if _, err := guest.NewVM(context.Background(), Options{Env: map[string]string{"START": mode}}); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("NewVM where start is to %s: %v", mode, err)
		}
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	m, err := Compile(context.Background(), []byte("\x00asm\x01\x00\x00\x00"))
	if err != nil {
		t.Fatal(err)
	}
	m.Close(cancelled)
	if _, err := m.NewVM(context.Background(), Options{}); err == nil {
		t.Error("a closed module makes VMs")
	}
}

func TestConfigure(t *testing.T) {
	vm := newVM(t, Options{VMConfig: "of the vm"})
	if ok, err := vm.Configure("config; vmconfig; action 1"); ok || err != nil {
		t.Errorf("Configure() = %v, %v, want a refusal", ok, err)
	}
	expect(t, vm, "config: config; vmconfig; action 1", "vmconfig: of the vm")

	if ok, err := vm.Configure(""); !ok || err != nil {
		t.Errorf("Configure() = %v, %v", ok, err)
	}
	expect(t, vm, "config: error status returned by host: not found") // as the SDK calls the empty one

	do(t, vm, "config")
	expect(t, vm, "config: error status returned by host: not found")

	if ok, err := vm.Configure("panic"); ok || err == nil || !vm.Failed() {
		t.Errorf("Configure() = %v, %v, want a trap", ok, err)
	}
	if ok, err := vm.Configure(""); ok || err == nil {
		t.Errorf("Configure() = %v, %v on a dead VM", ok, err)
	}
}

func TestReconfigure(t *testing.T) {
	vm := newVM(t, Options{})
	vm.Configure("config")
	old := do(t, vm, "")
	vm.Configure("config; action 1; reply 403") // refused: the first stays
	do(t, vm, "").Close()
	vm.Configure("set-property k v")
	do(t, vm, "").Close()
	expect(t, vm, "config: config", "config: config; action 1; reply 403", "set-property: error status returned by host: not found")
	if n := len(vm.contexts); n != 4 {
		t.Errorf("%d contexts, want three roots and a stream", n)
	}
	old.Close()
	expect(t, vm, "plugin 1 done")
	do(t, vm, "")
	vm.Close()
	expect(t, vm, "plugin 5 done")
	if n := len(vm.contexts); n != 1 {
		t.Errorf("%d contexts left, want the refused one", n)
	}
}

func TestTick(t *testing.T) {
	vm := newVM(t, Options{})
	vm.Configure("\nset-property k v")
	vm.Tick()
	expect(t, vm)
	do(t, vm, "tick 1500")
	if got := vm.TickPeriod(); got != 1500*time.Millisecond {
		t.Errorf("TickPeriod() = %v", got)
	}
	if err := vm.Tick(); err != nil {
		t.Error(err)
	}
	expect(t, vm, "set-property: error status returned by host: not found")
	vm.Configure("tick 1\npanic")
	if err := vm.Tick(); err == nil {
		t.Error("Tick() hides a trap")
	}
}

func TestDone(t *testing.T) {
	vm := newVM(t, Options{})
	vm.Configure("done; tick 1\ndone")
	vm.Close()
	expect(t, vm, "plugin 1 done")
	if len(vm.contexts) == 0 {
		t.Error("deleted before the guest was done")
	}
	vm.Tick()
	if len(vm.contexts) != 0 {
		t.Error("not deleted when the guest was done")
	}
}

func TestTrap(t *testing.T) {
	vm := newVM(t, Options{})
	bystander := do(t, vm, "")
	s := vm.Stream(nil)
	if a, err := s.RequestHeaders([][2]string{{"x-do", "reply 200; panic"}}, true); a != Pause || err == nil {
		t.Errorf("RequestHeaders() = %v, %v, want a trap", a, err)
	}
	if !vm.Failed() || !strings.Contains(strings.Join(logged(vm, Error), ""), "as told") {
		t.Errorf("Failed() = %v, logs %v", vm.Failed(), logged(vm, Error))
	}
	want := LocalReply{Status: 503, Details: "wasm_fail_stream", GRPC: 14}
	if l := s.Local(); l == nil || l.Status != want.Status || l.Details != want.Details || l.GRPC != want.GRPC {
		t.Errorf("Local() = %+v, want %+v", l, want)
	}
	if _, err := bystander.RequestBody(nil, true); err == nil || bystander.Local() == nil {
		t.Errorf("a stream of a dead VM goes on: %v, %v", err, bystander.Local())
	}
	if _, err := vm.Stream(nil).RequestHeaders(nil, true); err == nil {
		t.Error("a stream begins on a dead VM")
	}
	if s.Close() == nil || vm.Close() == nil {
		t.Error("Close() hides the trap")
	}
}

func TestTrapAtStream(t *testing.T) {
	vm := newVM(t, Options{Env: map[string]string{"STREAM": "panic"}})
	if _, err := vm.Stream(nil).RequestHeaders(nil, true); err == nil {
		t.Error("no error")
	}
}
