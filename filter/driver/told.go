package driver

import (
	"errors"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// Teller is a Request of a host that has dynamic metadata, filter state and metrics with labels. A
// host whose Requests are none must refuse a configuration with gate.Asks.
type Teller interface {
	// SetMetadata and SetFilterState write texts by their names. What was written by other names
	// stays.
	SetMetadata(pairs [][2]string) error
	SetFilterState(pairs [][2]string) error
	// CountDecision adds 1 to the metric that has these labels.
	CountDecision(l Labels)
}

// Labels are those of a decision. A configuration has so many reasons, verbs and issuers, and no
// more. Callers and models would be as many as clients like, and a proxy never forgets one.
type Labels struct {
	Decision string // allowed, refused, or shadow for a refusal that lets the request pass
	Reason   string
	Verb     string // none where it is not known
	Issuer   string // the same
}

var errTeller = errors.New("the host has no metadata, filter state and labels")

// tell has the host told what a step says of the request. Filter state cannot be written twice.
// Metadata that is written once more has all fields: none of them is left from before.
func (s *Stream) tell(step *gate.Step) error {
	if step.Told == nil {
		return nil
	}
	asks := s.worker.gate.Asks()
	if !asks.Metadata && (!asks.FilterState || s.told) {
		return nil
	}
	t, ok := s.request.(Teller)
	if !ok {
		return errTeller
	}
	pairs := step.Told.Pairs(s.told)
	if asks.Metadata {
		if err := t.SetMetadata(pairs); err != nil {
			return err
		}
	}
	before := s.told
	if s.told = true; asks.FilterState && !before {
		return t.SetFilterState(pairs)
	}
	return nil
}

// countForwarded counts a request that is forwarded: as allowed, or by the Reason that would
// refuse it but for its shadow.
func (s *Stream) countForwarded(step *gate.Step) {
	s.worker.metrics.countForwarded(s.worker.host, step.Reason)
	s.countIssuer(step.Reason, true)
	s.countTold(step.Told, step.Reason)
}

// countAnswered counts a request that the gate answers: as refused or, if it gave what was asked
// for, as allowed.
func (s *Stream) countAnswered(told *gate.Told, why reason.Reason) {
	s.worker.metrics.countReason(s.worker.host, why)
	s.countIssuer(why, false)
	s.countTold(told, why)
}

// countIssuer counts a decision for the issuer of the request's token, if one is known.
func (s *Stream) countIssuer(why reason.Reason, forwarded bool) {
	if !s.begun {
		return
	}
	if issuer := s.exchange.Issuer(); issuer != "" {
		s.worker.countIssuer(issuer, resultOf(why, forwarded))
	}
}

// countTold counts a decision by its labels, if the configuration asks for that. told is nil if
// the gate has not decided.
func (s *Stream) countTold(told *gate.Told, why reason.Reason) {
	if s.worker.gate == nil || !s.worker.gate.Asks().Labels {
		return
	}
	t, ok := s.request.(Teller)
	if !ok {
		return
	}
	l := Labels{Decision: "allowed", Reason: why.String(), Verb: "none", Issuer: "none"}
	if why.Refuses() {
		l.Decision = "refused"
	}
	if told != nil {
		if told.Shadow {
			l.Decision = "shadow"
		}
		if told.Verb != "" {
			l.Verb = told.Verb
		}
		if told.Issuer != "" {
			l.Issuer = told.Issuer
		}
	}
	t.CountDecision(l)
}
