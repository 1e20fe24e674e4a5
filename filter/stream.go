//go:build wasip1

package main

import (
	"time"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// stream is one request on its way through the host.
type stream struct {
	plugin   *plugin
	id       uint32 // of the context
	began    time.Time
	head     gate.Head
	exchange gate.Exchange
	ring     *ring // whose keys it waits for, or nil
	asked    bool  // the gate has been
	passed   bool  // a Forward step has been performed
	answered bool  // a local reply has been sent
	request  pipe  // the body that the gate reads
	trimming bool  // the response waits for the gate
	reply    int   // bytes of it so far
}

// spare are streams that have ended: the next ones need no memory of their own.
var spare []*stream

const maxSpare = 256

func newStream(p *plugin, id uint32) *stream {
	n := len(spare)
	if n == 0 {
		return &stream{plugin: p, id: id}
	}
	s := spare[n-1]
	spare = spare[:n-1]
	s.plugin, s.id = p, id
	return s
}

// end drops a request, also one that ends while it waits.
func (s *stream) end() {
	if s.ring != nil {
		s.plugin.guard(func() {
			s.ring.refresher.Forget(s.id)
			s.ring.forget(s)
		})
	}
	if len(spare) < maxSpare && s.ring == nil && !s.exchange.NeedsHead() {
		s.clear()
		spare = append(spare, s)
	}
}

// clear makes a stream that has ended as new, but for the memory of its exchange.
func (s *stream) clear() {
	s.exchange.DropHead()
	s.plugin, s.id, s.began, s.head, s.request = nil, 0, time.Time{}, gate.Head{}, pipe{}
	s.asked, s.passed, s.answered, s.trimming, s.reply = false, false, false, false, 0
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

func (s *stream) requestHeaders(end bool) (action types.Action) {
	defer s.guard(&action)
	if s.plugin.gate == nil {
		return s.refuse(reason.NotReady)
	}
	pairs, err := abi.RequestHeaders.Pairs()
	if err != nil {
		return s.fault("request headers", err)
	}
	faultInRequest(pairs)
	s.head = gate.Head{Pairs: pairs, End: end}
	if s.plugin.gate.NeedsPeer() {
		if s.head.Peer, err = peer(); err != nil {
			return s.fault("client certificate", err)
		}
	}
	env := s.env(keys.MayWait)
	s.began, s.asked = env.Now, true
	action = s.perform(s.exchange.Begin(s.plugin.gate, env, &s.head))
	if s.exchange.NeedsHead() {
		abi.Keep()
	} else {
		s.exchange.DropHead()
	}
	return action
}

// await has the request wait for a key. Where it need not, the step is what
// comes after; waits is true where there is none yet.
func (s *stream) await(step gate.Step) (next gate.Step, waits bool) {
	r := s.plugin.rings[step.Await.Issuer]
	policy := keys.NoWait
	if r != nil {
		policy = r.await(s, step.Await, clock())
	}
	if policy == keys.MayWait {
		return step, true
	}
	return s.exchange.Resume(s.env(policy)), false
}

// wake goes on with a request that has waited, from a callback that is not its
// own.
func (s *stream) wake(policy keys.WaitPolicy) {
	if err := abi.SetEffectiveContext(s.id); err != nil {
		abi.Log(abi.Critical, "model gate: the context of a request that waits: ", err.Error())
		return
	}
	if s.decide(policy) != types.ActionPause {
		if err := abi.Resume(); err != nil {
			abi.Log(abi.Critical, "model gate: resuming a request: ", err.Error())
		}
	}
	_ = abi.SetEffectiveContext(s.plugin.id) // which cannot be gone, in its own callback
}

func (s *stream) decide(policy keys.WaitPolicy) (action types.Action) {
	defer s.guard(&action)
	if action = s.perform(s.exchange.Resume(s.env(policy))); s.request.waits {
		return s.catchUp()
	}
	return action
}

func (s *stream) env(policy keys.WaitPolicy) gate.Env {
	p := s.plugin
	return gate.Env{Now: clock(), Keys: p.keys, Verify: p.verify, Cache: p.cache, WaitPolicy: policy}
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
		audit(&step)
	}
	if step.Act == gate.Hold {
		return s.hold(step)
	}
	s.request.reads = false
	if step.Act != gate.Forward {
		return s.answer(step.Reason, step.Reply)
	}
	if err := apply(abi.RequestHeaders, step.Edit); err != nil {
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

// apply edits headers. Envoy chooses a request's route anew after it.
func apply(m abi.Map, e *gate.Edit) error {
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

// audit writes refusals where a default log level shows them.
func audit(step *gate.Step) {
	level := abi.Warn
	if step.Act == gate.Forward {
		level = abi.Info
	}
	abi.Log(level, step.Audit)
}

// guard turns a panic into a refusal of this one request.
func (s *stream) guard(action *types.Action) {
	if unguarded() {
		return
	}
	if p := recover(); p != nil {
		abi.Log(abi.Critical, "model gate: panic: ", said(p))
		*action = s.refuse(reason.Internal)
	}
}

// fault refuses because the host failed to do its part.
func (s *stream) fault(what string, err error) types.Action {
	abi.Log(abi.Critical, "model gate: ", what, ": ", err.Error())
	return s.refuse(reason.Internal)
}

func (s *stream) refuse(why reason.Reason) types.Action {
	return s.answer(why, gate.NewReply(why))
}

// answer sends a local reply, once.
func (s *stream) answer(why reason.Reason, r gate.Reply) types.Action {
	if s.answered {
		return types.ActionPause
	}
	s.answered = true
	s.plugin.vm.count(s.plugin.vm.counters, why)
	local := abi.Reply(r)
	if err := local.Send(); err != nil {
		abi.Log(abi.Critical, "model gate: local reply: ", err.Error())
	}
	return types.ActionPause
}

// said is what a panic says.
func said(p any) string {
	switch p := p.(type) {
	case error:
		return p.Error()
	case string:
		return p
	}
	return "of an unknown kind"
}
