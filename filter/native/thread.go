//go:build native

package main

/*
#include "shim.h"
*/
import "C"

import (
	"runtime"
	"time"
	"unsafe"

	"github.com/modelgate/modelgate/filter/driver"
)

// thread is one of Envoy's workers. Only its own thread uses it.
type thread struct {
	driver   *driver.Thread
	commands commands // of the hook that runs
	requests []*request
	free     []uint32 // indexes of requests that are no stream's
	pieces   []piece  // memory for a request's
	scratch  []byte   // memory for what Bytes returns
	copies   poison

	now     time.Time // when a hook asked for the time last
	yielded time.Time // when yield has yielded last
}

// yieldPeriod is less than the 10 ms after which Go's runtime takes a processor away from a thread
// that has called C (forcePreemptNS in retake of runtime/proc.go, Go 1.26).
const yieldPeriod = 5 * time.Millisecond

// yield has Go's scheduler run now and then. A thread on which it has not run for 10 ms loses its
// processor whenever it returns to C. It has to find another for its next hook then, and to wake
// the runtime's monitor, whose thread would take more time than the hooks (seen with Go 1.26.8).
func (t *thread) yield() {
	if t.now.Sub(t.yielded) > yieldPeriod {
		t.yielded = t.now
		runtime.Gosched()
	}
}

// threads are the workers' threads, by index. The first hook of each creates its own.
var threads []*thread

// maxScratch is the most memory for a body's bytes that a thread keeps between hooks.
const maxScratch = 1 << 20

// threadOf returns the thread of a worker, which calls it.
func threadOf(w *C.struct_worker) *thread {
	if t := threads[w.index]; t != nil {
		return t
	}
	t := &thread{}
	t.commands.grow = func(size int) []byte {
		memory := C.shim_grow(w, C.size_t(size))
		if memory == nil {
			return nil
		}
		return unsafe.Slice((*byte)(unsafe.Pointer(memory)), size)
	}
	t.driver = driver.NewThread(workerHost{thread: t, commands: &t.commands})
	threads[w.index] = t
	return t
}

// begin prepares the thread for a hook.
func (t *thread) begin(w *C.struct_worker) {
	c := &t.commands
	c.memory, c.used, c.failed = unsafe.Slice((*byte)(unsafe.Pointer(w.commands)), w.size), 0, false
}

// add returns the request of a new stream, with its handle: the index, and how often it has been
// used, so that a handle of an ended stream is none of another's.
func (t *thread) add() *request {
	if n := len(t.free); n > 0 {
		r := t.requests[t.free[n-1]]
		t.free = t.free[:n-1]
		r.generation++
		return r
	}
	r := &request{thread: t, index: uint32(len(t.requests)), generation: 1}
	t.requests = append(t.requests, r)
	return r
}

func (r *request) handle() uint64 { return uint64(r.generation)<<32 | uint64(r.index) }

// find returns the request with a handle, or nil.
func (t *thread) find(handle uint64) *request {
	if index := uint32(handle); int(index) < len(t.requests) {
		if r := t.requests[index]; r.stream != nil && r.generation == uint32(handle>>32) {
			return r
		}
	}
	return nil
}

// end ends the stream of a request.
func (r *request) end() {
	r.stream.End()
	if r.alarm != nil {
		r.alarm.stop()
	}
	r.stream, r.config, r.pairs, r.alarm = nil, nil, nil, nil
	r.whole, r.parts, r.edit = nil, [2]bodyPart{}, [2]bodyEdit{} // no body is kept for the next stream
	r.thread.free = append(r.thread.free, r.index)
}
