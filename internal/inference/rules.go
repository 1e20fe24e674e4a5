package inference

import (
	"maps"
	"slices"
	"strings"
)

// CanonicalNames returns the patterns of the models that a rule's pattern names.
// Names in rules mean what they mean in requests: an alias of a route is the model
// that it leads to, and publishers/<namespace>/models/<model> is <model> in that
// namespace. The list has one pattern, unless two routes give one alias different
// meanings. A pattern with '*' in a model's name is no alias.
//
// A grant needs the list to have one pattern. A deny uses PossibleNames.
func (rs *Routes) CanonicalNames(p Pattern) (names []Pattern) {
	p = p.withoutPublisher()
	for _, r := range rs.routes {
		own, ok := r.ownName(p)
		if !ok {
			continue
		}
		names = appendPattern(names, own)
		if !slices.Equal(own.Segments[:2], p.Segments[:2]) { // elsewhere, the name is a model's own
			names = appendPattern(names, p)
		}
	}
	if names == nil {
		names = []Pattern{p}
	}
	return names
}

// PossibleNames returns every pattern that a deny on p must cover: p as it is
// written, whatever an alias that p matches leads to, in upper or lower case, and the
// aliases that lead to what p matches, which a server may complete as it does names.
func (rs *Routes) PossibleNames(p Pattern) (names []Pattern) {
	plain := p.withoutPublisher()
	names = appendPattern([]Pattern{p}, plain)
	if len(plain.Segments) < 3 {
		return names
	}
	inner := Pattern{Segments: []string{"*", "*"}}
	for _, segment := range plain.Segments[2:] {
		inner.Segments = append(inner.Segments, strings.ToLower(segment))
	}
	for _, r := range rs.routes {
		if r.server == nil {
			continue
		}
		for _, alias := range slices.Sorted(maps.Keys(r.server.aliases)) {
			own, ok := r.ownName(plain.withName(alias))
			switch {
			case !ok:
			case inner.Matches(Model{Name: strings.ToLower(alias)}):
				names = appendPattern(names, own)
			case inner.Matches(Model{Name: strings.ToLower(r.server.aliases[alias])}):
				names = appendPattern(names, plain.withName(alias))
			}
		}
	}
	return names
}

// ownName returns the pattern for the model that the route's alias in p leads to, in
// those of the services that p selects that may have it. ok is false where p has no
// alias, or there is no such service.
func (r *Route) ownName(p Pattern) (own Pattern, ok bool) {
	if r.server == nil || len(p.Segments) < 3 {
		return p, false
	}
	model, ok := r.server.aliases[strings.Join(p.Segments[2:], "/")]
	if !ok {
		return p, false
	}
	own = p.withName(model)
	if service, known := r.server.serviceOf(model); known {
		ok = segmentMatches(p.Segments[0], service.Namespace) && segmentMatches(p.Segments[1], service.Service)
		own.Segments[0], own.Segments[1] = service.Namespace, service.Service
	}
	return own, ok
}

// serviceOf returns the service of a model. known is false where the path or the
// host of a request says which service it is.
func (s *server) serviceOf(model string) (service Model, known bool) {
	if s.services == nil {
		return s.service, s.service != Model{}
	}
	if s.names != nil && (s.prefix != "" || s.prefixIsRoot) {
		return Model{}, false
	}
	service, known = s.services[model]
	return service, known
}

// withName returns the pattern for one model in the services that p selects.
func (p Pattern) withName(model string) Pattern {
	segments := append(slices.Clone(p.Segments[:2]), strings.Split(model, "/")...)
	return Pattern{Segments: segments, Version: p.Version}
}

// withoutPublisher returns the pattern without publishers/<namespace>/models/
// before the model's name, if p can select that namespace.
func (p Pattern) withoutPublisher() Pattern {
	const publishers, models = 2, 4
	if len(p.Segments) <= models+1 || p.Segments[publishers] != "publishers" || p.Segments[models] != "models" {
		return p
	}
	namespace := p.Segments[publishers+1]
	switch {
	case segmentMatches(namespace, p.Segments[0]): // the first is as narrow, or narrower
		namespace = p.Segments[0]
	case !segmentMatches(p.Segments[0], namespace):
		return p
	}
	segments := append([]string{namespace, p.Segments[1]}, p.Segments[models+1:]...)
	return Pattern{Segments: segments, Version: p.Version}
}

func appendPattern(list []Pattern, p Pattern) []Pattern {
	if slices.ContainsFunc(list, func(q Pattern) bool { return q.Version == p.Version && slices.Equal(q.Segments, p.Segments) }) {
		return list
	}
	return append(list, p)
}
