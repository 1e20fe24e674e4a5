package wasmhost

import "fmt"

// answered reports whether nothing of a direction reaches the guest any more.
func (s *Stream) answered() bool { return s.local != nil && !s.replying || s.reset || s.closing }

func (s *Stream) onHeaders(d direction, pairs [][2]string, end bool) (Action, error) {
	if s.answered() {
		return Pause, s.vm.failure
	}
	m := &s.maps[d.headers()]
	*m = newHeaderMap(pairs, d == request)
	answer, taken := s.callback(d, "headers", stopAll, uint64(len(m.pairs)), flag(end))
	m.open = m.open && taken != Continue // the guest loses sight of what it let go
	s.held[d] = taken != Continue && taken != continueAndEnd
	s.stopped[d] = taken >= stopAllAndBuffer || taken == Pause && !s.vm.options.StopIteration
	s.vm.settle()
	return answer, s.vm.failure
}

func (s *Stream) onBody(d direction, chunk []byte, end bool) (Action, error) {
	if s.holds(d, func() { _, _ = s.onBody(d, chunk, end) }) {
		return Pause, s.vm.failure
	}
	b := &s.bodies[d]
	b.offer(chunk)
	answer, taken := s.callback(d, "body", stopNoBuffer, uint64(len(*b.view)), flag(end))
	b.settle(taken)
	s.held[d] = s.held[d] && taken != Continue
	s.vm.settle()
	return answer, s.vm.failure
}

func (s *Stream) onTrailers(d direction, pairs [][2]string) (Action, error) {
	if s.holds(d, func() { _, _ = s.onTrailers(d, pairs) }) {
		return Pause, s.vm.failure
	}
	m := &s.maps[d.trailers()]
	*m = newHeaderMap(pairs, false)
	answer, taken := s.callback(d, "trailers", Pause, uint64(len(pairs)))
	m.open = taken != Continue
	if taken == Continue {
		s.bodies[d].release()
		s.held[d] = false
	}
	s.vm.settle()
	return answer, s.vm.failure
}

// holds reports whether a part of the body cannot be delivered, keeping it for
// when the guest continues a stream it has stopped.
func (s *Stream) holds(d direction, deliver func()) bool {
	if s.answered() {
		return true
	}
	if s.stopped[d] {
		s.waiting[d] = append(s.waiting[d], deliver)
	}
	return s.stopped[d]
}

// callback asks the guest. Besides its answer it returns how Envoy takes it:
// after a local reply everything stops, whatever the guest says.
func (s *Stream) callback(d direction, part string, stop Action, args ...uint64) (answer, taken Action) {
	args = append([]uint64{uint64(s.id)}, args...)
	result, err := s.vm.call(s, fmt.Sprintf("proxy_on_%s_%s", d, part), uint64(Continue), args...)
	if err != nil {
		s.fail()
		return Pause, stop
	}
	if s.vm.replied {
		return Action(result), stop
	}
	return Action(result), Action(result)
}

// resume continues a direction of the stream.
func (s *Stream) resume(d direction) {
	s.stopped[d], s.held[d] = false, false
	s.bodies[d].release()
	parts := s.waiting[d]
	s.waiting[d] = nil
	for _, deliver := range parts {
		deliver()
	}
}

// flag is a boolean as an argument.
func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
