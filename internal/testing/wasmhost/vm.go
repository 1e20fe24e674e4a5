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

// Options configure the host of a VM. The zero value is a current Envoy with no
// configuration.
type Options struct {
	// Now is the wall clock; nil is the real one. The monotonic clock, which the Go
	// scheduler needs, is always real.
	Now func() time.Time
	// Env is the environment of the module.
	Env map[string]string
	// VMConfig is the configuration of the VM. That of the plugin is an argument of
	// [VM.Configure].
	VMConfig string
	// Properties can be read in every context. Their keys are made with
	// [PropertyPath].
	Properties map[string][]byte
	// Shared is the data that VMs share. nil makes one for this VM.
	Shared *SharedData
	// Stats are the metrics that VMs share. nil makes them for this VM.
	Stats *Stats
	// Clusters are the names of the clusters that the guest can call.
	Clusters []string
	// Foreign has the foreign functions by name.
	Foreign map[string]func(argument []byte) ([]byte, Status)
	// Fail injects faults. It is called for each host call and WASI call. If it
	// returns a status other than [OK], the call is not made and returns that status.
	Fail func(call string) Status
	// Log is called with each line that the guest logs.
	Log func(LogLine)
	// StopIteration is Envoy's allow_on_headers_stop_iteration: a guest that pauses at
	// the headers still gets the body. Without it, such a pause stops the body and the
	// trailers too, until the guest continues the stream.
	StopIteration bool
	// OldPoll makes poll_oneoff fail, as it does before Envoy 1.39.
	OldPoll bool
}

// withDefaults returns the options with no field nil that may be.
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

// VM is one instance of a module. Each worker of Envoy has one.
type VM struct {
	ctx     context.Context // carries the VM to the host functions
	guest   api.Module
	options Options
	born    time.Time // zero of the monotonic clock
	phase   phase
	failure error // the trap that ended the VM

	contexts  map[uint32]*Stream
	nextID    uint32
	root      *Stream // of the configuration in force
	current   *Stream // whose callback is running
	effective *Stream // for which the guest acts; nil means current
	config    *string // of the plugin, during proxy_on_configure
	deferred  []func()
	nested    int  // effects that are running, each inside the one before
	replied   bool // the running callback has sent a local reply

	calls     []*HTTPCall
	nextCall  uint32
	hostCalls map[string]int
	logs      []LogLine
	metrics   metrics
}

// NewVM makes an instance of the module and starts it. It fails if the guest traps or
// refuses to start, as in Envoy.
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
	if _, err := vm.callGuest(nil, "_initialize", 0); err != nil {
		return err
	}
	vm.phase = running
	root, err := vm.startRoot()
	vm.root = root
	return err
}

// startRoot makes a root context and starts the VM for it. Envoy starts a VM once for
// each root context.
func (vm *VM) startRoot() (*Stream, error) {
	root := vm.newContext(nil)
	if vm.runCallback(root, "proxy_on_vm_start", 1, uint64(len(vm.options.VMConfig))) == 0 {
		return nil, errors.New("wasmhost: the guest refused to start")
	}
	return root, vm.failure
}

// newContext makes a context. Without a parent it is a root context.
func (vm *VM) newContext(parent *Stream) *Stream {
	vm.nextID++
	s := &Stream{vm: vm, id: vm.nextID, parent: parent}
	vm.contexts[s.id] = s
	var parentID uint32
	if parent != nil {
		parentID = parent.id
	}
	vm.runCallback(s, "proxy_on_context_create", 0, uint64(parentID))
	return s
}

// callGuest runs a callback of the guest for a context. If the module does not have
// the callback, or the callback traps, the result is absent.
func (vm *VM) callGuest(s *Stream, name string, absent uint64, args ...uint64) (uint64, error) {
	if vm.failure == nil && vm.nested > maxNested {
		vm.failure = fmt.Errorf("wasmhost: %s: Maximum call stack size exceeded", name)
		vm.deferred = nil
	}
	if vm.failure != nil {
		return absent, vm.failure
	}
	vm.replied = false
	f := vm.guest.ExportedFunction(name)
	if f == nil {
		return absent, nil
	}
	vm.current, vm.effective = s, nil
	results, err := f.Call(vm.ctx, args...)
	if err != nil {
		vm.failure = fmt.Errorf("wasmhost: %s: %w", name, err)
		vm.deferred = nil // the stream fails instead
	}
	return append(results, absent)[0], vm.failure
}

// runCallback is callGuest for callbacks whose first argument is the context. A trap
// is in vm.failure. Afterwards it runs the deferred effects.
func (vm *VM) runCallback(s *Stream, name string, absent uint64, args ...uint64) uint64 {
	result, _ := vm.callGuest(s, name, absent, append([]uint64{uint64(s.id)}, args...)...)
	vm.runDeferred()
	return result
}

// deferEffect makes an effect of a host call wait until the callback has returned.
func (vm *VM) deferEffect(effect func()) { vm.deferred = append(vm.deferred, effect) }

// maxNested is how many effects may each cause a callback inside the previous one.
// Envoy runs the deferred effects after every callback. So the callback that an
// effect causes runs the remaining effects, all on one stack: Envoy 1.40 was seen to
// lose the VM when one callback replied to some 350 streams.
const maxNested = 256

// runDeferred runs the effects that wait.
func (vm *VM) runDeferred() {
	for len(vm.deferred) > 0 {
		effect := vm.deferred[0]
		vm.deferred = vm.deferred[1:]
		vm.nested++
		effect()
		vm.nested--
	}
}

// Failed reports whether the guest has trapped. Then the VM runs nothing more, and its
// streams get 503, as with Envoy's FAIL_CLOSED.
func (vm *VM) Failed() bool { return vm.failure != nil }

// MemoryBytes returns the size of the guest's memory.
func (vm *VM) MemoryBytes() uint32 { return vm.guest.Memory().Size() }

// Logs returns the lines that the guest has logged so far.
func (vm *VM) Logs() []LogLine { return slices.Clone(vm.logs) }

// HostCalls returns how often each proxy_* function was called since the last
// [VM.ResetCalls]. WASI calls are not counted: the Go runtime makes them when it
// likes.
func (vm *VM) HostCalls() map[string]int { return maps.Clone(vm.hostCalls) }

// ResetCalls sets the counts of HostCalls to zero.
func (vm *VM) ResetCalls() { clear(vm.hostCalls) }

func (vm *VM) log(level Level, text string) {
	line := LogLine{level, text}
	vm.logs = append(vm.logs, line)
	vm.options.Log(line)
}
