package driver

import (
	"math"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
)

// ResponseHeaders passes the head of a response to the gate if the gate needs it.
// The host also calls it for the filter's own local replies, which pass.
func (s *Stream) ResponseHeaders(end bool) (a Action) {
	defer s.refuseOnPanic(&a)
	if s.replied || !s.exchange.NeedsResponse() {
		return action(true)
	}
	pairs, err := s.request.Headers(ResponseHeaders, math.MaxInt)
	if err != nil {
		return s.hostFailed("response headers", err)
	}
	step := s.exchange.Respond(s.env(keys.NoWait), pairs, end)
	switch step.Act {
	case gate.Forward:
		if err := s.editHeaders(ResponseHeaders, step.Edit); err != nil {
			return s.hostFailed("response headers", err)
		}
		return action(true)
	case gate.Hold:
		if err := s.editHeaders(ResponseHeaders, step.Edit); err != nil {
			return s.hostFailed("response headers", err)
		}
		s.holdsResponse = true
		return action(step.Head)
	}
	return s.perform(step)
}

// ResponseBody holds a response that the gate trims or signs. The host buffers it, and the
// last call reads all of it.
func (s *Stream) ResponseBody(size int, end bool) (a Action) {
	defer s.refuseOnPanic(&a)
	if !s.holdsResponse || s.replied {
		return action(true)
	}
	switch step, ok := s.holds(size); {
	case !ok && step.Act == gate.Forward: // too long to be signed
		s.holdsResponse = false
		return action(true)
	case !ok:
		return s.perform(step)
	}
	if s.responseSize = size; end {
		return s.finishResponse()
	}
	return action(false)
}

func (s *Stream) ResponseTrailers() (a Action) {
	defer s.refuseOnPanic(&a)
	if s.holdsResponse && !s.replied {
		return s.finishResponse()
	}
	return action(true)
}

// finishResponse passes the whole held response to the gate, which signs it, or replaces
// it with what it leaves of it.
func (s *Stream) finishResponse() Action {
	env := s.env(keys.NoWait)
	for read := 0; ; {
		var chunk []byte
		if n := min(s.responseSize-read, MaxChunk); n > 0 {
			var err error
			if chunk, err = s.request.Chunk(ResponseBody, read, n); err != nil || len(chunk) == 0 {
				return s.hostFailed("response body", err)
			}
		}
		read += len(chunk)
		step := s.exchange.Body(env, gate.Downstream, chunk, read == s.responseSize)
		switch step.Act {
		case gate.Hold:
			continue
		case gate.Forward:
			s.holdsResponse = false
			s.holds(0) // less is never too much
			if err := s.editHeaders(ResponseHeaders, step.Edit); err != nil {
				return s.hostFailed("response headers", err)
			}
			if step.Body == nil { // it is signed as it is
				return action(true)
			}
			if err := s.request.Replace(ResponseBody, step.Body); err != nil {
				return s.hostFailed("response body", err)
			}
			return action(true)
		}
		return s.perform(step)
	}
}
