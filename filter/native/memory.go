//go:build native

package main

import (
	"runtime/debug"
	"sync"
	"syscall"
)

const (
	// otherMemory is what the process's Go may take beside what belongs to a worker: the library,
	// configurations, keys, and garbage that is not collected yet.
	otherMemory = 128 << 20
	// workerMemory is what a worker may take beside what waits in it: its caches of tokens, routes and
	// decisions (at most 40 MiB), and garbage.
	workerMemory = 64 << 20
)

var memory struct {
	sync.Mutex
	limit int64 // bytes; 0 before the first configuration
}

// limitMemory makes Go's garbage collector work harder as the memory comes near to what the workers
// may hold by a configuration, of which each lets waiting bytes wait. Without a limit the collector
// lets garbage grow to the size of what is in use. The limit is that of the configuration which lets
// most wait. A GOMEMLIMIT in Envoy's environment takes its place.
func limitMemory(workers, waiting int) {
	if _, given := syscall.Getenv("GOMEMLIMIT"); given {
		return
	}
	memory.Lock()
	defer memory.Unlock()
	if limit := int64(workers)*int64(waiting+workerMemory) + otherMemory; limit > memory.limit {
		memory.limit = limit
		debug.SetMemoryLimit(limit)
	}
}
