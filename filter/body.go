//go:build wasip1

package main

import (
	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// pipe is the body of a request on its way past the gate. The host keeps what
// may not flow yet, and shows all of it again with each piece that comes: only
// what is new is read. Where a part of a piece may flow and the rest may not,
// the rest is kept here, since a host cannot be told to keep the end of what it
// has.
type pipe struct {
	reads bool   // the gate wants it
	seen  int    // bytes of the host's buffer that the gate has read
	free  int    // bytes that may flow, those of rest first
	rest  []byte // before those in the host's buffer

	// While the gate waits for keys: what has come meanwhile.
	waits     bool // something has
	size      int
	end       bool
	trailered bool
}

// maxSplit bounds what is copied to take a part of it away, in bytes.
const maxSplit = 1 << 20

// hold performs a Hold: of the head, where the body has not begun.
func (s *stream) hold(step gate.Step) types.Action {
	if err := apply(abi.RequestHeaders, step.Edit); err != nil {
		return s.fault("request headers", err)
	}
	s.request.reads = true
	return let(step.Head && !s.answered)
}

func (s *stream) requestBody(size int, end bool) (action types.Action) {
	defer s.guard(&action)
	switch r := &s.request; {
	case s.ring != nil:
		r.waits, r.size, r.end = true, size, end
	case r.reads && !s.answered:
		return s.read(size, end)
	}
	return s.next()
}

// catchUp reads what came while the gate waited for keys.
func (s *stream) catchUp() types.Action {
	r := &s.request
	action := s.next()
	if r.reads && (r.size > 0 || r.end) {
		action = s.read(r.size, r.end)
	}
	if r.reads && r.trailered {
		action = s.perform(s.exchange.Trailers(s.env(keys.NoWait), gate.Upstream, nil))
	}
	r.waits = false
	return action
}

// read shows the gate what is new in the host's buffer.
func (s *stream) read(size int, end bool) types.Action {
	env, r := s.env(keys.NoWait), &s.request
	for more := r.seen < size || end; more; more = r.seen < size {
		var chunk []byte
		if n := min(size-r.seen, abi.MaxPiece); n > 0 {
			var err error
			if chunk, err = abi.RequestBody.Piece(r.seen, n); err != nil || len(chunk) != n {
				return s.fault("request body", err)
			}
		}
		r.seen += len(chunk)
		step := s.exchange.Body(env, gate.Upstream, chunk, end && r.seen == size)
		if step.Act != gate.Hold {
			return s.perform(step)
		}
		r.free += step.Release
		if err := apply(abi.RequestHeaders, step.Edit); err != nil {
			return s.fault("request headers", err)
		}
	}
	flows, err := r.flow()
	if err != nil {
		return s.fault("request body", err)
	}
	return let(flows && !s.answered)
}

// flow lets go what may, and says whether anything does.
func (r *pipe) flow() (flows bool, err error) {
	held := len(r.rest) + r.seen
	if r.free == 0 || r.free < held && held > maxSplit {
		return false, nil
	}
	if r.free == held {
		return true, r.flush()
	}
	all := r.rest
	if r.seen > 0 {
		buffer, err := abi.RequestBody.Bytes(0, r.seen)
		if err != nil {
			return false, err
		}
		all = append(all, buffer...)
	}
	r.rest, r.seen = append([]byte(nil), all[r.free:]...), 0
	all, r.free = all[:r.free], 0
	return true, abi.RequestBody.Replace(all)
}

// flush puts what is kept here back before what the host has.
func (r *pipe) flush() error {
	rest := r.rest
	r.rest, r.seen, r.free = nil, 0, 0
	if len(rest) == 0 {
		return nil
	}
	return abi.RequestBody.Prepend(rest)
}

func (s *stream) requestTrailers() (action types.Action) {
	defer s.guard(&action)
	if !s.asked || s.answered {
		return s.refuse(reason.Internal)
	}
	pairs, err := abi.RequestTrailers.Pairs()
	if err != nil {
		return s.fault("request trailers", err)
	}
	step := s.exchange.Trailers(s.env(keys.NoWait), gate.Upstream, pairs)
	if s.ring != nil && step.Act == gate.Hold {
		s.request.waits, s.request.trailered = true, true
		return s.next()
	}
	return s.perform(step)
}
