//go:build wasip1

package main

import (
	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// perform performs a step of the gate, or refuses the request if it cannot.
func (s *stream) perform(step gate.Step) types.Action {
	if step.Act == gate.AwaitKeys {
		var waits bool
		if step, waits = s.waitForKey(step); waits {
			s.plugin.vm.reportWaiting()
			return types.ActionPause
		}
	}
	if step.Audit != "" {
		logAudit(&step)
	}
	if step.Act == gate.Hold {
		return s.holdBody(step)
	}
	s.body.wanted = false
	if step.Act != gate.Forward {
		return s.reply(step.Reason, step.Reply)
	}
	if err := editHeaders(abi.RequestHeaders, step.Edit); err != nil {
		return s.hostFailed("request headers", err)
	}
	if err := s.body.returnRest(); err != nil {
		return s.hostFailed("request body", err)
	}
	s.exchange.HostHolds(0) // less is never too much
	if s.exchange.DropHead(); !s.forwarded {
		s.plugin.vm.countForwarded(step.Reason)
	}
	s.forwarded = true
	return s.requestAction()
}

// editHeaders edits a header map. Envoy selects the route of a request again after
// its headers have changed.
func editHeaders(m abi.Map, e *gate.Edit) error {
	if e == nil {
		return nil
	}
	for _, name := range e.Remove {
		if err := m.Remove(name); err != nil {
			return err
		}
	}
	for i := range e.Set {
		if err := m.Replace(e.Set[i][0], e.Set[i][1]); err != nil {
			return err
		}
	}
	return nil
}

// logAudit logs the gate's line about a request: a refusal at level warn, which a
// proxy shows by default, and an allowed request at level info.
func logAudit(step *gate.Step) {
	level := abi.Warn
	if step.Act == gate.Forward {
		level = abi.Info
	}
	abi.Log(level, step.Audit)
}

// refuseOnPanic is deferred by each callback of a stream: a panic refuses this one
// request, and the VM lives on.
func (s *stream) refuseOnPanic(a *types.Action) {
	if unguarded() {
		return
	}
	if p := recover(); p != nil {
		abi.Log(abi.Critical, "model gate: panic: ", panicText(p))
		*a = s.refuse(reason.Internal)
	}
}

// hostFailed refuses the request because a host call failed. what names the part of
// the stream that the call was about.
func (s *stream) hostFailed(what string, err error) types.Action {
	text := "fewer bytes than announced"
	if err != nil {
		text = err.Error()
	}
	abi.Log(abi.Critical, "model gate: ", what, ": ", text)
	return s.refuse(reason.Internal)
}

func (s *stream) refuse(why reason.Reason) types.Action {
	return s.reply(why, gate.NewReply(why))
}

// reply sends a local reply, unless one was sent before.
func (s *stream) reply(why reason.Reason, r gate.Reply) types.Action {
	if s.replied {
		return types.ActionPause
	}
	s.replied = true
	s.release()
	s.plugin.vm.count(s.plugin.vm.byReason, why)
	local := abi.Reply(r)
	if err := local.Send(); err != nil {
		abi.Log(abi.Critical, "model gate: local reply: ", err.Error())
	}
	return types.ActionPause
}

// panicText returns the text of a recovered panic. It needs no fmt.
func panicText(p any) string {
	switch p := p.(type) {
	case error:
		return p.Error()
	case string:
		return p
	}
	return "a value that is neither an error nor a string"
}
