package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
)

// table is a protocol as a model server speaks it: what a method and a path on
// the server itself ask for. It answers PathUnknown for what is not in it; a
// path in no table is refused, whatever it may mean to a server.
type table func(r *parsed, path string) (ask, reason.Reason)

// ask is what a path of a model server asks for.
type ask struct {
	verb    Verb
	name    string // of the model; "" asks for the server as a whole, or the body says
	version string
	body    *Body    // how the body names the models, nil where the path says it all
	listing *Listing // how the reply lists models, nil where it does not
}

// server is a route to model servers of one protocol. The server of a service
// is reached by the service's own host and the protocol's own paths, or behind
// a public prefix:
//
//	<prefix>/<namespace>/<service>/<path on the server>
//
// which is what pathTemplate of KServe's ingress configuration makes
// (pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/path.go of
// kserve/kserve). Whose server it is comes from there, from the host, or from
// the configuration: never from a guess.
type server struct {
	protocol     string
	prefix       string // "" for none
	rooted       bool   // public paths begin with the namespace
	short        bool   // <prefix>/<namespace>/<service>[:verb] too, see kserveV1
	names        *Names
	service      Model    // declared, or zero
	hosts        []string // on which it is, nil for any
	transformers []Pattern
	table        table
	queries      []string // parameters that say nothing of a model
	naming
}

func (s *server) match(r *parsed) (Match, reason.Reason) {
	if a, why := s.asks(r, r.path); why != reason.PathUnknown {
		if why != reason.Allowed {
			return Match{}, why
		}
		return s.native(r, a)
	}
	if rest, ok := strings.CutPrefix(r.path, s.prefix+"/"); ok && (s.prefix != "" || s.rooted) {
		return s.public(r, rest)
	}
	return Match{}, reason.PathUnknown
}

// asks reads a path of the server's own. Servers take a model, a version and
// more from queries (seen with LiteLLM and KServe): what the protocol does not
// list is refused.
func (s *server) asks(r *parsed, path string) (ask, reason.Reason) {
	a, why := s.table(r, path)
	if why != reason.Allowed || s.short || r.query == "" {
		return a, why
	}
	for parameter := range strings.SplitSeq(r.query[1:], "&") {
		// Some take ';' for '&' too.
		if name, value, _ := strings.Cut(parameter, "="); !slices.Contains(s.queries, name) || strings.Contains(value, ";") {
			return ask{}, reason.QueryRefused
		}
	}
	return a, reason.Allowed
}

// ownRoots are first segments of servers' own paths: no namespace of a public
// path that begins with the namespace.
var ownRoots = []string{"v1", "v2", "openai", "publishers"}

// public reads what follows the prefix and says where it goes.
func (s *server) public(r *parsed, rest string) (Match, reason.Reason) {
	namespace, rest, ok := strings.Cut(rest, "/")
	if !ok {
		return Match{}, reason.PathUnknown
	}
	service, path, deeper := strings.Cut(rest, "/")
	if s.short && !deeper {
		service, _, _ = strings.Cut(rest, ":")
		path = "v1/models/" + rest
	}
	a, why := s.asks(r, "/"+path)
	switch {
	case path == "", why == reason.PathUnknown, s.rooted && slices.Contains(ownRoots, namespace):
		return Match{}, reason.PathUnknown
	case !Label(namespace) || !Label(service):
		return Match{}, reason.ModelInvalid
	case why != reason.Allowed:
		return Match{}, why
	}
	return s.found(r, a, "/"+path, Model{Namespace: namespace, Service: service})
}

// native reads a request that already has a server's path: on the host of a
// component it is checked and sent on as it is.
func (s *server) native(r *parsed, a ask) (Match, reason.Reason) {
	if s.service != (Model{}) {
		if s.hosts != nil && !slices.Contains(s.hosts, r.host) {
			return Match{}, reason.HostInvalid
		}
		if s.names != nil {
			return s.found(r, a, r.path, s.service)
		}
		return s.stay(r, a, []Model{s.service})
	}
	models := s.names.readings(r.host)
	if models == nil {
		return Match{}, reason.HostInvalid
	}
	for i := range models {
		models[i].Name = ""
	}
	return s.stay(r, a, models)
}

// stay is the match of a request that is not rewritten.
func (s *server) stay(r *parsed, a ask, services []Model) (Match, reason.Reason) {
	m := Match{Authority: r.Authority, Path: r.Path}
	return s.fill(m, a, services)
}

// found is the match of a request that goes to a service's host.
func (s *server) found(r *parsed, a ask, path string, service Model) (Match, reason.Reason) {
	m := Match{Authority: s.host(a.verb, service), Path: path + r.query}
	if m.Authority == "" {
		return Match{}, reason.ModelInvalid // the label with its suffix is too long
	}
	return s.fill(m, a, []Model{service})
}

// host is the host of the component that serves a verb.
func (s *server) host(verb Verb, service Model) string {
	return s.names.templates[s.component(verb, service)].host(service.Service, service.Namespace)
}

func (s *server) component(verb Verb, m Model) component {
	if verb == Explain {
		return explainer
	}
	for _, p := range s.transformers {
		if p.Matches(m) {
			return transformer
		}
	}
	return predictor
}

// fill puts what is asked of the services into the match.
func (s *server) fill(m Match, a ask, services []Model) (Match, reason.Reason) {
	m.Call = Call{Verb: a.verb, Models: services, Protocol: s.protocol}
	m.Body, m.Listing, m.server = a.body, a.listing, s
	if a.name == "" {
		return m, reason.Allowed
	}
	name := s.plain(a.name)
	for i := range services {
		services[i].Name, services[i].Version = name, a.version
	}
	return m, reason.Allowed
}

// checked refuses a name or a version that is none.
func (a ask) checked() (ask, reason.Reason) {
	if !modelName(a.name) || a.version != "" && !versionForm(a.version) {
		return ask{}, reason.ModelInvalid
	}
	return a, reason.Allowed
}

// versionForm reports whether s is a version, spelt as every server spells it:
// one that counts reads 01 as 1.
func versionForm(s string) bool {
	return modelName(s) && (s[0] != '0' || s == "0" || !digits(s))
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
