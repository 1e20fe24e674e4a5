package wasmhost

import (
	"maps"
	"slices"
	"time"
)

// plugin is what a root context has beyond other contexts.
type plugin struct {
	configured bool
	retired    bool // another configuration has taken its place
	done       bool // proxy_on_done has been called
	pending    bool // the guest will say itself when it is done
	streams    int
	tick       time.Duration
	reply      *callReply // to a call, in its callback
}

// Configure gives the plugin a configuration and reports whether it accepts
// it; the error is a trap. As in Envoy a further configuration gets a new root
// context: it takes over if it is accepted, and the old one ends with its last
// stream.
func (vm *VM) Configure(config string) (bool, error) {
	root := vm.root
	if root.plugin.configured {
		next, err := vm.start()
		if err != nil {
			return false, err
		}
		root = next
	}
	vm.config = &config
	ok := vm.run(root, "proxy_on_configure", 1, uint64(len(config)))
	vm.config = nil
	if vm.failure != nil || ok == 0 {
		return false, vm.failure
	}
	root.plugin.configured = true
	if old := vm.root; old != root {
		vm.root = root
		old.plugin.retired = true
		old.end()
	}
	return true, vm.failure
}

// TickPeriod is the period the plugin has asked for; zero is none.
func (vm *VM) TickPeriod() time.Duration { return vm.root.plugin.tick }

// Tick lets one tick period pass, of each configuration that has asked for one:
// also of those that another has replaced and whose streams have not ended.
func (vm *VM) Tick() error {
	for _, id := range slices.Sorted(maps.Keys(vm.contexts)) {
		if s := vm.contexts[id]; s != nil && s.parent == nil && s.plugin.configured && s.plugin.tick > 0 {
			vm.run(s, "proxy_on_tick", 0)
		}
	}
	return vm.failure
}

// Close ends the open streams and the plugin, and frees the VM unless the guest
// asks to finish first.
func (vm *VM) Close() error {
	for _, id := range slices.Sorted(maps.Keys(vm.contexts)) {
		if s := vm.contexts[id]; s != nil && s.parent != nil {
			_ = s.Close() // returned below
		}
	}
	vm.root.plugin.retired = true
	vm.root.end()
	return vm.failure
}

// end ends a retired root context once it has no streams.
func (s *Stream) end() {
	p := &s.plugin
	if !p.retired || p.streams > 0 || p.done {
		return
	}
	p.done = true
	if s.vm.run(s, "proxy_on_done", 1) == 0 {
		p.pending = true
		return
	}
	s.delete()
}

// delete ends a context. The VM goes with the root context in force.
func (s *Stream) delete() {
	vm := s.vm
	vm.run(s, "proxy_on_delete", 0)
	delete(vm.contexts, s.id)
	vm.cancel(s)
	if s == vm.root {
		_ = vm.guest.Close(vm.ctx) // has nothing to report but its exit code
	}
}
