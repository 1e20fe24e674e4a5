//go:build wasip1

package main

import (
	"slices"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// A host performs a local reply after the callback that asks for it, and forwards nothing of
// that callback then (Envoy: sendLocalResponse stops the iteration). So messages that are
// granted go on in one callback, and the refusal of the one after them is sent in the next:
// of the same stream, or of the plugin's tick a millisecond later.

// refusedStream is a stream that is to be refused. Its id tells whether it has ended.
type refusedStream struct {
	*stream
	id uint32
}

// forwardBeforeRefusal forwards what the gate has released, and has the rest refused soon.
func (s *stream) forwardBeforeRefusal() types.Action {
	b := &s.body
	forward, err := b.forwardReleased()
	if err != nil {
		return s.hostFailed("request body", err)
	}
	b.again, b.rest = true, nil
	if !forward { // it is too much to be divided
		return s.perform(s.refusal())
	}
	p := s.plugin
	p.refused = append(p.refused, refusedStream{s, s.id})
	p.updateTickPeriod()
	return action(!s.replied)
}

func (s *stream) refusal() gate.Step {
	return s.exchange.Body(s.env(keys.NoWait), gate.Upstream, nil, false)
}

// noteRefusal logs and counts the refusal of a stream that has ended before it.
func (s *stream) noteRefusal() {
	step := s.refusal()
	if step.Audit != "" {
		logAudit(&step)
	}
	s.plugin.vm.count(s.plugin.vm.byReason, step.Reason)
}

// refuseBatch refuses up to maxBatch streams.
func (p *plugin) refuseBatch() {
	n := min(len(p.refused), maxBatch)
	batch := slices.Clone(p.refused[:n])
	p.refused = slices.Delete(p.refused, 0, n)
	for _, r := range batch {
		if r.stream.id == r.id && r.body.again && !r.replied {
			r.refuseFromTick()
		}
	}
}

// refuseFromTick refuses a stream from a callback of the plugin.
func (s *stream) refuseFromTick() {
	var a types.Action
	defer s.refuseOnPanic(&a)
	if err := abi.SetEffectiveContext(s.id); err != nil {
		abi.Log(abi.Critical, "model gate: selecting a stream that is refused: ", err.Error())
		return
	}
	plugin := s.plugin.id
	s.perform(s.refusal())
	_ = abi.SetEffectiveContext(plugin) // cannot fail: the plugin is in its own callback
}
