package importer

import (
	"fmt"
	"slices"
	"strings"
)

// noteDoubts says which conditions of a rule are not carried over as they are.
func (w *writer) noteDoubts(doubts []*literal, denying bool) {
	for _, l := range doubts {
		why := l.why
		switch l.kind {
		case onPath:
			why = fmt.Sprintf("%q: a path of the gate is exact, or ends with /*", l.text)
			if denying {
				w.session.wider(l.at, "%s. The deny is of the other paths beside it, too", why)
				continue
			}
			if base := strings.TrimSuffix(l.text.text, "/"); l.text.kind == begins && !l.text.fold && isPath(base) {
				w.session.leftOut(l.at, "%q is carried over as %s and %s/*: a path of the gate has no beginning of a segment", l.text, base, base)
				continue
			}
		case onHost:
			why = fmt.Sprintf("%q: the gate's hosts are exact: name those that the proxy serves with --host", l.text)
		}
		if denying {
			w.session.wider(l.at, "%s. The deny applies whether or not this holds", why)
		} else {
			w.session.leftOut(l.at, "%s. What only this allows is refused", why)
		}
	}
}

// noteTwoTokens says of which rules nobody is left because they ask for two tokens at once.
func (w *writer) noteTwoTokens(terms, possible []term) {
	for _, t := range terms {
		if slices.ContainsFunc(possible, func(other term) bool { return other.rule == t.rule }) {
			continue
		}
		var ofToken []signed
		for _, l := range t.literals {
			if l.is.kind != onPeer {
				ofToken = append(ofToken, l)
			}
		}
		if _, _, ok := callersOf(w.program.trustDomain, term{literals: ofToken}); !ok {
			w.session.leftOut(ofToken[0].is.at, "together with other conditions it asks for two tokens, and the gate takes one of a request")
		}
	}
}

// otherPorts says which hosts of rules are meant without a port, which the gate cannot tell from
// one with a port.
func (s *session) otherPorts(w *writer) {
	if w.space.anyPort {
		return
	}
	for i, list := range append([][]sourceRule{w.program.denies}, w.program.allow...) {
		for _, r := range list {
			literals := appendLiterals(nil, r.when)
			for _, l := range literals {
				withPort := strings.ToLower(l.text.text) + ":1"
				isMeant := func(other *literal) bool { return other.kind == onHost && other.text.holds(withPort) }
				switch {
				case l.kind != onHost || l.text.kind == present || l.text.kind == begins || slices.ContainsFunc(literals, isMeant):
				case i == 0:
					s.wider(l.at, "%q: the gate means a host with any port, and so does the deny. --any-port accepts that", l.text)
				case l.text.kind == exactly:
					s.leftOut(l.at, "%q: the gate means a host with any port: name %s:* beside it, or accept any port with --any-port", l.text, l.text)
				default:
					s.leftOut(l.at, "%q: the gate means a host with any port: accept that with --any-port", l.text)
				}
			}
		}
	}
}

// otherHosts says that requests for hosts that no rule names are refused, if some are allowed.
func (s *session) otherHosts(w *writer) {
	if w.space.hosts == nil || s.options.Hosts != nil {
		return
	}
	if w.program.allow == nil {
		s.leftOut(w.program.denies[0].at, "beside rules for hosts the gate takes requests only for %s: name others with --host",
			strings.Join(w.space.sortedHosts(), ", "))
	}
	for _, list := range w.program.allow {
		for _, r := range list {
			if w.space.reachesOthers(r.when, false) {
				s.leftOut(r.at, "it is for other hosts too, and beside rules for hosts the gate takes requests only for %s: name others with --host",
					strings.Join(w.space.sortedHosts(), ", "))
			}
		}
	}
}

// reachesOthers reports whether a condition, or with not its contrary, may hold of requests for
// hosts that are not in the space.
func (s *space) reachesOthers(e expr, not bool) bool {
	switch {
	case e.kind == literally && e.is.kind != onHost:
		return true
	case e.kind == literally:
		name, port, isPort := strings.Cut(strings.ToLower(e.is.text.text), ":")
		isKnown := slices.Contains(s.hosts, name) && (e.is.text.kind == exactly && !isPort || e.is.text.kind == begins && isPort && port == "")
		return not || !isKnown
	case e.kind == noneOf:
		return s.reachesOthers(e.parts[0], !not)
	}
	reaches := func(part expr) bool { return s.reachesOthers(part, not) }
	if (e.kind == oneOf) != not {
		return slices.ContainsFunc(e.parts, reaches)
	}
	return !slices.ContainsFunc(e.parts, func(part expr) bool { return !reaches(part) })
}
