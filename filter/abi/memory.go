//go:build wasip1

package abi

import "unsafe"

const (
	// blockSize holds the headers of nearly every request, with a token and what
	// else is asked for; what does not fit comes from the heap.
	blockSize = 8 << 10
	// pieceSize is the most of a body that is read at a time: the memory of a
	// module never shrinks.
	pieceSize = 64 << 10
)

var (
	block = make([]byte, 0, blockSize)   // what the host has handed over in this callback
	pairs = make([][2]string, 0, 64)     // the last header map
	piece []byte                         // of a body; made when there is one
	given []byte                         // what the host has asked for last
	whole = true                         // what it asks for is not a piece of a body
	out   struct{ data, size, n uint32 } // where the host puts its results: nothing of a stack, which may move
	empty [1]byte
)

// Enter begins a callback.
func Enter() {
	poison(block)
	poison(piece)
	block = block[:0]
}

// Keep leaves to the caller what the host has handed over in this callback, but
// for pieces of bodies.
func Keep() {
	block, pairs = make([]byte, 0, blockSize), make([][2]string, 0, cap(pairs))
}

// allocate is where the host gets memory, while it carries out a call of ours.
//
//go:wasmexport proxy_on_memory_allocate
func allocate(size uint32) *byte {
	n, used := int(size), len(block)
	switch {
	case n == 0:
		return &empty[0]
	case !whole && n <= len(piece):
		given = piece[:n]
	case n <= cap(block)-used:
		block = block[:used+n]
		given = block[used:]
	default:
		given = make([]byte, n)
	}
	return unsafe.SliceData(given)
}

// taken is what the host has handed over with a call.
func taken(s Status) ([]byte, error) {
	b := given
	given = nil
	switch {
	case s != 0:
		return nil, s
	case out.size == 0:
		return nil, nil
	case int(out.size) != len(b) || uintptr(out.data) != uintptr(unsafe.Pointer(unsafe.SliceData(b))):
		return nil, Internal // it is elsewhere than it was asked to be
	}
	return b, nil
}
