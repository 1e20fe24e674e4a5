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

// stream is one request and its response.
type stream struct {
	plugin    *plugin
	id        uint32 // of the context
	arrived   time.Time
	head      gate.Head
	exchange  gate.Exchange
	waitsFor  *remoteKeys // the request waits for a key of these; nil if it does not wait
	begun     bool        // exchange has begun
	forwarded bool        // a Forward step has been performed
	replied   bool        // a local reply has been sent
	body      bodyBuffer  // of the request

	holdsResponse bool // the response is held until the gate has trimmed or signed it
	responseSize  int  // bytes of the held response
}

// freeStreams are ended streams that new requests use again, with their memory.
var freeStreams []*stream

const maxFreeStreams = 256

func newStream(p *plugin, id uint32) *stream {
	n := len(freeStreams)
	if n == 0 {
		return &stream{plugin: p, id: id}
	}
	s := freeStreams[n-1]
	freeStreams = freeStreams[:n-1]
	s.plugin, s.id = p, id
	return s
}

// end ends a stream. Its request may still be waiting.
func (s *stream) end() {
	if s.body.again && !s.replied {
		s.plugin.logPanic(s.noteRefusal)
	}
	s.body.again = false
	s.release()
	if len(freeStreams) < maxFreeStreams && s.waitsFor == nil {
		s.reset()
		freeStreams = append(freeStreams, s)
	}
}

// release releases what a request holds that has been answered or has ended.
func (s *stream) release() {
	if s.waitsFor != nil {
		s.plugin.logPanic(func() {
			s.waitsFor.refresher.Forget(s.id)
			s.waitsFor.removeWaiter(s)
		})
	}
	s.body.rest = nil
	s.exchange.End()
	s.plugin.vm.reportWaiting()
}

// reset prepares an ended stream for another request. The exchange keeps its memory.
func (s *stream) reset() {
	s.exchange.DropHead()
	s.plugin, s.id, s.arrived, s.head, s.body = nil, 0, time.Time{}, gate.Head{}, bodyBuffer{}
	s.begun, s.forwarded, s.replied, s.holdsResponse, s.responseSize = false, false, false, false, 0
}

// action returns what the host does with a part of a stream. It is the only place
// that returns ActionContinue.
func action(forward bool) types.Action {
	if forward {
		return types.ActionContinue
	}
	return types.ActionPause
}

// requestAction forwards a part of the request if the gate has forwarded its head.
func (s *stream) requestAction() types.Action { return action(s.forwarded && !s.replied) }

func (s *stream) requestHeaders(end bool) (a types.Action) {
	defer s.refuseOnPanic(&a)
	if s.plugin.gate == nil {
		return s.refuse(reason.NotReady)
	}
	pairs, err := abi.RequestHeaders.FirstPairs(gate.MaxHeaders + 1)
	if err != nil {
		return s.hostFailed("request headers", err)
	}
	faultInRequest(pairs)
	s.head = gate.Head{Pairs: pairs, End: end}
	if needs := s.plugin.gate.PeerNeeds(); needs.Peer {
		if s.head.Peer, err = connectionPeer(needs); err != nil {
			return s.hostFailed("client certificate", err)
		}
	}
	env := s.env(keys.MayWait)
	s.arrived, s.begun = env.Now, true
	return s.perform(s.exchange.Begin(s.plugin.gate, env, &s.head))
}

func (s *stream) requestTrailers() (a types.Action) {
	defer s.refuseOnPanic(&a)
	if !s.begun || s.replied {
		return s.refuse(reason.Internal)
	}
	pairs, err := abi.RequestTrailers.Pairs()
	if err != nil {
		return s.hostFailed("request trailers", err)
	}
	step := s.exchange.Trailers(s.env(keys.NoWait), gate.Upstream, pairs)
	if s.waitsFor != nil && step.Act == gate.Hold {
		s.body.arrived, s.body.trailers = true, true
		return s.requestAction()
	}
	return s.perform(step)
}

// env returns what the gate may know of the world in this callback.
func (s *stream) env(policy keys.WaitPolicy) gate.Env {
	p := s.plugin
	return gate.Env{
		Now: hostTime(), Keys: p.keys, Verify: p.verify, Cache: p.cache, Waiting: &p.vm.waiting, Admit: p.admit, WaitPolicy: policy,
	}
}
