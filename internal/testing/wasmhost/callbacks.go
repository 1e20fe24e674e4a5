package wasmhost

import "fmt"

// ended reports whether no further part of the stream reaches the guest.
func (s *Stream) ended() bool { return s.local != nil && !s.replying || s.reset || s.closing }

func (s *Stream) onHeaders(d direction, pairs [][2]string, end bool) (Action, error) {
	if s.ended() {
		return Pause, s.vm.failure
	}
	m := &s.maps[d.headers()]
	*m = newHeaderMap(pairs, d == request)
	result, effective := s.callback(d, "headers", stopAll, uint64(len(m.pairs)), boolArg(end))
	m.open = m.open && effective != Continue // the guest no longer sees what it has forwarded
	s.held[d] = effective != Continue && effective != continueAndEnd
	s.stopped[d] = effective >= stopAllAndBuffer || effective == Pause && !s.vm.options.StopIteration
	s.vm.runDeferred()
	return result, s.vm.failure
}

func (s *Stream) onBody(d direction, chunk []byte, end bool) (Action, error) {
	if s.queueIfStopped(d, func() { _, _ = s.onBody(d, chunk, end) }) {
		return Pause, s.vm.failure
	}
	b := &s.bodies[d]
	b.show(chunk)
	result, effective := s.callback(d, "body", stopNoBuffer, uint64(len(*b.view)), boolArg(end))
	b.apply(effective)
	s.held[d] = s.held[d] && effective != Continue
	s.vm.runDeferred()
	return result, s.vm.failure
}

func (s *Stream) onTrailers(d direction, pairs [][2]string) (Action, error) {
	if s.queueIfStopped(d, func() { _, _ = s.onTrailers(d, pairs) }) {
		return Pause, s.vm.failure
	}
	m := &s.maps[d.trailers()]
	*m = newHeaderMap(pairs, false)
	result, effective := s.callback(d, "trailers", Pause, uint64(len(pairs)))
	m.open = effective != Continue
	if effective == Continue {
		s.bodies[d].release()
		s.held[d] = false
	}
	s.vm.runDeferred()
	return result, s.vm.failure
}

// queueIfStopped reports whether a body chunk or trailers cannot be delivered. If
// the guest has stopped the stream, they are delivered when it continues.
func (s *Stream) queueIfStopped(d direction, deliver func()) bool {
	if s.ended() {
		return true
	}
	if s.stopped[d] {
		s.waiting[d] = append(s.waiting[d], deliver)
	}
	return s.stopped[d]
}

// callback runs a callback of the stream. It returns the guest's result, and the
// action that Envoy performs: after a local reply that is stop, whatever the result.
func (s *Stream) callback(d direction, part string, stop Action, args ...uint64) (result, effective Action) {
	args = append([]uint64{uint64(s.id)}, args...)
	r, err := s.vm.callGuest(s, fmt.Sprintf("proxy_on_%s_%s", d, part), uint64(Continue), args...)
	if err != nil {
		s.failStream()
		return Pause, stop
	}
	if s.vm.replied {
		return Action(r), stop
	}
	return Action(r), Action(r)
}

// resume continues a direction of the stream, and delivers what was queued.
func (s *Stream) resume(d direction) {
	s.stopped[d], s.held[d] = false, false
	s.bodies[d].release()
	parts := s.waiting[d]
	s.waiting[d] = nil
	for _, deliver := range parts {
		deliver()
	}
}

// boolArg returns a boolean as an argument of a callback.
func boolArg(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
