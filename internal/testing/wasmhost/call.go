package wasmhost

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// hostFunc performs one host call.
type hostFunc func(call) Status

// call is one host call: the VM that makes it, and its arguments.
type call struct {
	vm   *VM
	args []uint64
}

// badAddress is the value of a panic when the guest passes an address outside its
// memory. [VM.dispatch] turns it into a status, so no host call has to check.
type badAddress struct{}

// dispatch checks what applies to every host call, and performs it.
func (vm *VM) dispatch(name string, f hostFunc, args []uint64) (status Status) {
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
		case badAddress:
			status = badMemory
		default:
			panic(r)
		}
	}()
	return f(call{vm, args})
}

// u32 returns argument i.
func (c call) u32(i int) uint32 { return uint32(c.args[i]) }

// bytes returns the guest memory at the address in argument i, with the size in
// argument i+1. It is valid until the guest runs again.
func (c call) bytes(i int) []byte { return c.memory(c.u32(i), c.u32(i+1)) }

// text returns a copy of bytes.
func (c call) text(i int) string { return string(c.bytes(i)) }

// memory returns the guest memory at an address.
func (c call) memory(address, size uint32) []byte {
	b, ok := c.vm.guest.Memory().Read(address, size)
	if !ok {
		panic(badAddress{})
	}
	return b
}

// put32 stores v at the address in argument i.
func (c call) put32(i int, v uint32) {
	binary.LittleEndian.PutUint32(c.memory(c.u32(i), 4), v)
}

// put64 stores v at the address in argument i.
func (c call) put64(i int, v uint64) {
	binary.LittleEndian.PutUint64(c.memory(c.u32(i), 8), v)
}

// returnBytes copies b into memory that the guest allocates for it. It stores the
// address and the size at the addresses in arguments i and i+1. For no bytes it
// allocates nothing.
func (c call) returnBytes(i int, b []byte) {
	var address uint32
	if len(b) > 0 {
		address = c.vm.allocate(uint32(len(b)))
		copy(c.memory(address, uint32(len(b))), b)
	}
	c.put32(i, address)
	c.put32(i+1, uint32(len(b)))
}

// allocate asks the guest for memory. While the guest allocates, it may make almost
// no host calls. If it traps, the host call that needs the memory traps too.
func (vm *VM) allocate(size uint32) uint32 {
	vm.phase = allocating
	defer func() { vm.phase = running }()
	address, err := vm.guest.ExportedFunction("proxy_on_memory_allocate").Call(vm.ctx, uint64(size))
	if err != nil {
		panic(err)
	}
	return uint32(address[0])
}

// phase decides which host calls the guest may make.
type phase int

const (
	running phase = iota
	initializing
	allocating
)

// permitted reports whether the guest may make a host call in the present phase.
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
