package wasmhost

import "bytes"

// body is the body of a request or response.
type body struct {
	chunk []byte  // has just arrived
	held  []byte  // the guest holds it back
	sent  []byte  // the guest has forwarded it
	view  *[]byte // what the guest can read and edit: held, chunk or nil
}

// show makes a chunk visible to the guest: alone, or after the held bytes if the
// guest is buffering.
func (b *body) show(chunk []byte) {
	if b.view == &b.held {
		b.held = append(b.held, chunk...)
		return
	}
	b.chunk = bytes.Clone(chunk)
	b.view = &b.chunk
}

// apply does with the chunk what the guest's action says. For a body, Pause means
// to buffer it.
func (b *body) apply(a Action) {
	if a != stopNoBuffer {
		b.held = append(b.held, b.chunk...)
	}
	b.chunk = nil
	switch a {
	case Continue:
		b.release()
	case Pause:
		b.view = &b.held
	default:
		b.view = &b.chunk
	}
}

// release forwards everything held. The guest no longer sees it.
func (b *body) release() {
	b.sent = append(b.sent, b.held...)
	b.held, b.view = nil, nil
}

// slice returns the part of data from start, at most size bytes.
func slice(data []byte, start, size uint32) []byte {
	from := min(uint64(start), uint64(len(data)))
	to := min(from+uint64(size), uint64(len(data)))
	return data[from:to]
}

// replace inserts content before or after the body, or replaces the body. Envoy
// allows no other edit.
func (b *body) replace(start, size uint32, content []byte) Status {
	if b.view == nil {
		return BadArgument
	}
	old := *b.view
	switch {
	case start == 0 && size == 0:
		*b.view = append(bytes.Clone(content), old...)
	case start == 0 && uint64(size) >= uint64(len(old)):
		*b.view = bytes.Clone(content)
	case start > 0 && uint64(start) >= uint64(len(old)):
		*b.view = append(old, content...)
	default:
		return BadArgument
	}
	return OK
}
