package driver

import (
	"math"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
)

// Stream is one request and its response. The host calls a method for each part of them.
type Stream struct {
	ID uint32 // the host's

	worker      *Worker
	request     Request // the host's side
	arrived     time.Time
	head        gate.Head
	exchange    gate.Exchange
	waitsFor    *remoteKeys // the request waits for a key of these; nil if it does not wait
	ticket      uint32      // of the Wake that is to come, or 0
	begun       bool        // exchange has begun
	forwarded   bool        // a Forward step has been performed
	replied     bool        // a local reply has been sent
	awaitsRoute bool        // see AwaitRoute
	told        bool        // the host has been told
	body        bodyBuffer  // of the request

	holdsResponse bool // the response is held until the gate has trimmed or signed it
	responseSize  int  // bytes of the held response
}

const maxFreeStreams = 256

// NewStream returns the stream of a new request. id is for the host's own use.
func (w *Worker) NewStream(id uint32, r Request) *Stream {
	t := w.thread
	n := len(t.free)
	if n == 0 {
		return &Stream{worker: w, ID: id, request: r}
	}
	s := t.free[n-1]
	t.free = t.free[:n-1]
	s.worker, s.ID, s.request = w, id, r
	return s
}

// End ends a stream, which must not be used any more. Its request may still be waiting.
func (s *Stream) End() {
	if s.body.again && !s.replied {
		logPanic(s.worker.host, s.noteRefusal)
	}
	s.body.again = false
	s.release()
	if t := s.worker.thread; len(t.free) < maxFreeStreams && s.waitsFor == nil {
		s.reset()
		t.free = append(t.free, s)
	}
}

// release releases what a request holds that has been answered or has ended.
func (s *Stream) release() {
	if s.waitsFor != nil {
		logPanic(s.worker.host, s.stopWaiting)
	}
	s.body.rest = nil
	s.exchange.End()
	s.worker.reportWaiting()
}

// reset prepares an ended stream for another request. The exchange keeps its memory.
func (s *Stream) reset() {
	s.exchange.DropHead()
	s.worker, s.request, s.ID, s.arrived, s.head, s.body = nil, nil, 0, time.Time{}, gate.Head{}, bodyBuffer{}
	s.begun, s.forwarded, s.replied, s.awaitsRoute, s.told = false, false, false, false, false
	s.holdsResponse, s.responseSize, s.ticket = false, 0, 0
}

// NeedsRequestBody reports whether the next part of the request's body must be handed in. If
// not, RequestBody only says whether the request goes on.
func (s *Stream) NeedsRequestBody() bool { return s.waitsFor != nil || s.body.wanted && !s.replied }

// NeedsResponse reports whether the parts of the response must be handed in. If not, they pass.
func (s *Stream) NeedsResponse() bool {
	return !s.replied && (s.holdsResponse || s.begun && s.exchange.NeedsResponse())
}

// action returns what the host does with a part of a stream. It is the only place
// that returns Forward.
func action(forward bool) Action {
	if forward {
		return Forward
	}
	return Pause
}

// requestAction forwards a part of the request if the gate has forwarded its head.
func (s *Stream) requestAction() Action { return action(s.forwarded && !s.replied) }

// RequestHeaders decides a request by its head. end says that nothing follows it.
func (s *Stream) RequestHeaders(end bool) (a Action) {
	defer s.refuseOnPanic(&a)
	if s.worker.gate == nil {
		return s.Refuse(reason.NotReady)
	}
	pairs, err := s.request.Headers(RequestHeaders, gate.MaxHeaders+1)
	if err != nil {
		return s.hostFailed("request headers", err)
	}
	faultInRequest(pairs)
	s.head = gate.Head{Pairs: pairs, End: end, AwaitsRoute: s.awaitsRoute}
	if needs := s.worker.gate.PeerNeeds(); needs.Peer {
		if s.head.Peer, err = s.request.Peer(needs); err != nil {
			return s.hostFailed("client certificate", err)
		}
	}
	env := s.env(keys.MayWait)
	s.arrived, s.begun = env.Now, true
	a = s.perform(s.exchange.Begin(s.worker.gate, env, &s.head))
	if s.waitsFor == nil {
		s.noteFound()
		s.takeTime()
	}
	return a
}

// noteFound counts what the caches had for the request.
func (s *Stream) noteFound() { s.worker.countFound(s.exchange.Found()) }

// takeTime records how long the request's head has taken, if that is to be measured. A clock
// that was set back meanwhile says 0.
func (s *Stream) takeTime() {
	w, found := s.worker, s.exchange.Found()
	if w.metrics == nil || !w.takesTime(found) {
		return
	}
	m := w.metrics.known
	if found.Token == authn.Miss {
		m = w.metrics.fresh
	}
	logMetricError(w.host, w.host.Record(m, uint64(max(0, w.host.Now().Sub(s.arrived).Microseconds()))))
}

// RequestTrailers hands the trailers of a request in.
func (s *Stream) RequestTrailers() (a Action) {
	defer s.refuseOnPanic(&a)
	if !s.begun || s.replied {
		return s.Refuse(reason.Internal)
	}
	pairs, err := s.request.Headers(RequestTrailers, math.MaxInt)
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
func (s *Stream) env(policy keys.WaitPolicy) gate.Env {
	w := s.worker
	return gate.Env{
		Now: w.host.Now(), Keys: w.keys.Load(), Verify: w.verify, Cache: w.cache, Waiting: &w.thread.waiting,
		Admit: w.admit, WaitPolicy: policy,
	}
}
