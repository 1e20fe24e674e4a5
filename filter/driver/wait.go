package driver

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
)

// tickets number what streams wait for, in all plugins. 0 is no ticket.
var tickets atomic.Uint32

func newTicket() uint32 {
	for {
		if t := tickets.Add(1); t != 0 {
			return t
		}
	}
}

// The event of a Wake is a ticket and the policy of a request that has waited for a key. The
// ticket tells whether the stream is still the one that has waited: streams are used again.
func event(ticket uint32, policy keys.WaitPolicy) uint64 {
	return uint64(ticket)<<8 | uint64(policy)
}

// waitForKey lets the request wait for the key that the step names. If it cannot
// wait, waits is false and next is the step that follows.
func (s *Stream) waitForKey(step gate.Step) (next gate.Step, waits bool) {
	policy := keys.NoWait
	if r := s.worker.remotes[step.Await.Issuer]; r != nil {
		policy = r.addWaiter(s, step.Await, s.worker.host.Now())
	}
	if policy == keys.MayWait {
		return step, true
	}
	return s.exchange.Resume(s.env(policy)), false
}

// addWaiter lets the request wait if the policy that it returns is MayWait.
func (r *remoteKeys) addWaiter(s *Stream, key gate.Await, now time.Time) keys.WaitPolicy {
	r.plugin.mu.Lock()
	defer r.plugin.mu.Unlock()
	ticket := newTicket()
	policy := r.refresher.Wait(now, keys.Waiter{Request: ticket, KeyID: strings.Clone(key.KeyID), Since: s.arrived})
	if policy == keys.MayWait {
		r.waiting[ticket] = s.request.Waker(s)
		s.waitsFor, s.ticket = r, ticket
		r.metrics.addWaiting(s.worker.host, 1)
	}
	return policy
}

// stopWaiting ends the waiting of a request that continues or has ended.
func (s *Stream) stopWaiting() {
	r := s.waitsFor
	r.plugin.mu.Lock()
	defer r.plugin.mu.Unlock()
	if w := r.waiting[s.ticket]; w != nil {
		r.refresher.Forget(s.ticket)
		delete(r.waiting, s.ticket)
		w.Drop()
	}
	s.waitsFor, s.ticket = nil, 0
	r.metrics.addWaiting(s.worker.host, -1)
}

// wake continues the requests that wait no longer, each on its own thread.
func (r *remoteKeys) wake(resumed []keys.Resume) {
	for _, request := range resumed {
		if w := r.waiting[request.Request]; w != nil { // otherwise it has ended
			delete(r.waiting, request.Request)
			w.Wake(event(request.Request, request.WaitPolicy))
		}
	}
}

// Wake continues a stream that has waited. If it returns Forward, the host continues the
// request.
func (s *Stream) Wake(event uint64) (a Action) {
	if s.ticket == 0 || s.ticket != uint32(event>>8) || s.replied {
		return Pause // this one does not wait for it
	}
	defer s.refuseOnPanic(&a)
	if s.waitsFor != nil {
		s.stopWaiting()
		return s.decideAgain(keys.WaitPolicy(event))
	}
	s.ticket = 0
	if s.body.again {
		return s.perform(s.refusal())
	}
	return Pause
}

// decideAgain decides a request that has waited, and reads what arrived while it waited.
func (s *Stream) decideAgain(policy keys.WaitPolicy) Action {
	a := s.perform(s.exchange.Resume(s.env(policy)))
	if s.waitsFor == nil {
		s.noteFound()
	}
	if s.body.arrived {
		return s.readArrived()
	}
	return a
}
