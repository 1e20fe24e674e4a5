//go:build wasip1

package main

import (
	"runtime/debug"
	"syscall"
)

// otherMemory is what a VM may take beside what waits: the program, its caches, and
// garbage that is not collected yet.
const otherMemory = 384 << 20

// limitMemory makes the garbage collector work harder as the memory comes near to a
// limit, which is far below the 1 GiB at which the host ends the VM. It is a second
// net: without it the collector lets garbage grow to the size of what is in use. The
// limit is that of the plugin which lets most wait. A GOMEMLIMIT in the VM's
// environment takes its place.
func (v *vm) limitMemory(waiting int) {
	if _, given := syscall.Getenv("GOMEMLIMIT"); given {
		return
	}
	v.limit = max(v.limit, int64(waiting)+otherMemory)
	debug.SetMemoryLimit(v.limit)
}
