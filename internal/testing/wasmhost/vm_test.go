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
		t.Error("Compile(noise) = nil, want an error")
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
	for _, c := range []struct{ mode, want string }{
		{"panic", "proxy_on_vm_start"},
		{"refuse", "refused to start"},
	} {
		t.Run(c.mode, func(t *testing.T) {
			_, err := guest.NewVM(context.Background(), Options{Env: map[string]string{"START": c.mode}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("NewVM() = %v, want %s", err, c.want)
			}
		})
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	m, err := Compile(context.Background(), []byte("\x00asm\x01\x00\x00\x00"))
	if err != nil {
		t.Fatal(err)
	}
	m.Close(cancelled)
	if _, err := m.NewVM(context.Background(), Options{}); err == nil {
		t.Error("NewVM() of a closed module = nil, want an error")
	}
}

func TestConfigure(t *testing.T) {
	vm := newVM(t, Options{VMConfig: "of the vm"})
	if ok, err := vm.Configure("config; vmconfig; action 1"); ok || err != nil {
		t.Errorf("Configure() = %v, %v, want a refusal", ok, err)
	}
	wantReport(t, vm, "config: config; vmconfig; action 1", "vmconfig: of the vm")

	if ok, err := vm.Configure(""); !ok || err != nil {
		t.Errorf("Configure() = %v, %v", ok, err)
	}
	wantReport(t, vm, "config: error status returned by host: not found") // as the SDK calls the empty one

	perform(t, vm, "config")
	wantReport(t, vm, "config: error status returned by host: not found")

	if ok, err := vm.Configure("panic"); ok || err == nil || !vm.Failed() {
		t.Errorf("Configure() = %v, %v, want a trap", ok, err)
	}
	if ok, err := vm.Configure(""); ok || err == nil {
		t.Errorf("Configure() = %v, %v in a VM that has trapped, want the trap", ok, err)
	}
}

func TestReconfigure(t *testing.T) {
	vm := newVM(t, Options{})
	vm.Configure("config")
	old := perform(t, vm, "")
	vm.Configure("config; action 1; reply 403") // refused: the first stays
	perform(t, vm, "").Close()
	vm.Configure("set-property k v")
	perform(t, vm, "").Close()
	wantReport(t, vm, "config: config", "config: config; action 1; reply 403", "set-property: error status returned by host: not found")
	if n := len(vm.contexts); n != 4 {
		t.Errorf("%d contexts, want three roots and a stream", n)
	}
	old.Close()
	wantReport(t, vm, "plugin 1 done")
	perform(t, vm, "")
	vm.Close()
	wantReport(t, vm, "plugin 5 done")
	if n := len(vm.contexts); n != 1 {
		t.Errorf("%d contexts left, want the refused one", n)
	}
}

func TestTick(t *testing.T) {
	vm := newVM(t, Options{})
	vm.Configure("\nset-property k v")
	vm.Tick()
	wantReport(t, vm)
	perform(t, vm, "tick 1500")
	if got := vm.TickPeriod(); got != 1500*time.Millisecond {
		t.Errorf("TickPeriod() = %v", got)
	}
	if err := vm.Tick(); err != nil {
		t.Error(err)
	}
	wantReport(t, vm, "set-property: error status returned by host: not found")
	vm.Configure("tick 1\npanic")
	if err := vm.Tick(); err == nil {
		t.Error("Tick() = nil, want the trap")
	}
}

func TestDone(t *testing.T) {
	vm := newVM(t, Options{})
	vm.Configure("done; tick 1\ndone")
	vm.Close()
	wantReport(t, vm, "plugin 1 done")
	if len(vm.contexts) == 0 {
		t.Error("no contexts before the guest is done, want them")
	}
	vm.Tick()
	if len(vm.contexts) != 0 {
		t.Error("contexts after the guest is done, want none")
	}
}

func TestTrap(t *testing.T) {
	vm := newVM(t, Options{})
	bystander := perform(t, vm, "")
	s := vm.NewStream(nil)
	if a, err := s.RequestHeaders([][2]string{{"x-do", "reply 200; panic"}}, true); a != Pause || err == nil {
		t.Errorf("RequestHeaders() = %v, %v, want a trap", a, err)
	}
	if !vm.Failed() || !strings.Contains(strings.Join(logged(vm, Error), ""), "as told") {
		t.Errorf("Failed() = %v, logs %v", vm.Failed(), logged(vm, Error))
	}
	want := LocalReply{Status: 503, Details: "wasm_fail_stream", GRPC: 14}
	if l := s.LocalReply(); l == nil || l.Status != want.Status || l.Details != want.Details || l.GRPC != want.GRPC {
		t.Errorf("LocalReply() = %+v, want %+v", l, want)
	}
	if _, err := bystander.RequestBody(nil, true); err == nil || bystander.LocalReply() == nil {
		t.Errorf("a stream of a VM that has trapped: error %v, local reply %v, want both", err, bystander.LocalReply())
	}
	if _, err := vm.NewStream(nil).RequestHeaders(nil, true); err == nil {
		t.Error("a new stream of a VM that has trapped: no error, want the trap")
	}
	if s.Close() == nil || vm.Close() == nil {
		t.Error("Close() = nil, want the trap")
	}
}

func TestTrapAtStream(t *testing.T) {
	vm := newVM(t, Options{Env: map[string]string{"STREAM": "panic"}})
	if _, err := vm.NewStream(nil).RequestHeaders(nil, true); err == nil {
		t.Error("RequestHeaders() = nil, want the trap")
	}
}
