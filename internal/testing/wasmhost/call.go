package wasmhost

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// hostFunc answers one call of the guest.
type hostFunc func(call) Status

// call is one call of the guest: its VM and its arguments.
type call struct {
	vm   *VM
	args []uint64
}

// fault is panicked when the guest names memory it does not have; [VM.answer]
// turns it into a status, which spares every host call the check.
type fault struct{}

// answer applies what holds for every host call, then makes it.
func (vm *VM) answer(name string, f hostFunc, args []uint64) (status Status) {
	if !vm.permitted(name) {
		panic(fmt.Errorf("restricted_callback: %s", name)) // a trap, as in Envoy
	}
	badMemory := wasiFault
	if strings.HasPrefix(name, "proxy_") {
		badMemory = InvalidMemoryAccess
		vm.hostCalls[name]++
	}
	if injected := vm.options.Fail(name); injected != OK {
		return injected
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case fault:
			status = badMemory
		default:
			panic(r)
		}
	}()
	return f(call{vm, args})
}

// u32 is the i-th argument.
func (c call) u32(i int) uint32 { return uint32(c.args[i]) }

// bytes is the guest memory to which arguments i and i+1 point. It is only
// valid until the guest runs again.
func (c call) bytes(i int) []byte { return c.memory(c.u32(i), c.u32(i+1)) }

// text is a copy of bytes.
func (c call) text(i int) string { return string(c.bytes(i)) }

func (c call) memory(address, size uint32) []byte {
	b, ok := c.vm.guest.Memory().Read(address, size)
	if !ok {
		panic(fault{})
	}
	return b
}

// put32 stores v where argument i points.
func (c call) put32(i int, v uint32) {
	binary.LittleEndian.PutUint32(c.memory(c.u32(i), 4), v)
}

// put64 stores v where argument i points.
func (c call) put64(i int, v uint64) {
	binary.LittleEndian.PutUint64(c.memory(c.u32(i), 8), v)
}

// give copies b into memory the guest allocates for it, and stores address and
// size where arguments i and i+1 point. It does not allocate for nothing.
func (c call) give(i int, b []byte) {
	var address uint32
	if len(b) > 0 {
		address = c.vm.allocate(uint32(len(b)))
		copy(c.memory(address, uint32(len(b))), b)
	}
	c.put32(i, address)
	c.put32(i+1, uint32(len(b)))
}

// allocate asks the guest for memory. While the guest allocates it may make
// next to no host call; if it traps, so does the host call that needed memory.
func (vm *VM) allocate(size uint32) uint32 {
	vm.phase = allocating
	defer func() { vm.phase = running }()
	address, err := vm.guest.ExportedFunction("proxy_on_memory_allocate").Call(vm.ctx, uint64(size))
	if err != nil {
		panic(err)
	}
	return uint32(address[0])
}

// phase says which host calls the guest may make.
type phase int

const (
	running phase = iota
	initializing
	allocating
)

// permitted reports whether the guest may make a call in the present phase.
func (vm *VM) permitted(name string) bool {
	switch {
	case vm.phase == running, name == "proxy_log", name == "fd_write", name == "clock_time_get":
		return true
	case name == "poll_oneoff":
		return !vm.options.OldPoll
	case vm.phase == allocating:
		return false
	}
	switch name {
	case "fd_read", "fd_seek", "fd_close", "path_open", "proc_exit", "sched_yield":
		return false
	}
	return !strings.HasPrefix(name, "proxy_")
}
