package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// serverFields are those of every protocol of model servers.
var serverFields = []string{"protocol", "prefix", "names", "service", "hosts", "transformers", "serviceHosts", "credentials", "shadow",
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
	if hosts := o.Get("hosts"); hosts.Exists() && !s.short {
		s.hosts = compileHosts(hosts)
		if s.service == (Model{}) {
			hosts.Fail(`needs "service"`)
		}
	}
	s.transformers = compileTransformers(o.Get("transformers"))
	s.naming.compile(o)
	r.prefix, r.family, r.names, r.match = s.prefix, family, s.names, s.match
	r.native, r.public = s.names != nil && s.service == (Model{}), s.prefix != "" || s.rooted
	r.anyHost = s.service != (Model{}) && s.names == nil && s.hosts == nil
}

func (s *server) readPrefix(p strictjson.Value) {
	if !p.Exists() {
		return
	}
	if s.prefix = p.Text(); s.prefix == "/" && !s.short {
		s.prefix, s.rooted = "", true
	} else if !prefixForm(s.prefix) {
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
	if !Label(namespace) || !Label(service) {
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
