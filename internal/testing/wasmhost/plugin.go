package wasmhost

import (
	"maps"
	"slices"
	"time"
)

// plugin has the fields that only root contexts use.
type plugin struct {
	configured bool
	retired    bool // another configuration has replaced it
	done       bool // proxy_on_done has been called
	pending    bool // the guest will call proxy_done
	streams    int
	tick       time.Duration
	reply      *callReply // the response to a call, during its callback
}

// Configure passes the plugin a configuration and reports whether the plugin accepts
// it. The error is a trap. As in Envoy, each further configuration gets a root
// context of its own. If it is accepted it replaces the old one, which ends with its
// last stream.
func (vm *VM) Configure(config string) (bool, error) {
	root := vm.root
	if root.plugin.configured {
		next, err := vm.startRoot()
		if err != nil {
			return false, err
		}
		root = next
	}
	vm.config = &config
	ok := vm.runCallback(root, "proxy_on_configure", 1, uint64(len(config)))
	vm.config = nil
	if vm.failure != nil || ok == 0 {
		return false, vm.failure
	}
	root.plugin.configured = true
	if old := vm.root; old != root {
		vm.root = root
		old.plugin.retired = true
		old.endIfIdle()
	}
	return true, vm.failure
}

// TickPeriod returns the period that the plugin has set; zero is none.
func (vm *VM) TickPeriod() time.Duration { return vm.root.plugin.tick }

// Tick delivers one tick to each configuration that has set a period, also to those
// that were replaced and still have streams.
func (vm *VM) Tick() error {
	for _, id := range slices.Sorted(maps.Keys(vm.contexts)) {
		if s := vm.contexts[id]; s != nil && s.parent == nil && s.plugin.configured && s.plugin.tick > 0 {
			vm.runCallback(s, "proxy_on_tick", 0)
		}
	}
	return vm.failure
}

// Close ends the open streams and the plugin, and frees the VM, unless the guest
// asks to be done later.
func (vm *VM) Close() error {
	for _, id := range slices.Sorted(maps.Keys(vm.contexts)) {
		if s := vm.contexts[id]; s != nil && s.parent != nil {
			_ = s.Close() // returned below
		}
	}
	vm.root.plugin.retired = true
	vm.root.endIfIdle()
	return vm.failure
}

// endIfIdle ends a root context that was replaced and has no streams.
func (s *Stream) endIfIdle() {
	p := &s.plugin
	if !p.retired || p.streams > 0 || p.done {
		return
	}
	p.done = true
	if s.vm.runCallback(s, "proxy_on_done", 1) == 0 {
		p.pending = true
		return
	}
	s.delete()
}

// delete ends a context. With the root context in force, the VM ends.
func (s *Stream) delete() {
	vm := s.vm
	vm.runCallback(s, "proxy_on_delete", 0)
	delete(vm.contexts, s.id)
	vm.cancelCalls(s)
	if s == vm.root {
		_ = vm.guest.Close(vm.ctx) // has nothing to report but its exit code
	}
}
