//go:build wasip1

package main

import (
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// stream is one request on its way through the host.
type stream struct {
	types.DefaultHttpContext
	plugin   *plugin
	exchange *gate.Exchange
	passed   bool // a Forward step has been performed
	answered bool // a local reply has been sent
}

// next is the only place where a request goes on.
func (s *stream) next() types.Action {
	if s.passed && !s.answered {
		return types.ActionContinue
	}
	return types.ActionPause
}

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
	head := &gate.Head{Pairs: pairs, End: end}
	if s.plugin.gate.KnowsPeers() {
		if head.Peer, err = peer(); err != nil {
			return s.fault("client certificate", err)
		}
	}
	var step gate.Step
	s.exchange, step = s.plugin.gate.Begin(s.env(), head)
	return s.perform(step)
}

// OnHttpRequestBody keeps a body from following a head that did not pass.
func (s *stream) OnHttpRequestBody(int, bool) types.Action { return s.next() }

func (s *stream) OnHttpRequestTrailers(int) (action types.Action) {
	defer s.guard(&action)
	if s.exchange == nil {
		return s.refuse(reason.Internal)
	}
	pairs, err := proxywasm.GetHttpRequestTrailers()
	if err != nil {
		return s.fault("request trailers", err)
	}
	return s.perform(s.exchange.Trailers(s.env(), gate.Upstream, pairs))
}

func (s *stream) env() gate.Env {
	p := s.plugin
	return gate.Env{Now: time.Now(), Keys: p.gate.Keys(), Verify: p.verifier.verify, Cache: p.cache}
}

// perform does what a step says, or refuses.
func (s *stream) perform(step gate.Step) types.Action {
	if step.Audit != "" {
		audit(step)
	}
	if step.Act != gate.Forward {
		return s.answer(step.Reason, step.Reply)
	}
	if err := apply(step.Edit); err != nil {
		return s.fault("request headers", err)
	}
	if !s.passed {
		s.plugin.vm.countPass(step.Reason)
	}
	s.passed = true
	return s.next()
}

// apply edits the request's headers. Envoy chooses the route anew after it.
func apply(e *gate.Edit) error {
	if e == nil {
		return nil
	}
	for _, name := range e.Remove {
		if err := proxywasm.RemoveHttpRequestHeader(name); err != nil {
			return err
		}
	}
	for _, h := range e.Set {
		if err := proxywasm.ReplaceHttpRequestHeader(h[0], h[1]); err != nil {
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
