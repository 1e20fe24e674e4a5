//go:build wasip1

package main

import (
	"slices"
	"strings"
	"time"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// tickMilliseconds is how often each VM reads what the other VMs have fetched. So
// it is also the longest time that a request waits for a key which another VM has
// already, and that a withdrawn key still verifies tokens.
const tickMilliseconds = 200

// busyTickMilliseconds is the period of ticks while more requests are to continue
// than one callback may resume.
const busyTickMilliseconds = 1

// maxBatch is how many requests one callback resumes. Envoy performs what a
// callback has asked for after it, and each local reply in a callback inside the
// previous one: some hundreds of them overflow the stack, and the VM is lost (seen
// in 1.40.0).
const maxBatch = 32

// resumedRequest is a request that waits no longer and is to continue.
type resumedRequest struct {
	keys *remoteKeys
	keys.Resume
}

// waitForKey lets the request wait for the key that the step names. If it cannot
// wait, waits is false and next is the step that follows.
func (s *stream) waitForKey(step gate.Step) (next gate.Step, waits bool) {
	policy := keys.NoWait
	if r := s.plugin.remotes[step.Await.Issuer]; r != nil {
		policy = r.addWaiter(s, step.Await, hostTime())
	}
	if policy == keys.MayWait {
		return step, true
	}
	return s.exchange.Resume(s.env(policy)), false
}

// addWaiter lets the request wait if the policy that it returns is MayWait.
func (r *remoteKeys) addWaiter(s *stream, key gate.Await, now time.Time) keys.WaitPolicy {
	policy := r.refresher.Wait(now, keys.Waiter{Request: s.id, KeyID: strings.Clone(key.KeyID), Since: s.arrived})
	if policy == keys.MayWait {
		r.waiting[s.id] = s
		s.waitsFor = r
		r.metrics.addWaiting(1)
	}
	return policy
}

// removeWaiter removes a request that continues or has ended.
func (r *remoteKeys) removeWaiter(s *stream) {
	if r.waiting[s.id] == s {
		delete(r.waiting, s.id)
		s.waitsFor = nil
		r.metrics.addWaiting(-1)
	}
}

// resumeBatch resumes up to maxBatch requests. If more are left, it makes the next
// tick come soon.
func (p *plugin) resumeBatch() {
	n := min(len(p.resumed), maxBatch)
	batch := slices.Clone(p.resumed[:n])
	p.resumed = slices.Delete(p.resumed, 0, n)
	for _, r := range batch {
		if s := r.keys.waiting[r.Request]; s != nil { // otherwise it has ended
			r.keys.removeWaiter(s)
			s.resume(r.WaitPolicy)
		}
	}
	p.updateTickPeriod()
}

func (p *plugin) updateTickPeriod() {
	period := uint32(tickMilliseconds)
	switch {
	case len(p.resumed) > 0, len(p.refused) > 0:
		period = busyTickMilliseconds
	case len(p.remotes) == 0:
		period = 0
	}
	if period == p.period {
		return
	}
	if err := abi.SetTickPeriod(period); err != nil {
		abi.Log(abi.Critical, "model gate: setting the tick period: ", err.Error())
		return
	}
	p.period = period
}

// resume continues a request that has waited, from a callback of the plugin.
func (s *stream) resume(policy keys.WaitPolicy) {
	if err := abi.SetEffectiveContext(s.id); err != nil {
		abi.Log(abi.Critical, "model gate: selecting a request that has waited: ", err.Error())
		return
	}
	if s.decideAgain(policy) != types.ActionPause {
		if err := abi.ResumeRequest(); err != nil {
			abi.Log(abi.Critical, "model gate: resuming a request: ", err.Error())
		}
	}
	_ = abi.SetEffectiveContext(s.plugin.id) // cannot fail: the plugin is in its own callback
}

// decideAgain decides a request that has waited, and reads what arrived while it waited.
func (s *stream) decideAgain(policy keys.WaitPolicy) (a types.Action) {
	defer s.refuseOnPanic(&a)
	if a = s.perform(s.exchange.Resume(s.env(policy))); s.body.arrived {
		return s.readArrived()
	}
	return a
}
