package inference

import (
	"regexp"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
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
	service      Model // declared, or zero
	transformers []Pattern
	table        table
	naming
}

var prefixForm = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)

// serverFields are those of every protocol of model servers.
var serverFields = []string{"protocol", "prefix", "names", "service", "transformers", "serviceHosts", "credentials", "shadow",
	"aliases", "default"}

// serve is the compiler of a protocol that is a table and nothing else.
func serve(protocol, family string, t table) compiler {
	return func(r *Route, v strictjson.Value, in surroundings) {
		s := &server{protocol: protocol, table: t}
		o := v.Object(serverFields...)
		s.compile(r, o, in, family)
		s.somewhere(o)
	}
}

// compile reads what all of them have. Routes of one family share paths.
func (s *server) compile(r *Route, o strictjson.Object, in surroundings, family string) {
	r.common(o)
	if names := o.Get("names"); names.Exists() || s.short {
		s.names = compileNames(o.Need("names"))
		s.names.serviceHosts = o.Get("serviceHosts").Bool()
	} else if h := o.Get("serviceHosts"); h.Exists() {
		h.Fail(`needs "names"`)
	} else {
		s.service = in.serves // with names, the host says
	}
	s.readPrefix(o.Get("prefix"))
	if service := o.Get("service"); service.Exists() && !s.short {
		s.service = compileService(service)
	}
	s.transformers = compileTransformers(o.Get("transformers"))
	s.naming.compile(o)
	r.prefix, r.family, r.names, r.match = s.prefix, family, s.names, s.match
}

func (s *server) readPrefix(p strictjson.Value) {
	if !p.Exists() {
		return
	}
	if s.prefix = p.Text(); s.prefix == "/" && !s.short {
		s.prefix, s.rooted = "", true
	} else if !prefixForm.MatchString(s.prefix) {
		p.Fail(`is a path such as "/kfserving", without a slash at its end`)
	} else if slices.ContainsFunc(ownRoots, func(root string) bool { return within(s.prefix, "/"+root) }) {
		p.Fail("lies on the model servers' own paths")
	}
	if s.names == nil {
		p.Fail(`needs "names", which say where public paths lead`)
	}
}

// somewhere wants to know whose server it is.
func (s *server) somewhere(o strictjson.Object) {
	if s.names == nil && s.service == (Model{}) && s.homes == nil {
		o.Fail(`needs "names", "service" or, for the whole configuration, "serves": whose models are they?`)
	}
}

// compileService reads namespace/service.
func compileService(v strictjson.Value) Model {
	namespace, service, _ := strings.Cut(v.Text(), "/")
	if !label(namespace) || !label(service) {
		v.Fail("is one service: namespace/service")
	}
	return Model{Namespace: namespace, Service: service}
}

func compileTransformers(v strictjson.Value) (list []Pattern) {
	for _, item := range v.Items() {
		p, err := ParsePattern(item.Text())
		if err != nil {
			item.Fail("%s", err)
		} else if len(p.Segments) > 2 || p.Version != "" {
			item.Fail("selects services: namespace/service")
		}
		list = append(list, p)
	}
	return list
}

func (s *server) match(r *parsed) (Match, reason.Reason) {
	if a, why := s.table(r, r.path); why != reason.PathUnknown {
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
	a, why := s.table(r, "/"+path)
	switch {
	case path == "", why == reason.PathUnknown, s.rooted && slices.Contains(ownRoots, namespace):
		return Match{}, reason.PathUnknown
	case !label(namespace) || !label(service):
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
