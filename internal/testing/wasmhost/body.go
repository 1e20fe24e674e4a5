package wasmhost

import "bytes"

// body is one direction's body between its sender and its receiver.
type body struct {
	chunk []byte  // just arrived
	held  []byte  // kept back by the guest
	sent  []byte  // let through by the guest
	view  *[]byte // what the guest sees: held, chunk or nothing
}

// offer shows the guest a chunk: by itself, or if the guest is buffering, at
// the end of everything held.
func (b *body) offer(chunk []byte) {
	if b.view == &b.held {
		b.held = append(b.held, chunk...)
		return
	}
	b.chunk = bytes.Clone(chunk)
	b.view = &b.chunk
}

// settle disposes of the chunk as the guest decided. Pause, for a body, means
// to buffer.
func (b *body) settle(a Action) {
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

// release lets everything held pass, out of the guest's sight.
func (b *body) release() {
	b.sent = append(b.sent, b.held...)
	b.held, b.view = nil, nil
}

// slice is the part of data from start, at most size bytes.
func slice(data []byte, start, size uint32) []byte {
	from := min(uint64(start), uint64(len(data)))
	to := min(from+uint64(size), uint64(len(data)))
	return data[from:to]
}

// replace puts content before, after or in place of the body; Envoy allows no
// other edit.
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
