package wasmhost

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Options say what a VM finds in its host. The zero value is an Envoy of today
// with nothing configured.
type Options struct {
	// Now is the wall clock; nil is the real one. The monotonic clock, by which
	// the Go scheduler lives, is always real.
	Now func() time.Time
	// Env is the environment of the module.
	Env map[string]string
	// VMConfig is the configuration of the VM, as opposed to the plugin's.
	VMConfig string
	// Properties are readable in every context, under keys made by [Path].
	Properties map[string][]byte
	// Shared is the data shared among VMs; nil is fresh and private.
	Shared *SharedData
	// Stats are the metrics shared among VMs; nil is fresh and private.
	Stats *Stats
	// Clusters are the names of those the guest can call.
	Clusters []string
	// Foreign holds the foreign functions.
	Foreign map[string]func(argument []byte) ([]byte, Status)
	// Fail injects faults: a host call for which it does not answer [OK] is not
	// made but answered with that status. WASI calls are asked for too.
	Fail func(call string) Status
	// Log is told of each line as it is logged.
	Log func(LogLine)
	// StopIteration is Envoy's allow_on_headers_stop_iteration: a guest that
	// pauses at the headers still gets the body. Without it such a pause stops
	// body and trailers as well, until the guest continues the stream.
	StopIteration bool
	// OldPoll makes poll_oneoff fail, as it did before Envoy 1.39.
	OldPoll bool
}

// withDefaults fills in what may be nil, to spare its users the check.
func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Shared == nil {
		o.Shared = &SharedData{}
	}
	if o.Stats == nil {
		o.Stats = &Stats{}
	}
	if o.Fail == nil {
		o.Fail = func(string) Status { return OK }
	}
	if o.Log == nil {
		o.Log = func(LogLine) {}
	}
	return o
}

// VM is one instance of a module, such as each worker of Envoy has.
type VM struct {
	ctx     context.Context // carries the VM to the host functions
	guest   api.Module
	options Options
	born    time.Time // of the monotonic clock
	phase   phase
	failure error // the trap that killed the VM

	contexts  map[uint32]*Stream
	nextID    uint32
	root      *Stream // of the configuration in force
	current   *Stream // whose callback is running
	effective *Stream // whom the guest acts for; nil is current
	config    *string // of the plugin, while it is being configured
	deferred  []func()
	nested    int  // effects that are being carried out, one within the other
	replied   bool // a local reply was sent in the running callback

	calls     []*HTTPCall
	nextCall  uint32
	hostCalls map[string]int
	logs      []LogLine
	metrics   metrics
}

// NewVM makes an instance of the module and starts it. It fails where Envoy
// would not start the VM: when the guest traps, or refuses to start.
func (m *Module) NewVM(ctx context.Context, options Options) (*VM, error) {
	vm := &VM{
		options:   options.withDefaults(),
		born:      time.Now(),
		contexts:  map[uint32]*Stream{},
		hostCalls: map[string]int{},
	}
	vm.metrics.stats = vm.options.Stats
	vm.ctx = context.WithValue(ctx, vmKey{}, vm)
	guest, err := m.runtime.InstantiateModule(vm.ctx, m.code,
		wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return nil, fmt.Errorf("wasmhost: %w", err)
	}
	vm.guest = guest
	if err := vm.initialize(); err != nil {
		return nil, errors.Join(err, guest.Close(ctx))
	}
	return vm, nil
}

func (vm *VM) initialize() error {
	vm.phase = initializing
	if _, err := vm.call(nil, "_initialize", 0); err != nil {
		return err
	}
	vm.phase = running
	root, err := vm.start()
	vm.root = root
	return err
}

// start makes a root context. Envoy starts the VM once for each of them.
func (vm *VM) start() (*Stream, error) {
	root := vm.newContext(nil)
	if vm.run(root, "proxy_on_vm_start", 1, uint64(len(vm.options.VMConfig))) == 0 {
		return nil, errors.New("wasmhost: the guest refused to start")
	}
	return root, vm.failure
}

// newContext makes a context, a root one if it has no parent.
func (vm *VM) newContext(parent *Stream) *Stream {
	vm.nextID++
	s := &Stream{vm: vm, id: vm.nextID, parent: parent}
	vm.contexts[s.id] = s
	var parentID uint32
	if parent != nil {
		parentID = parent.id
	}
	vm.run(s, "proxy_on_context_create", 0, uint64(parentID))
	return s
}

// call runs a callback of the guest for a context. A callback that the module
// does not have, or that traps, answers with absent.
func (vm *VM) call(s *Stream, name string, absent uint64, args ...uint64) (uint64, error) {
	if vm.failure == nil && vm.nested > maxNested {
		vm.failure = fmt.Errorf("wasmhost: %s: Maximum call stack size exceeded", name)
		vm.deferred = nil
	}
	if vm.failure != nil {
		return absent, vm.failure
	}
	f := vm.guest.ExportedFunction(name)
	if f == nil {
		return absent, nil
	}
	vm.current, vm.effective, vm.replied = s, nil, false
	results, err := f.Call(vm.ctx, args...)
	if err != nil {
		vm.failure = fmt.Errorf("wasmhost: %s: %w", name, err)
		vm.deferred = nil // the stream fails instead
	}
	return append(results, absent)[0], vm.failure
}

// run is call for callbacks that take the context first, and whose failure
// their callers find in the VM.
func (vm *VM) run(s *Stream, name string, absent uint64, args ...uint64) uint64 {
	result, _ := vm.call(s, name, absent, append([]uint64{uint64(s.id)}, args...)...)
	vm.settle()
	return result
}

// after has an effect of a host call wait until the callback has returned.
func (vm *VM) after(effect func()) { vm.deferred = append(vm.deferred, effect) }

// maxNested is how many effects of one callback may each cause another callback.
// Envoy carries out what waits after any callback, so that those which an effect
// causes carry out the rest, one within the other, all on one stack: Envoy 1.40
// was seen to lose the VM when a callback answered some 350 streams.
const maxNested = 256

// settle carries out the effects that waited.
func (vm *VM) settle() {
	for len(vm.deferred) > 0 {
		effect := vm.deferred[0]
		vm.deferred = vm.deferred[1:]
		vm.nested++
		effect()
		vm.nested--
	}
}

// Failed reports whether the guest has trapped. Nothing runs in the VM any
// more, and its streams are answered with 503, as under FAIL_CLOSED.
func (vm *VM) Failed() bool { return vm.failure != nil }

// MemoryBytes is the size of the guest's memory.
func (vm *VM) MemoryBytes() uint32 { return vm.guest.Memory().Size() }

// Logs are the lines logged so far.
func (vm *VM) Logs() []LogLine { return slices.Clone(vm.logs) }

// HostCalls counts the proxy_* calls by name, since the last [VM.ResetCalls].
// WASI calls are not counted: when the Go runtime makes them is its own affair.
func (vm *VM) HostCalls() map[string]int { return maps.Clone(vm.hostCalls) }

// ResetCalls forgets the calls counted.
func (vm *VM) ResetCalls() { clear(vm.hostCalls) }

func (vm *VM) log(level Level, text string) {
	line := LogLine{level, text}
	vm.logs = append(vm.logs, line)
	vm.options.Log(line)
}
