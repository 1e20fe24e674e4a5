package inference

import (
	"cmp"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
)

// resource is what a route with the protocol http declares: paths and methods of a server
// that speaks no protocol of model servers, and what it means to ask for them. The body is
// not read: the configuration or the path says whose resource it is.
type resource struct {
	resourcePath
	route      *Route // nil for paths that no wider resource may take, see Routes.reserve
	service    Model  // the declared one; zero where the path or the host says which
	byPath     bool   // the path says which service it is
	byHost     bool   // the host does
	name       string // of the declared model inside the service, or ""
	methods    []string
	verb       Verb
	websocket  bool     // takes upgrades to WebSocket (RFC 6455)
	parameters []string // of a query
	anyQuery   bool
	openings   pathForm // of what "*" stands for
	pointer    string   // in the configuration
}

// matchResource finds the call of a request for a resource. The narrowest path on the
// request's host decides, in whatever order the resources are: then the method must be one
// of it.
func (rs *Routes) matchResource(r *parsedRequest, form pathForm) (Match, reason.Reason) {
	var decided *resource
	for _, x := range rs.resources {
		var parts pathParts
		switch {
		case decided != nil && !x.isSame(decided), !x.match(r.path, false, &parts), !x.isOn(r):
			continue
		case x.route == nil:
			return Match{}, reason.PathUnknown
		}
		if decided = x; slices.Contains(x.methods, r.Method) {
			if rs.couldBeNarrower(x, r, &parts) {
				return Match{}, reason.PathUnknown
			}
			m, why := x.matchParts(r, form, &parts)
			if why == reason.Allowed {
				m.Route = x.route
			}
			return m, why
		}
	}
	return Match{}, reason.PathUnknown
}

// couldBeNarrower reports whether a server that folds case, ignores a slash at the end or
// decodes the path could take it for that of another resource than x, which may be narrower
// and does not mean the same. Express does, behind which Kubeflow's pages are.
func (rs *Routes) couldBeNarrower(x *resource, r *parsedRequest, parts *pathParts) bool {
	if x.isExact() {
		return false
	}
	path := strings.TrimSuffix(r.path, "/")
	if strings.IndexByte(path, '%') >= 0 {
		path, _ = decodePath(path)
	}
	for _, other := range rs.resources {
		var loose pathParts
		if other.match(path, true, &loose) && !other.contains(&x.resourcePath) && other.isOn(r) {
			if loose.own = parts.own; loose != *parts || !other.meansLike(x, r) {
				return true
			}
		}
	}
	return false
}

// meansLike reports whether a request for the other resource is one for x too, if their paths
// name the same.
func (x *resource) meansLike(other *resource, r *parsedRequest) bool {
	return x.route == other.route && x.service == other.service && x.byPath == other.byPath && x.name == other.name &&
		x.verb == other.verb && slices.Contains(x.methods, r.Method) && x.takesQuery(r.query) && (x.websocket || !r.Upgrade)
}

// isSame reports whether two resources have the same paths.
func (x *resource) isSame(other *resource) bool { return x.compare(&other.resourcePath) == 0 }

// isOn reports whether the resource is on the host of a request.
func (x *resource) isOn(r *parsedRequest) bool {
	switch {
	case x.route == nil, x.cut > 0:
		return true
	case x.byHost:
		return x.route.server.names.servicesAt(r.host) != nil
	}
	hosts := x.route.server.hosts
	return hosts == nil || slices.Contains(hosts, r.host)
}

// matchParts returns the match of a request for the resource.
func (x *resource) matchParts(r *parsedRequest, form pathForm, parts *pathParts) (Match, reason.Reason) {
	allowed := x.openings
	if !x.rest && len(x.segments) > 0 && x.segments[len(x.segments)-1] == "" {
		allowed = slashForm
	}
	s, op, service := x.route.server, operation{verb: x.verb, name: x.name}, x.service
	if x.byPath {
		service.Namespace, service.Service = parts.namespace, parts.service
	}
	if parts.model != "" {
		op.name = parts.model
	}
	switch {
	case form&^allowed != 0:
		return Match{}, invalidPath(r.path)
	case x.byPath && (!IsLabel(parts.namespace) || !IsLabel(parts.service)), parts.model != "" && !isNameSegment(parts.model):
		return Match{}, reason.ModelInvalid
	case !x.takesQuery(r.query):
		r.blame("query", "must have only parameters that the resource's \"query\" lists", otherParameter(r.query, x.parameters))
		return Match{}, reason.QueryRefused
	case r.Upgrade && !x.websocket:
		return Match{}, reason.UpgradeRefused
	case x.byHost:
		services := r.reading.servicesFor(s.names, r.host)
		if services == nil {
			return Match{}, reason.HostInvalid
		}
		for i := range services {
			services[i].Name = ""
		}
		return s.passThrough(r, op, services), reason.Allowed
	case s.names != nil:
		return s.rewriteTo(r, op, cmp.Or(r.path[parts.own:], "/"), service)
	}
	return s.passThrough(r, op, []Model{service}), reason.Allowed
}

// invalidPath is the answer for a path that is not canonical, and that nobody declares.
func invalidPath(path string) reason.Reason {
	if path == "/" { // everybody's browser asks for it
		return reason.PathUnknown
	}
	return reason.PathInvalid
}

// takesQuery reports whether a request may have a query, which begins with its '?'.
func (x *resource) takesQuery(query string) bool {
	return query == "" || x.anyQuery || onlyParameters(query, x.parameters)
}

// onlyParameters reports whether a query, which begins with its '?', has no other
// parameters than known.
func onlyParameters(query string, known []string) bool {
	for parameter := range strings.SplitSeq(query[1:], "&") {
		name, value, _ := strings.Cut(parameter, "=")
		if !slices.Contains(known, name) || strings.Contains(value, ";") { // some servers take ';' for '&'
			return false
		}
	}
	return true
}

// TakesUpgrades reports whether a resource takes upgrades to WebSocket.
func (rs *Routes) TakesUpgrades() bool {
	return slices.ContainsFunc(rs.resources, func(x *resource) bool { return x.websocket })
}
