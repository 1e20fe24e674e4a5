package driver

import (
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/headonly"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
)

// bodyBuffer holds a request's body back until the gate releases it. The host
// buffers what is not released, and shows its whole buffer again in each callback,
// so only the new part of it is read. A host cannot release a part of its buffer
// and keep the rest. Where that is needed, the rest is moved to this struct.
type bodyBuffer struct {
	wanted   bool   // the gate reads the body
	again    bool   // what is released has gone, and the gate refuses what comes after it
	taken    bool   // what is held is moved to rest: see takeBody
	read     int    // bytes of the host's buffer that the gate has read
	released int    // bytes that may be forwarded, counted from the start of rest
	rest     []byte // what was moved here; it comes before the host's buffer

	// What arrived while the request waited for a key.
	arrived  bool // anything
	size     int  // of the host's buffer
	end      bool
	trailers bool
}

// MaxChunk is the most bytes that are read at once. The memory of a Wasm module never
// shrinks, so bodies are read in pieces.
const MaxChunk = 64 << 10

// maxSplitBytes is the most that is copied in order to forward a part of it. If
// more is held, all of it waits until it is released.
const maxSplitBytes = 1 << 20

// holdBody performs a Hold: the body waits, and the head too unless the step
// forwards it.
func (s *Stream) holdBody(step gate.Step) Action {
	if err := s.editHeaders(RequestHeaders, step.Edit); err != nil {
		return s.hostFailed("request headers", err)
	}
	s.exchange.DropHead()
	s.worker.reportWaiting()
	s.body.wanted, s.body.taken = true, step.Take
	return action(step.Head && !s.replied)
}

func (s *Stream) RequestBody(size int, end bool) (a Action) {
	defer s.refuseOnPanic(&a)
	switch b := &s.body; {
	case s.waitsFor != nil:
		b.arrived, b.size, b.end = true, size, end
		if step, ok := s.holds(size); !ok {
			return s.perform(step)
		}
	case b.wanted && !s.replied:
		return s.readBody(size, end)
	}
	return s.requestAction()
}

// readArrived reads what arrived while the request waited for a key.
func (s *Stream) readArrived() Action {
	b := &s.body
	a := s.requestAction()
	if b.wanted && (b.size > 0 || b.end) {
		a = s.readBody(b.size, b.end)
	}
	if b.wanted && b.trailers {
		a = s.perform(s.exchange.Trailers(s.env(keys.NoWait), gate.Upstream, nil))
	}
	b.arrived = false
	return a
}

// readBody passes the new part of the host's buffer, which now has size bytes, to
// the gate.
func (s *Stream) readBody(size int, end bool) Action {
	if headonly.Enabled {
		return s.Refuse(reason.Internal)
	}
	env, b := s.env(keys.NoWait), &s.body
	if b.taken {
		return s.takeBody(size, end)
	}
	for more := b.read < size || end; more; more = b.read < size {
		var chunk []byte
		if n := min(size-b.read, MaxChunk); n > 0 {
			var err error
			if chunk, err = s.request.Chunk(RequestBody, b.read, n); err != nil || len(chunk) == 0 {
				return s.hostFailed("request body", err)
			}
		}
		b.read += len(chunk)
		step := s.exchange.Body(env, gate.Upstream, chunk, end && b.read == size)
		if step.Act != gate.Hold {
			return s.perform(step)
		}
		b.released += step.Release
		if err := s.sendHead(&step); err != nil {
			return s.hostFailed("request headers", err)
		}
		if step.Again {
			return s.forwardBeforeRefusal()
		}
	}
	if step, ok := s.holds(b.heldBack()); !ok {
		return s.perform(step)
	}
	forward, err := s.forwardReleased()
	if err != nil {
		return s.hostFailed("request body", err)
	}
	return action(forward && !s.replied)
}

// takeBody is readBody for a body of which the last bytes wait whatever it is. The
// host's buffer may have no room for them beside what comes next. So they are moved to
// rest, and the host keeps nothing.
func (s *Stream) takeBody(size int, end bool) Action {
	b := &s.body
	content, err := s.request.Bytes(RequestBody, 0, size)
	if err != nil || len(content) != size {
		return s.hostFailed("request body", err)
	}
	step := s.exchange.Body(s.env(keys.NoWait), gate.Upstream, content, end)
	if step.Act != gate.Hold {
		return s.perform(step)
	}
	if err := s.sendHead(&step); err != nil {
		return s.hostFailed("request headers", err)
	}
	first := min(step.Release, len(b.rest)) // what goes of rest, and then of the content
	cut := step.Release - first
	if err = s.request.Replace(RequestBody, content[:cut]); err == nil && first > 0 {
		err = s.request.Prepend(RequestBody, b.rest[:first])
	}
	if err != nil {
		return s.hostFailed("request body", err)
	}
	if first > 0 { // else a long body would be copied with each of its parts
		b.rest = append(b.rest[:0], b.rest[first:]...)
	}
	b.rest = append(b.rest, content[cut:]...)
	if step, ok := s.holds(len(b.rest)); !ok {
		return s.perform(step)
	}
	switch {
	case step.Release > 0:
		return action(!s.replied)
	case b.arrived: // the host has buffered them for a request that waited, and goes on to
		return action(false)
	}
	return NoBuffer
}

// holds tells the gate how many bytes are held back for it. If that is too much, ok is
// false, and the step ends the request.
func (s *Stream) holds(size int) (step gate.Step, ok bool) {
	step, ok = s.exchange.HostHolds(size)
	s.worker.reportWaiting()
	return step, ok
}

// held returns how many bytes are in rest and in the host's buffer.
func (b *bodyBuffer) held() int { return len(b.rest) + b.read }

// canForward reports whether what is released is forwarded now.
func (b *bodyBuffer) canForward() bool {
	return b.released > 0 && (b.released == b.held() || b.held() <= maxSplitBytes)
}

// heldBack returns how many bytes are held when what can be forwarded is.
func (b *bodyBuffer) heldBack() int {
	if b.canForward() {
		return b.held() - b.released
	}
	return b.held()
}

// forwardReleased leaves in the host's buffer what may be forwarded, and reports
// whether there is anything.
func (s *Stream) forwardReleased() (forward bool, err error) {
	b := &s.body
	switch {
	case !b.canForward():
		return false, nil
	case b.released == b.held():
		return true, s.returnRest()
	}
	all := b.rest
	if b.read > 0 {
		content, err := s.request.Bytes(RequestBody, 0, b.read)
		if err != nil {
			return false, err
		}
		if all = content; len(b.rest) > 0 {
			all = append(b.rest, content...)
		}
	}
	b.rest, b.read = append([]byte(nil), all[b.released:]...), 0
	all, b.released = all[:b.released], 0
	return true, s.request.Replace(RequestBody, all)
}

// returnRest puts rest back into the host's buffer, before its content.
func (s *Stream) returnRest() error {
	b := &s.body
	rest := b.rest
	b.rest, b.read, b.released = nil, 0, 0
	if len(rest) == 0 {
		return nil
	}
	return s.request.Prepend(RequestBody, rest)
}
