package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// serverFields are those of every protocol of model servers.
var serverFields = []string{
	"protocol", "prefix", "path", "names", "service", "hosts", "transformers", "serviceHosts", "credentials", "shadow", "aliases", "default",
}

// versionedFields are those of the protocols whose requests may name a version.
var versionedFields = append(slices.Clip(serverFields), "unversioned")

// compileServer compiles a row whose protocol has a path parser and no fields of its own.
func compileServer(r *Route, v strictjson.Value, in routeContext, family string, s *server) {
	o := v.Object(versionedFields...)
	s.compile(r, o, in, family)
	s.requireService(o)
}

// compile reads the fields that the protocols of model servers share. Routes of one
// family share paths.
func (s *server) compile(r *Route, o strictjson.Object, in routeContext, family string) {
	r.compileCommon(o)
	s.compileNames(o, in)
	s.compilePrefix(o.Get("prefix"))
	s.compileTemplate(o.Get("path"), o.Get("prefix").Exists())
	s.compileService(o)
	s.transformers = compileServicePatterns(o.Get("transformers"))
	s.modelNames.compile(o)
	s.compileUnversioned(o.Get("unversioned"))
	declared := s.service != (Model{})
	r.template = s.publicTemplate()
	r.server, r.prefix, r.family, r.names, r.match = s, s.prefix, family, s.names, s.match
	r.byHost, r.byPath = s.names != nil && !declared, s.prefix != "" || s.prefixIsRoot
	r.anyHost = declared && s.names == nil && s.hosts == nil
}

// compileNames reads "names" and "serviceHosts". Without names, the service is the
// one that "serves" declares; with them, the host says which it is.
func (s *server) compileNames(o strictjson.Object, in routeContext) {
	names, serviceHosts := o.Get("names"), o.Get("serviceHosts")
	if names.Exists() {
		s.names = compileHostNames(names, serviceHosts)
		return
	}
	s.service = in.serves
	if serviceHosts.Exists() {
		serviceHosts.Fail(`needs "names"`)
	}
}

func (s *server) compilePrefix(v strictjson.Value) {
	if !v.Exists() {
		return
	}
	s.prefix = v.Text()
	switch {
	case s.prefix == "": // reported
	case s.prefix == "/":
		s.prefix, s.prefixIsRoot = "", true
	case !isPathPrefix(s.prefix):
		mustBePathPrefix(v, "/kfserving")
	case isOwnRoot(s.prefix):
		v.Fail("must not be below the model servers' own /%s; got %q", strings.Join(ownRoots, ", /"), s.prefix)
	}
	if s.names == nil {
		v.Fail(`needs "names", which say to which hosts public paths lead`)
	}
}

// mustBePathPrefix reports a prefix that is none, and names the mistake that is
// most often made in one.
func mustBePathPrefix(v strictjson.Value, example string) {
	text, hint := v.JSON().Str, ""
	switch {
	case text == "/":
		hint = ", with a segment"
	case !strings.HasPrefix(text, "/"):
		hint = ", with a slash at its beginning"
	case strings.HasSuffix(text, "/"):
		hint = ", without a slash at its end"
	case strings.ContainsAny(text, "*?[](){}|^$+\\"):
		hint = ", without a pattern"
	}
	v.MustBe("a path such as %q%s", example, hint)
}

// compileService reads "service" and its "hosts".
func (s *server) compileService(o strictjson.Object) {
	if service := o.Get("service"); service.Exists() {
		s.service = compileServiceName(service)
	}
	if hosts := o.Get("hosts"); hosts.Exists() {
		s.hosts = compileHosts(hosts)
		if s.service == (Model{}) {
			hosts.Fail(`needs "service"`)
		}
	}
}

// requireService reports a route that does not say which service it leads to.
func (s *server) requireService(o strictjson.Object) {
	if s.names == nil && s.service == (Model{}) && s.services == nil {
		o.Fail(`needs "names", "service" or, for the whole configuration, "serves", to say whose models these are`)
	}
}

// compileServiceName reads namespace/service.
func compileServiceName(v strictjson.Value) Model {
	text := v.Text()
	namespace, service, _ := strings.Cut(text, "/")
	if text != "" && (!IsLabel(namespace) || !IsLabel(service)) {
		v.MustBe("one namespace/service%s", serviceHint(text))
	}
	return Model{Namespace: namespace, Service: service}
}

// serviceHint names the mistake that is most often made in namespace/service.
func serviceHint(text string) string {
	switch {
	case !strings.Contains(text, "/"):
		return ", with a namespace"
	case strings.Contains(text, "*"):
		return ", without a pattern"
	case strings.Contains(text, "@"):
		return ", without a version"
	case strings.ToLower(text) != text:
		return ", in lower case"
	case strings.Count(text, "/") > 1:
		return ", without a model inside it"
	}
	return ""
}

// compileServicePatterns reads patterns of services.
func compileServicePatterns(v strictjson.Value) (list []Pattern) {
	for _, item := range v.Items() {
		text := item.Text()
		if text == "" {
			continue // reported
		}
		p, err := ParsePattern(text)
		switch {
		case err != nil:
			item.Fail("%s", err)
		case len(p.Segments) > 2 || p.Version != "":
			item.MustBe("namespace/service, without a model inside it or a version")
		default:
			list = append(list, p)
		}
	}
	return list
}
