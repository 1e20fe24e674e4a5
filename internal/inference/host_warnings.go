package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/phrase"
)

// warnOfHosts describes hosts that may not mean what the configuration says: those
// of a declared service that the names of routes give to another service, those that
// two routes declare as two services, and public hosts that look like a service's.
func (rs *Routes) warnOfHosts(list *warnings) {
	for i, r := range rs.routes {
		service, hosts := r.declared()
		for _, host := range hosts {
			if other, differs := rs.otherServiceAt(host, service); differs && service != (Model{}) {
				list.add(i, "route %d is service %s on the host %q, which the names of the routes give to service %s: "+
					"every request on it is refused as identity_conflict", i, service, host, other)
			}
		}
		for j, other := range rs.routes[:i] {
			if host, ok := r.sharesServer(other); ok {
				list.add(i, "routes %d and %d take requests on %s for two services, %s and %s: "+
					"if one server answers both, a deny on the one does not apply to the other", j, i, host, other.server.service, service)
			}
		}
		if r.names != nil && r.names.isSplit() {
			list.add(i, `the "names" of route %d have no dot between service and namespace: a host with several hyphens, `+
				`such as fraud-team-a, needs a grant for each way to cut it, unless "namespaces" lists the namespaces`, i)
		}
		if r.names != nil && r.names.serviceHosts && r.names.short && r.byPath {
			list.add(i, `route %d has public paths and "serviceHosts": a public host of two labels, such as example.com, `+
				"is read as service example in namespace com, and requests for other services on it are refused as identity_conflict", i)
		}
	}
}

// declared returns the service that a route declares, and the hosts on which it is.
func (r *Route) declared() (service Model, hosts []string) {
	if r.server == nil {
		return r.model, r.hosts
	}
	return r.server.service, r.server.hosts
}

// otherServiceAt returns a service that a template gives a host to, if it is not the
// declared one.
func (rs *Routes) otherServiceAt(host string, declared Model) (other Model, differs bool) {
	var h hostReading
	rs.read(&h, host)
	for _, s := range h.services {
		if s.certainty == named && !s.isOneOf([]Model{declared}) {
			return Model{Namespace: s.namespace, Service: s.service}, true
		}
	}
	return Model{}, false
}

// sharesServer reports whether both routes may lead to one server: they keep the host
// of a request, and take one host for two services.
func (r *Route) sharesServer(other *Route) (host string, ok bool) {
	a, b := r.server, other.server
	if a == nil || b == nil || a.names != nil || b.names != nil || a.service == b.service || a.service == (Model{}) || b.service == (Model{}) {
		return "", false
	}
	if a.hosts == nil && b.hosts == nil {
		return "any host", true
	}
	for _, host := range slices.Concat(a.hosts, b.hosts) {
		if (a.hosts == nil || slices.Contains(a.hosts, host)) && (b.hosts == nil || slices.Contains(b.hosts, host)) {
			return phrase.Sprintf("the host %q", host), true
		}
	}
	return "", false
}

// Reaches reports whether some request may be for a service that a pattern selects.
func (rs *Routes) Reaches(p Pattern) bool {
	if rs.serves != (Model{}) {
		return segmentMatches(p.Segments[0], rs.serves.Namespace) && rs.servesLike(p.Segments[1])
	}
	services, all := rs.reachable()
	return all || slices.ContainsFunc(services, func(m Model) bool {
		return segmentMatches(p.Segments[0], m.Namespace) && segmentMatches(p.Segments[1], m.Service)
	})
}

// servesLike reports whether a host of the one service behind this proxy may mean a
// service that the second segment of a pattern selects too.
func (rs *Routes) servesLike(segment string) bool {
	if strings.HasSuffix(segment, "*") || segment == rs.serves.Service {
		return true
	}
	return slices.ContainsFunc(rs.names, func(n *hostNames) bool {
		return slices.Contains(n.forms.appendClosure(nil, rs.serves.Namespace, segment), rs.serves.Service) ||
			slices.Contains(n.forms.appendClosure(nil, rs.serves.Namespace, rs.serves.Service), segment)
	})
}

// reachable returns the services that requests can be for. all is true where the path
// or the host of a request says which service it is for.
func (rs *Routes) reachable() (services []Model, all bool) {
	for _, r := range rs.routes {
		if r.byHost || r.byPath {
			return nil, true
		}
		services = append(services, r.allDeclared()...)
		for _, m := range slices.Clone(services) {
			services = append(services, rs.readingsOf(r.names, m)...)
		}
	}
	return services, false
}

// readingsOf returns what else the hosts of a service mean by the names of a route.
func (rs *Routes) readingsOf(n *hostNames, service Model) (services []Model) {
	if n == nil {
		return nil
	}
	for _, t := range n.templates {
		var h hostReading
		rs.read(&h, t.host(service.Service, service.Namespace))
		for _, s := range h.services {
			services = append(services, Model{Namespace: s.namespace, Service: s.service})
		}
	}
	return services
}

// isSplit reports whether a template isSplit.
func (n *hostNames) isSplit() bool {
	return slices.ContainsFunc(n.allTemplates, func(t *hostTemplate) bool { return t.isSplit })
}
