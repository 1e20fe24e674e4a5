//go:build wasip1

package abi

import "unsafe"

// arenaSize fits the headers of nearly every request, its token, and the other
// results of one callback.
const arenaSize = 8 << 10

// largeSize fits the longest headers that Envoy takes by default. One result of a
// callback that the arena does not fit goes there, others to the heap: else long heads
// would be garbage faster than it is collected.
const largeSize = 128 << 10

// Package doc, "One thread", says why these variables need no lock.
var (
	arena     = make([]byte, 0, arenaSize) // results of the present callback
	pairsBuf  = make([][2]string, 0, 64)   // the last header map
	largeBuf  []byte                       // a result that arena does not fit; allocated for the first one
	largeUsed bool                         // by the present callback
	bodyBuf   []byte                       // the last chunk of a body; allocated for the first one
	chunkMode bool                         // the host is to fill bodyBuf
	lastAlloc []byte                       // what the host has allocated last
	emptyBuf  [1]byte                      // the address of an allocation of no bytes

	// outParams is where the host writes its results. These are package variables
	// because the host writes to an address, and Go may move a stack.
	outParams struct {
		data, size, n uint32
		time          uint64
	}
)

// BeginCallback makes the memory of the previous callback available again. Every
// callback calls it first.
func BeginCallback() {
	poison(arena)
	poison(bodyBuf)
	poison(largeBuf)
	arena, largeUsed = arena[:0], false
}

// KeepResults makes all results of the present callback, except chunks of bodies,
// valid for as long as they are referenced.
func KeepResults() {
	arena, pairsBuf, largeBuf = make([]byte, 0, arenaSize), make([][2]string, 0, cap(pairsBuf)), nil
}

// allocate gives the host memory for a result, while the host performs a call.
//
//go:wasmexport proxy_on_memory_allocate
func allocate(size uint32) *byte {
	n, used := int(size), len(arena)
	switch {
	case n == 0:
		return &emptyBuf[0]
	case chunkMode && n <= len(bodyBuf):
		lastAlloc = bodyBuf[:n]
	case n <= cap(arena)-used:
		arena = arena[:used+n]
		lastAlloc = arena[used:]
	case n <= largeSize && !largeUsed:
		if largeBuf == nil {
			largeBuf = make([]byte, largeSize)
		}
		largeUsed = true
		lastAlloc = largeBuf[:n]
	default:
		lastAlloc = make([]byte, n)
	}
	return unsafe.SliceData(lastAlloc)
}

// hostResult returns the bytes that a host call has returned through outParams.
func hostResult(s Status) ([]byte, error) {
	b := lastAlloc
	lastAlloc = nil
	switch {
	case s != 0:
		return nil, s
	case outParams.size == 0:
		return nil, nil
	case int(outParams.size) != len(b) || uintptr(outParams.data) != uintptr(unsafe.Pointer(unsafe.SliceData(b))):
		return nil, Internal // the result is not in the memory that the host allocated for it
	}
	return b, nil
}
