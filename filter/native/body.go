package main

import (
	"unsafe"
)

// A piece is a part of a body in Envoy's memory: an envoy_dynamic_module_type_envoy_buffer.
type piece struct {
	ptr  *byte
	size uintptr
}

func (p piece) bytes() []byte { return unsafe.Slice(p.ptr, p.size) }

// chunkOf returns bytes of a list of pieces from position start, at most size and all of one
// piece. It returns none only at the end of the list.
func chunkOf(pieces []piece, start, size int) []byte {
	for _, p := range pieces {
		if start < int(p.size) {
			return p.bytes()[start:min(start+size, int(p.size))]
		}
		start -= int(p.size)
	}
	return nil
}

// appendPieces appends up to size bytes of a list of pieces from position start.
func appendPieces(b []byte, pieces []piece, start, size int) []byte {
	for size > 0 {
		chunk := chunkOf(pieces, start, size)
		if len(chunk) == 0 {
			break
		}
		b = append(b, chunk...)
		start, size = start+len(chunk), size-len(chunk)
	}
	return b
}

// keepsAll is how many bytes of a body stay that is not replaced.
const keepsAll = ^uint64(0)

// bodyEdit is what a hook changes of a body. It is performed after the hook, so that what the hook
// has read of the body stays valid until then.
type bodyEdit struct {
	edited bool
	front  []byte // comes before what stays
	keep   uint64 // how many bytes stay, from the start
}

// replace replaces the whole body. content may be the start of what the body is.
func (e *bodyEdit) replace(content, whole []byte) {
	e.edited, e.front, e.keep = true, nil, 0
	if len(content) > 0 && len(whole) >= len(content) && &content[0] == &whole[0] {
		e.keep = uint64(len(content))
		return
	}
	e.front = append(e.front, content...)
}

// prepend inserts bytes before all that the body is now.
func (e *bodyEdit) prepend(content []byte) {
	if !e.edited {
		e.edited, e.keep = true, keepsAll
	}
	e.front = append(append([]byte(nil), content...), e.front...)
}
