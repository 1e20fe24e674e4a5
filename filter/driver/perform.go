package driver

import (
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// perform performs a step of the gate, or refuses the request if it cannot.
func (s *Stream) perform(step gate.Step) Action {
	if step.Act == gate.AwaitKeys {
		var waits bool
		if step, waits = s.waitForKey(step); waits {
			s.worker.reportWaiting()
			return Pause
		}
	}
	if step.Audit != "" {
		s.logAudit(&step)
	}
	if err := s.tell(&step); err != nil {
		return s.hostFailed("what it is told", err)
	}
	if step.Act == gate.Hold {
		return s.holdBody(step)
	}
	s.body.wanted = false
	if step.Act != gate.Forward {
		return s.answer(&step)
	}
	if err := s.editHeaders(RequestHeaders, step.Edit); err != nil {
		return s.hostFailed("request headers", err)
	}
	if err := s.returnRest(); err != nil {
		return s.hostFailed("request body", err)
	}
	s.exchange.HostHolds(0) // less is never too much
	if !s.forwarded {
		s.countForwarded(&step)
	}
	s.exchange.DropHead()
	s.forwarded = true
	return s.requestAction()
}

// sendHead performs what a Hold says of the head, and has the host told what it says of the request.
func (s *Stream) sendHead(step *gate.Step) error {
	if err := s.tell(step); err != nil {
		return err
	}
	return s.editHeaders(RequestHeaders, step.Edit)
}

// editHeaders edits a header map, if there is an edit.
func (s *Stream) editHeaders(m Map, e *gate.Edit) error {
	if e == nil {
		return nil
	}
	return s.request.Edit(m, e)
}

// logAudit logs the gate's line about a request: a refusal at level warn, which a
// proxy shows by default, and an allowed request at level info. It has the prefix of all lines.
func (s *Stream) logAudit(step *gate.Step) {
	level := Warn
	if step.Act == gate.Forward {
		level = Info
	}
	s.worker.host.Log(level, "model gate: ", step.Audit)
}

// refuseOnPanic is deferred by each callback of a stream: a panic refuses this one
// request, and the proxy lives on.
func (s *Stream) refuseOnPanic(a *Action) {
	if Unguarded() {
		return
	}
	if p := recover(); p != nil {
		s.worker.host.Log(Critical, "model gate: panic: ", PanicText(p))
		*a = s.Refuse(reason.Internal)
	}
}

// hostFailed refuses the request because a host call failed. what names the part of
// the stream that the call was about.
func (s *Stream) hostFailed(what string, err error) Action {
	text := "fewer bytes than announced"
	if err != nil {
		text = err.Error()
	}
	s.worker.host.Log(Critical, "model gate: ", what, ": ", text)
	return s.Refuse(reason.Internal)
}

// Refuse refuses the request before the gate has decided it.
func (s *Stream) Refuse(why reason.Reason) Action {
	return s.reply(why, gate.NewReply(why), nil)
}

// answer performs a step that ends the request.
func (s *Stream) answer(step *gate.Step) Action { return s.reply(step.Reason, step.Reply, step.Told) }

// reply sends a local reply, unless one was sent before.
func (s *Stream) reply(why reason.Reason, r gate.Reply, told *gate.Told) Action {
	if s.replied {
		return Pause
	}
	s.replied = true
	s.release()
	s.countAnswered(told, why)
	if err := s.request.Reply(r); err != nil {
		s.worker.host.Log(Critical, "model gate: local reply: ", err.Error())
	}
	return Pause
}
