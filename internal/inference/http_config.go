package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// compileHTTP reads a route with the protocol http.
func compileHTTP(r *Route, v strictjson.Value, in routeContext) {
	s := &server{protocol: "http"}
	o := v.Object("protocol", "service", "hosts", "names", "serviceHosts", "prefix", "credentials", "shadow", "resources")
	r.compileCommon(o)
	s.compileNames(o, in)
	s.compilePrefix(o.Get("prefix"))
	if service := o.Get("service"); service.Exists() {
		s.service = compileServiceName(service)
	}
	s.hosts = compileHosts(o.Get("hosts"))
	r.template = s.publicTemplate()
	r.server, r.prefix, r.family, r.names = s, s.prefix, "http", s.names
	r.byPath = r.hasPrefix()
	r.anyHost = s.names == nil && s.hosts == nil
	for _, item := range o.Need("resources").Items() {
		r.compileResource(item)
	}
}

// compileResource reads a row of "resources".
func (r *Route) compileResource(v strictjson.Value) {
	o := v.Object("path", "methods", "verb", "service", "model", "query", "upgrade", "encoded", "trailingSlash")
	x := resource{route: r, service: r.server.service, pointer: v.Pointer()}
	path := o.Need("path")
	x.compilePath(path)
	x.methods = compileMethods(o.Need("methods"))
	verb := o.Need("verb")
	var known bool
	if x.verb, known = ParseVerb(verb.JSON().Str); verb.Exists() && !known {
		verb.MustBe("%s", strictjson.Or(verbNames[:]))
	}
	if service := o.Get("service"); service.Exists() {
		x.service = compileServiceName(service)
		r.services = append(r.services, x.service)
	}
	if model := o.Get("model"); model.Exists() {
		x.name = r.server.compileModelName(model)
	}
	x.compileOpenings(o)
	x.byPath = x.has(servicePlace)
	x.byHost = !x.byPath && x.service.Service == ""
	switch {
	case x.byPath && (o.Get("service").Exists() || r.hasPrefix()):
		path.Fail(`must not have %s beside "service" or "prefix"`, servicePlace)
	case x.name != "" && x.has(modelPlace):
		path.Fail(`must not have %s beside "model"`, modelPlace)
	case x.byHost && r.names == nil:
		v.Fail(`needs "service", %s and %s in its path or, for the whole route, "service" or "names"`, namespacePlace, servicePlace)
		return
	}
	r.byHost, r.byPath = r.byHost || x.byHost, r.byPath || x.byPath
	r.resources = append(r.resources, &x)
	if r.hasPrefix() {
		r.addPublic(&x)
	}
}

// addPublic adds the public paths of a resource.
func (r *Route) addPublic(x *resource) {
	public := x.below(r.prefix)
	r.resources = append(r.resources, public)
	if len(x.segments) == 1 && x.segments[0] == "" { // KServe's ingress takes prefix/namespace/service for / too
		short := *public
		short.segments = public.segments[:public.cut]
		r.resources = append(r.resources, &short)
	}
}

// hasPrefix reports whether a route has public paths below a prefix.
func (r *Route) hasPrefix() bool { return r.prefix != "" || r.server != nil && r.server.prefixIsRoot }

// below returns the resource on public paths, which begin with the prefix and the service.
func (x *resource) below(prefix string) *resource {
	var public []string
	if prefix != "" {
		public = strings.Split(prefix[1:], "/")
	}
	public = append(public, namespacePlace, servicePlace)
	y := *x
	y.segments, y.cut, y.byPath, y.byHost = append(public, x.segments...), len(public), true, false
	return &y
}

// compilePath reads the path of a resource.
func (x *resource) compilePath(v strictjson.Value) {
	text := v.Text()
	rest, ok := strings.CutPrefix(text, "/")
	x.segments = strings.Split(rest, "/")
	last := len(x.segments) - 1
	if x.segments[last] == "*" {
		x.segments, x.rest = x.segments[:last], true
	}
	for i, segment := range x.segments {
		switch isKnown := segment == namespacePlace || segment == servicePlace || segment == modelPlace; {
		case segment == "" && i == last:
		case isKnown:
			ok = ok && !slices.Contains(x.segments[:i], segment)
		default:
			ok = ok && !isDotSegment(segment) && consistsOf(segment, pathBytes) && !strings.Contains(segment, "*")
		}
	}
	if text != "" && (!ok || x.has(namespacePlace) != x.has(servicePlace)) {
		v.MustBe(`a path of exact segments, %s with %s, and %s, each once, and with "*" only as the last`,
			namespacePlace, servicePlace, modelPlace)
	}
}

// compileMethods reads methods, which are tokens (RFC 9110 section 9.1) and compared
// exactly.
func compileMethods(v strictjson.Value) []string {
	methods := v.Texts()
	for i, method := range methods {
		if method != "" && (len(method) > maxMethod || !consistsOf(method, methodBytes) || method == "CONNECT") {
			v.Items()[i].MustBe("a method in capitals, such as GET or QUERY, of at most %d bytes, and not CONNECT", maxMethod)
		}
	}
	return methods
}

var methodBytes = newCharset("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_")

// compileOpenings reads what a resource takes beyond a canonical path without a query.
func (x *resource) compileOpenings(o strictjson.Object) {
	if query := o.Get("query"); query.JSON().Str == "*" {
		x.anyQuery = true
	} else {
		x.parameters = query.Texts()
	}
	upgrade := o.Get("upgrade")
	for i, protocol := range upgrade.Texts() {
		x.websocket = protocol == "websocket"
		if !x.websocket {
			upgrade.Items()[i].MustBe("websocket")
		}
	}
	if x.websocket && !slices.Contains(x.methods, "GET") { // RFC 6455 section 4.1
		upgrade.Fail(`needs the method GET`)
	}
	for _, opening := range []struct {
		name string
		form pathForm
	}{{"encoded", encodedForm}, {"trailingSlash", slashForm}} {
		if value := o.Get(opening.name); value.Bool() {
			x.openings |= opening.form
			if !x.rest {
				value.Fail(`needs a path that ends with "*"`)
			}
		}
	}
}

// compileResources collects the resources of all routes, narrower paths first, and reports
// those between which a path does not decide.
func (rs *Routes) compileResources(rows []strictjson.Value) {
	for i, route := range rs.routes {
		for _, x := range route.resources {
			place := strings.TrimPrefix(x.pointer, rows[i].Pointer()+"/")
			for _, other := range rs.resources {
				if x.conflictsWith(other) {
					rows[i].Fail("must not have %s beside %s, because a request could be meant for either", place, other.pointer)
				}
			}
			for j, other := range rs.routes {
				if other.family != "http" && other.covers(x) {
					rows[i].Fail("must not have %s beside the prefix of %s, because a request could be meant for either",
						place, rows[j].Pointer())
				}
			}
			rs.insert(x)
		}
	}
	if rs.resources != nil {
		rs.reserve()
	}
}

// insert puts a resource behind those whose paths are narrower or the same.
func (rs *Routes) insert(x *resource) {
	i := len(rs.resources)
	rs.resources = append(rs.resources, x)
	for ; i > 0 && x.compare(&rs.resources[i-1].resourcePath) < 0; i-- {
		rs.resources[i] = rs.resources[i-1]
	}
	rs.resources[i] = x
}

// conflictsWith reports whether a request could be meant for either: the one has no narrower
// path than the other, and both are on one host.
func (x *resource) conflictsWith(other *resource) bool {
	if !x.overlaps(&other.resourcePath) || !x.sharesHost(other) {
		return false
	}
	if x.isSame(other) {
		sameMethod := slices.ContainsFunc(x.methods, func(method string) bool { return slices.Contains(other.methods, method) })
		return sameMethod || !slices.Equal(x.segments, other.segments)
	}
	return !x.contains(&other.resourcePath) && !other.contains(&x.resourcePath)
}

// sharesHost reports whether both may be on one host.
func (x *resource) sharesHost(other *resource) bool {
	a, b := x.route.server, other.route.server
	switch {
	case x.byHost && other.byHost:
		return a.names.overlaps(b.names) || b.names.overlaps(a.names)
	case other.byHost:
		return other.sharesHost(x)
	case x.cut > 0 || other.cut > 0 || b.hosts == nil:
		return true
	case x.byHost:
		return slices.ContainsFunc(b.hosts, func(host string) bool { return a.names.servicesAt(host) != nil })
	}
	return a.hosts == nil || slices.ContainsFunc(a.hosts, func(host string) bool { return slices.Contains(b.hosts, host) })
}
