package driver

import (
	"sync"
	"weak"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
)

// AwaitRoute says before RequestHeaders that the route by which the proxy sends the request on
// may have a narrowing. Then the host calls Narrow before the head goes on, if it has one, and HeadGone
// before the next part of the request, if it has none.
func (s *Stream) AwaitRoute() { s.awaitsRoute = true }

// HeadGone says that the head has gone on, and that Narrow is not called any more.
func (s *Stream) HeadGone() {
	if s.awaitsRoute {
		s.awaitsRoute = false
		s.exchange.HeadGone()
	}
}

// AwaitsRoute reports whether Narrow may still be called.
func (s *Stream) AwaitsRoute() bool { return s.awaitsRoute && !s.replied }

// Narrow asks the narrowing of the request's route about it, whose head is about to go on: its
// edits are performed. If it returns Forward, the host does what the last callback returned.
func (s *Stream) Narrow(d *gate.NarrowingDocument) (a Action) {
	defer s.refuseOnPanic(&a)
	s.awaitsRoute = false
	if !s.begun || s.replied {
		return s.Refuse(reason.Internal)
	}
	step := s.exchange.Narrow(s.env(keys.NoWait), s.worker.narrowing(d))
	if step.Audit != "" {
		s.logAudit(&step)
	}
	if err := s.tell(&step); err != nil {
		return s.hostFailed("what it is told", err)
	}
	if step.Act != gate.Forward {
		return s.answer(&step)
	}
	if step.Reason.Refuses() { // in shadow
		s.countForwarded(&step)
	}
	s.exchange.DropHead()
	return action(true)
}

// narrowings are the narrowings of a plugin, each compiled for the first request that comes by
// its route. A proxy that drops a route drops the document.
type narrowings struct {
	mu         sync.RWMutex
	byDocument map[weak.Pointer[gate.NarrowingDocument]]*gate.Narrowing // nil for one that does not compile
}

// narrowing returns a document beside the plugin's configuration; nil if it does not compile.
func (p *Plugin) narrowing(d *gate.NarrowingDocument) *gate.Narrowing {
	if d == nil {
		return nil
	}
	l, key := &p.narrowings, weak.Make(d)
	l.mu.RLock()
	n, known := l.byDocument[key]
	l.mu.RUnlock()
	if known {
		return n
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if n, known = l.byDocument[key]; known {
		return n
	}
	if l.byDocument == nil {
		l.byDocument = map[weak.Pointer[gate.NarrowingDocument]]*gate.Narrowing{}
	}
	for old := range l.byDocument {
		if old.Value() == nil {
			delete(l.byDocument, old)
		}
	}
	n, err := p.gate.Narrowing(d)
	if err != nil {
		p.host.Log(Critical, "model gate: a narrowing does not fit the configuration, and refuses what comes by its route:\n", err.Error())
	}
	l.byDocument[key] = n
	return n
}
