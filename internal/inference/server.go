package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
)

// pathParser is a protocol as a model server speaks it: it returns what a method
// and a path on the server ask for. It returns PathUnknown for a path that the
// protocol does not have; such a path is refused, whatever it may mean to a server.
type pathParser func(r *parsedRequest, path string) (operation, reason.Reason)

// operation is what a request asks of a model server.
type operation struct {
	verb    Verb
	name    string // of the model; "" for the server as a whole, or where the body names it
	version string
	body    *Body    // how the body names the models, nil where it names none
	listing *Listing // how the reply lists models, nil where it lists none

	parameters []string // of a query, beside those of the server, that say no more of a model
	anyQuery   bool     // any query, because the caller may do anything to the server
}

// unknownPath is the answer of a pathParser for a path that it does not have.
func unknownPath() (operation, reason.Reason) { return operation{}, reason.PathUnknown }

// invalidModel is the answer of a pathParser for a path that no server reads as one
// model.
func invalidModel() (operation, reason.Reason) { return operation{}, reason.ModelInvalid }

// onServer is the operation on a server as a whole.
func onServer(verb Verb) (operation, reason.Reason) { return operation{verb: verb}, reason.Allowed }

// listsModels is the operation that returns a listing.
func listsModels(l *Listing) (operation, reason.Reason) {
	return operation{verb: List, listing: l}, reason.Allowed
}

// onModel is the operation on the model of that name, unless it is no valid one. ""
// is no version.
func onModel(verb Verb, name, version string) (operation, reason.Reason) {
	if !isNameSegment(name) {
		return invalidModel()
	}
	return operation{verb: verb, name: name, version: version}, reason.Allowed
}

// server is a route to model servers of one protocol. The server of a service is
// reached by the service's own host and the protocol's own paths, or below a
// public prefix:
//
//	<prefix>/<namespace>/<service>/<path on the server>
//
// which is what pathTemplate of KServe's ingress configuration makes
// (pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/path.go of
// kserve/kserve). Which service it is comes from there, from the host, or from the
// configuration: never from a guess.
type server struct {
	protocol     string
	prefix       string // of public paths, "" for none
	prefixIsRoot bool   // public paths begin with the namespace
	template     pathTemplate
	namespace    string     // of public paths by a template without one, or ""
	shortPaths   bool       // takes <prefix>/<namespace>/<service>[:verb] too, see kserveV1
	withoutLists bool       // has no path that lists models
	names        *hostNames // nil where none are configured
	service      Model      // declared, or zero
	hosts        []string   // those of the service, nil for any
	transformers []Pattern  // the services that have a transformer
	parsePath    pathParser
	parameters   []string // of a query, that say nothing of a model
	isVersion    versionForm
	unversioned  map[string]string // the version that a request means which names none, by model
	modelNames
}

func (s *server) match(r *parsedRequest) (Match, reason.Reason) {
	op, why := s.parseOperation(r, r.path)
	switch why {
	case reason.Allowed:
		return s.matchOwnPath(r, op)
	case reason.PathUnknown, reason.ModelUnreadable: // which may be the name of a namespace
		if m, public := s.matchPublicPath(r); public != reason.PathUnknown {
			return m, public
		}
	case reason.ModelInvalid, reason.QueryRefused:
		if !s.takesHost(r) { // another route may read the path otherwise
			return Match{}, reason.HostInvalid
		}
	}
	return Match{}, why
}

// takesHost reports whether requests with a path of the server's own come on this host.
func (s *server) takesHost(r *parsedRequest) bool {
	if s.service == (Model{}) {
		return r.reading.servicesFor(s.names, r.host) != nil
	}
	return s.hosts == nil || slices.Contains(s.hosts, r.host)
}

// parseOperation reads a path of the server's own. Servers take a model, a version
// and more from queries (seen with LiteLLM and KServe), so a parameter that the
// protocol does not list is refused.
func (s *server) parseOperation(r *parsedRequest, path string) (operation, reason.Reason) {
	op, why := s.parsePath(r, path)
	if op.listing != nil && s.withoutLists {
		return unknownPath()
	}
	if why == reason.Allowed && op.version != "" && !s.isVersion(op.version) {
		return invalidModel()
	}
	if why != reason.Allowed || s.shortPaths || r.query == "" || op.anyQuery {
		return op, why
	}
	for parameter := range strings.SplitSeq(r.query[1:], "&") {
		name, value, _ := strings.Cut(parameter, "=")
		known := slices.Contains(s.parameters, name) || slices.Contains(op.parameters, name)
		switch {
		case name == "key" && s.publishers: // Gemini's credential
			r.blame("query", "must not have the credential key", name)
			return operation{}, reason.QueryToken
		case !known, strings.Contains(value, ";"): // some servers take ';' for '&'
			r.blame("query", "must have only parameters that the protocol lists for this path, and no ';'", parameterName(parameter))
			return operation{}, reason.QueryRefused
		}
	}
	return op, reason.Allowed
}

// ownRoots are the first segments of servers' own paths. No namespace of a public
// path that begins with the namespace may be one of them.
var ownRoots = []string{"v1", "v1beta", "v2", "openai", "publishers", "engines"}

// matchPublicPath reads what follows the prefix: the service, and a path of its server.
func (s *server) matchPublicPath(r *parsedRequest) (Match, reason.Reason) {
	if s.template != nil {
		service, path, ok := s.template.cut(r.path)
		if !ok {
			return Match{}, reason.PathUnknown
		}
		if s.namespace != "" {
			service.Namespace = s.namespace
		}
		return s.matchBelow(r, service, path)
	}
	rest, isPublic := strings.CutPrefix(r.path, s.prefix+"/")
	namespace, rest, ok := strings.Cut(rest, "/")
	if !ok || !isPublic || s.prefix == "" && !s.prefixIsRoot {
		return Match{}, reason.PathUnknown
	}
	service, path, deeper := strings.Cut(rest, "/")
	if s.shortPaths && !s.prefixIsRoot && !deeper {
		service, _, _ = strings.Cut(rest, ":")
		path = "v1/models/" + rest
	}
	return s.matchBelow(r, Model{Namespace: namespace, Service: service}, "/"+path)
}

// matchBelow reads the server's own path of a public one.
func (s *server) matchBelow(r *parsedRequest, service Model, path string) (Match, reason.Reason) {
	op, why := s.parseOperation(r, path)
	switch {
	case path == "/", why == reason.PathUnknown, s.prefixIsRoot && isOwnRoot(r.path):
		return Match{}, reason.PathUnknown
	case !IsLabel(service.Namespace) || !IsLabel(service.Service):
		r.blame("path", "must have a namespace and a service that are DNS-1123 labels: a-z, 0-9 and hyphens inside", service.Namespace+"/"+service.Service)
		return Match{}, reason.ModelInvalid
	case why != reason.Allowed:
		return Match{}, why
	}
	return s.rewriteTo(r, op, path, service)
}

// matchOwnPath finds the service of a request that has a path of the server's own:
// it is declared, or the host names one of its components.
func (s *server) matchOwnPath(r *parsedRequest, op operation) (Match, reason.Reason) {
	if s.service == (Model{}) {
		services := r.reading.servicesFor(s.names, r.host)
		if services == nil {
			return Match{}, reason.HostInvalid
		}
		for i := range services {
			services[i].Name = ""
		}
		return s.passThrough(r, op, services), reason.Allowed
	}
	if !s.takesHost(r) {
		return Match{}, reason.HostInvalid
	}
	if s.names != nil {
		return s.rewriteTo(r, op, r.path, s.service)
	}
	return s.passThrough(r, op, []Model{s.service}), reason.Allowed
}

// passThrough returns the match of a request that keeps its host and its path.
func (s *server) passThrough(r *parsedRequest, op operation, services []Model) Match {
	return s.matchFor(op, services, r.Authority, r.Path)
}

// rewriteTo returns the match of a request that goes to the host of a service.
func (s *server) rewriteTo(r *parsedRequest, op operation, path string, service Model) (Match, reason.Reason) {
	host := s.host(op.verb, service)
	if host == "" {
		return Match{}, reason.ModelInvalid // a label is too long with the template's suffix
	}
	return s.matchFor(op, []Model{service}, host, path+r.query), reason.Allowed
}

// matchFor returns the match of an operation on services, which are of one server.
func (s *server) matchFor(op operation, services []Model, authority, path string) Match {
	pinned := ""
	if op.name != "" {
		name := s.resolveAlias(op.name)
		if op.body != nil {
			pinned = name
		}
		for i := range services {
			services[i].Name, services[i].Version = name, s.versionOf(op.verb, name, op.version)
		}
	}
	return Match{
		Call:      Call{Verb: op.verb, Models: services, Protocol: s.protocol},
		Authority: authority,
		Path:      path,
		Body:      op.body,
		Listing:   op.listing,
		server:    s,
		pinned:    pinned,
	}
}

// host returns the host of the component of a service that serves a verb.
func (s *server) host(verb Verb, service Model) string {
	return s.names.templates[s.componentFor(verb, service)].host(service.Service, service.Namespace)
}

func (s *server) componentFor(verb Verb, service Model) component {
	if verb == Explain {
		return explainer
	}
	if slices.ContainsFunc(s.transformers, func(p Pattern) bool { return p.Matches(service) }) {
		return transformer
	}
	return predictor
}
