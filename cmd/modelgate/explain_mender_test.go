package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/replay"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// mender mends the causes of a scenario's cases.
type mender struct {
	s      *corpus.Scenario
	now    time.Time
	admit  *replay.Memory
	gates  map[string]*decider // by what is changed in the configuration
	donors []corpus.Case       // that pass, or that the gate answers
	wide   bool                // candidates from now on change more than the place
}

func newMender(t *testing.T, s *corpus.Scenario) *mender {
	m := &mender{s: s, now: time.Now().Truncate(time.Second), admit: replay.NewMemory(1), gates: map[string]*decider{}}
	for _, c := range s.Cases {
		if strings.HasPrefix(c.Want, "allow") || strings.HasSuffix(c.Want, "list_answered") {
			m.donors = append(m.donors, c)
		}
	}
	if len(m.donors) == 0 {
		t.Fatalf("%s: no case passes", s.Name)
	}
	return m
}

// change is what is changed in the configuration: denies that are left out, and grants that are
// added.
type change struct {
	without []string
	grants  []string
}

func (c *change) key() string {
	if c == nil {
		return ""
	}
	return strings.Join(c.without, "\x00") + "\x01" + strings.Join(c.grants, "\x00")
}

// decider returns what decides by a configuration that is changed.
func (m *mender) decider(c *change) (*decider, error) {
	if d := m.gates[c.key()]; d != nil {
		return d, nil
	}
	config := m.s.Config
	if c != nil {
		var doc map[string]any
		if err := json.Unmarshal([]byte(config), &doc); err != nil {
			return nil, err
		}
		denies, _ := doc["denies"].([]any)
		denies = slices.DeleteFunc(denies, func(row any) bool { return slices.Contains(c.without, fmt.Sprint(row.(map[string]any)["name"])) })
		if delete(doc, "denies"); len(denies) > 0 {
			doc["denies"] = denies
		}
		grants, _ := doc["grants"].([]any)
		for i, text := range c.grants {
			var grant map[string]any
			if err := json.Unmarshal([]byte(text), &grant); err != nil {
				return nil, err
			}
			grant["name"] = fmt.Sprint("added-", i)
			grants = append(grants, grant)
		}
		doc["grants"] = grants
		raw, err := json.Marshal(doc)
		if err != nil {
			return nil, err
		}
		config = string(raw)
	}
	g, err := gate.New(config, m.s.Secret)
	if err != nil {
		return nil, err
	}
	d := &decider{gate: g, env: gate.Env{Now: m.now, Keys: g.Keys(), Admit: m.admit.Admit}}
	m.gates[c.key()] = d
	return d, nil
}

// ask decides a case.
func (m *mender) ask(c corpus.Case, changed *change) (request, *gate.Exchange, gate.Step, error) {
	r, err := m.s.Request(c, m.now)
	if err != nil {
		return request{}, nil, gate.Step{}, err
	}
	asked := request{Method: r.Method, Path: r.Path, Authority: r.Authority, Body: []byte(r.Body)}
	for _, h := range r.Headers {
		asked.Headers = append(asked.Headers, pair(h))
	}
	for _, h := range r.Trailers {
		asked.Trailers = append(asked.Trailers, pair(h))
	}
	p := &asked.Peer
	p.URI, p.Subject, p.Certificate, p.Validated, p.Digest = r.Peer.URI, r.Peer.Subject, r.Peer.Certificate, r.Peer.Validated, r.Peer.Digest
	d, err := m.decider(changed)
	if err != nil {
		return asked, nil, gate.Step{}, err
	}
	x, step, err := d.decide(asked)
	return asked, x, step, err
}

// placeOf writes a place without what differs from run to run.
func placeOf(c *gate.Cause) string {
	if c.Near.Grant != "" {
		return c.Place + " " + c.Near.Grant + ", which lacks the " + c.Near.Lacks
	}
	return c.Place
}

func kindOfPlace(place string) string {
	kind, _, _ := strings.Cut(place, " ")
	return kind
}

// state is a case on its way to pass, and what has been changed in the configuration for it.
type state struct {
	c       corpus.Case
	changed *change
	wide    bool // more is changed than the place: what belongs to it
}

type mended struct {
	state
	passes bool
}

// mend changes what is at the place of a cause, and nothing else, until the request passes. If no
// change does, it returns the first one with which another cause comes up.
func (m *mender) mend(at state, why reason.Reason, cause *gate.Cause, x *gate.Exchange) (next mended, ok bool) {
	tried := map[string]bool{}
	for _, candidate := range m.candidates(at, cause, x) {
		raw, _ := json.Marshal(candidate.c)
		if key := string(raw) + candidate.changed.key(); tried[key] {
			continue
		} else {
			tried[key] = true
		}
		candidate.c.Name = at.c.Name + " mended"
		_, y, step, err := m.ask(candidate.c, candidate.changed)
		if err != nil {
			continue
		}
		if !step.Reason.Refuses() {
			return mended{candidate, true}, true
		}
		other := y.Cause()
		ruled := candidate.changed != at.changed // exactly the rule at fault is another
		if !ok && (step.Reason != why || other.Place != cause.Place) && (ruled || !isBack(why, step.Reason, cause, other)) {
			next, ok = mended{candidate, false}, true
		}
	}
	return next, ok
}

// isBack reports whether a Reason comes before another on the way of a request, so that a change
// which leads to it has made things worse.
func isBack(from, to reason.Reason, atFrom, atTo *gate.Cause) bool {
	before, after := stageOf(from, atFrom, true), stageOf(to, atTo, true)
	if from == reason.CredentialMissing { // hides what comes after it
		before = atSignature
	}
	return after < before
}

// candidates are changes of what is at a place, those that the cause suggests first.
func (m *mender) candidates(at state, cause *gate.Cause, x *gate.Exchange) (list []state) {
	add := func(edit func(c *corpus.Case)) {
		c := at.c
		c.Headers, c.Trailers = slices.Clone(c.Headers), slices.Clone(c.Trailers)
		if c.Token != nil {
			token := *c.Token
			token.Claims, token.Header = maps.Clone(token.Claims), maps.Clone(token.Header)
			c.Token = &token
		}
		edit(&c)
		list = append(list, state{c, at.changed, m.wide})
	}
	m.wide = false
	kind, rest, _ := strings.Cut(cause.Place, " ")
	switch kind {
	case "path", "method", "query", "host", "model":
		m.mendTarget(add, kind, rest, cause)
	case "header", "headers", "trailer":
		m.mendHeader(add, rest, cause)
	case "body":
		m.mendBody(add, cause)
	case "token", "claim", "certificate", "credential", "api":
		m.mendCaller(add, kind, rest, cause)
	case "signature":
		m.mendSignature(add)
	case "grant", "deny":
		m.mendPolicy(add, at, cause, x, &list)
	case "call", "gate", "reply":
		m.mendTarget(add, "model", rest, cause)
	}
	return list
}
