//go:build wasip1

package main

import (
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// stream is one request on its way through the host.
type stream struct {
	types.DefaultHttpContext
	plugin   *plugin
	id       uint32 // of the context
	began    time.Time
	head     gate.Head
	exchange *gate.Exchange
	ring     *ring // whose keys it waits for, or nil
	passed   bool  // a Forward step has been performed
	answered bool  // a local reply has been sent
	request  pipe  // the body that the gate reads
	trimming bool  // the response waits for the gate
	reply    int   // octets of it so far
}

// let is the only place where anything goes on.
func let(on bool) types.Action {
	if on {
		return types.ActionContinue
	}
	return types.ActionPause
}

// next lets a request go on that has passed.
func (s *stream) next() types.Action { return let(s.passed && !s.answered) }

func (s *stream) OnHttpRequestHeaders(_ int, end bool) (action types.Action) {
	defer s.guard(&action)
	if s.plugin.gate == nil {
		return s.refuse(reason.NotReady)
	}
	pairs, err := proxywasm.GetHttpRequestHeaders()
	if err != nil {
		return s.fault("request headers", err)
	}
	faultInRequest(pairs)
	s.head = gate.Head{Pairs: pairs, End: end}
	if s.plugin.gate.KnowsPeers() {
		if s.head.Peer, err = peer(); err != nil {
			return s.fault("client certificate", err)
		}
	}
	env := s.env(keys.Ask)
	s.began = env.Now
	var step gate.Step
	s.exchange, step = s.plugin.gate.Begin(env, &s.head)
	return s.perform(step)
}

// await has the request wait for a key. Where it need not, the step is what
// comes after; waits is true where there is none yet.
func (s *stream) await(step gate.Step) (next gate.Step, waits bool) {
	r := s.plugin.rings[step.Await.Issuer]
	patience := keys.GiveUp
	if r != nil {
		patience = r.await(s, step.Await, clock())
	}
	if patience == keys.Ask {
		return step, true
	}
	return s.exchange.Wake(s.env(patience)), false
}

// wake goes on with a request that has waited, from a callback that is not its
// own.
func (s *stream) wake(patience keys.Patience) {
	if err := proxywasm.SetEffectiveContext(s.id); err != nil {
		proxywasm.LogCriticalf("model gate: context %d: %v", s.id, err)
		return
	}
	if s.decide(patience) != types.ActionPause {
		if err := proxywasm.ResumeHttpRequest(); err != nil {
			proxywasm.LogCriticalf("model gate: resuming a request: %v", err)
		}
	}
	_ = proxywasm.SetEffectiveContext(s.plugin.id) // which cannot be gone, in its own callback
}

func (s *stream) decide(patience keys.Patience) (action types.Action) {
	defer s.guard(&action)
	if action = s.perform(s.exchange.Wake(s.env(patience))); s.request.waits {
		return s.catchUp()
	}
	return action
}

// OnHttpStreamDone drops a request that ends while it waits.
func (s *stream) OnHttpStreamDone() {
	if s.ring != nil {
		s.ring.keeper.Forget(s.id)
		s.ring.forget(s)
	}
}

func (s *stream) env(patience keys.Patience) gate.Env {
	p := s.plugin
	return gate.Env{Now: clock(), Keys: p.keys, Verify: p.verifier.verify, Cache: p.cache, Patience: patience}
}

// perform does what a step says, or refuses.
func (s *stream) perform(step gate.Step) types.Action {
	if step.Act == gate.AwaitKeys {
		var waits bool
		if step, waits = s.await(step); waits {
			return types.ActionPause
		}
	}
	if step.Audit != "" {
		audit(step)
	}
	if step.Act == gate.Hold {
		return s.hold(step)
	}
	s.request.reads = false
	if step.Act != gate.Forward {
		return s.answer(step.Reason, step.Reply)
	}
	if err := apply(step.Edit); err != nil {
		return s.fault("request headers", err)
	}
	if err := s.request.flush(); err != nil {
		return s.fault("request body", err)
	}
	if !s.passed {
		s.plugin.vm.countPass(step.Reason)
	}
	s.passed = true
	return s.next()
}

// apply edits the request's headers. Envoy chooses the route anew after it.
func apply(e *gate.Edit) error {
	return edit(e, proxywasm.RemoveHttpRequestHeader, proxywasm.ReplaceHttpRequestHeader)
}

func edit(e *gate.Edit, remove func(name string) error, replace func(name, value string) error) error {
	if e == nil {
		return nil
	}
	for _, name := range e.Remove {
		if err := remove(name); err != nil {
			return err
		}
	}
	for _, h := range e.Set {
		if err := replace(h[0], h[1]); err != nil {
			return err
		}
	}
	return nil
}

// audit writes refusals where a default log level shows them.
func audit(step gate.Step) {
	if step.Act == gate.Forward {
		proxywasm.LogInfo(step.Audit)
	} else {
		proxywasm.LogWarn(step.Audit)
	}
}

// guard turns a panic into a refusal of this one request.
func (s *stream) guard(action *types.Action) {
	if unguarded() {
		return
	}
	if p := recover(); p != nil {
		proxywasm.LogCriticalf("model gate: panic: %v", p)
		*action = s.refuse(reason.Internal)
	}
}

// fault refuses because the host failed to do its part.
func (s *stream) fault(what string, err error) types.Action {
	proxywasm.LogCriticalf("model gate: %s: %v", what, err)
	return s.refuse(reason.Internal)
}

func (s *stream) refuse(why reason.Reason) types.Action {
	return s.answer(why, gate.NewReply(why))
}

// answer sends a local reply, once.
func (s *stream) answer(why reason.Reason, r gate.Reply) types.Action {
	if !s.answered {
		s.answered = true
		s.plugin.vm.count(s.plugin.vm.counters, why)
		if status := sendLocalReply(r); status != 0 {
			proxywasm.LogCriticalf("model gate: local reply: status %d", status)
		}
	}
	return types.ActionPause
}
