package driver

import (
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
)

// A host performs a local reply after the callback that asks for it, and forwards nothing of
// that callback then (Envoy: sendLocalReply stops the iteration). So messages that are
// granted go on in one callback, and the refusal of the one after them is sent in the next:
// of the same stream, or in Wake, which the host calls soon.

// forwardBeforeRefusal forwards what the gate has released, and has the rest refused soon.
func (s *Stream) forwardBeforeRefusal() Action {
	b := &s.body
	forward, err := s.forwardReleased()
	if err != nil {
		return s.hostFailed("request body", err)
	}
	b.again, b.rest = true, nil
	if !forward { // it is too much to be divided
		return s.perform(s.refusal())
	}
	s.ticket = newTicket()
	s.request.WakeSoon(s, event(s.ticket, keys.NoWait))
	return action(!s.replied)
}

func (s *Stream) refusal() gate.Step {
	return s.exchange.Body(s.env(keys.NoWait), gate.Upstream, nil, false)
}

// noteRefusal logs and counts the refusal of a stream that has ended before it.
func (s *Stream) noteRefusal() {
	step := s.refusal()
	if step.Audit != "" {
		s.logAudit(&step)
	}
	s.countAnswered(step.Told, step.Reason)
}
