package inference

import (
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Request is what a route looks at.
type Request struct {
	Method    string
	Authority string
	Path      string // raw, with its query
	GRPC      bool   // content-type is application/grpc or begins with it
}

// Match is a request understood.
type Match struct {
	Call      Call
	Authority string // to send on; the request's own where nothing is rewritten
	Path      string // to send on, with the query
	Route     *Route
}

// Route is one row of "routes".
type Route struct {
	Forward bool  // credentials go on to the upstream
	Shadow  int64 // until this second since 1970, refusals are only counted and logged; 0 for never
	prefix  string
	native  bool // it also takes the services' own hosts and paths
	anyHost bool // it takes any host and sends on to it
	names   *Names
	match   matcher
}

// matcher is one protocol. It answers PathUnknown for a request that is not
// the protocol's; any other refusal is final.
type matcher func(r *parsed) (Match, reason.Reason)

// parsed is a Request with its parts checked.
type parsed struct {
	Request
	path, query string
	host        string
}

// protocols are the compilers of "routes", by "protocol".
var protocols = map[string]func(*Route, strictjson.Value){
	"kserve-v1": compileKServeV1,
	"grpc":      compileGRPC,
}

// Routes is the compiled "routes" of a configuration. It is immutable.
type Routes struct {
	routes []*Route
	serves Model // the one service behind this proxy, or zero
}

// Compile reads "routes" and "serves".
func Compile(v, serves strictjson.Value) *Routes {
	rs := &Routes{}
	if serves.Exists() {
		o := serves.Object("namespace", "service")
		rs.serves = Model{Namespace: o.Need("namespace").Text(), Service: o.Need("service").Text()}
		if !label(rs.serves.Namespace) || !label(rs.serves.Service) {
			serves.Fail("has a namespace and a service that are DNS-1123 labels")
		}
	}
	for _, item := range v.Items() {
		r := &Route{}
		name := item.JSON().Get("protocol").Str
		compile, ok := protocols[name]
		if !ok {
			item.Fail(`needs a "protocol": "kserve-v1" or "grpc"`)
			continue
		}
		compile(r, item)
		for _, other := range rs.routes {
			if r.prefix != "" && other.prefix != "" && (within(r.prefix, other.prefix) || within(other.prefix, r.prefix)) {
				item.Fail("prefix %q overlaps with %q", r.prefix, other.prefix)
			}
		}
		rs.routes = append(rs.routes, r)
	}
	return rs
}

// within reports whether path is prefix, or lies below it.
func within(path, prefix string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/')
}

// common reads what every route has.
func (r *Route) common(o strictjson.Object) {
	r.Shadow = o.Get("shadow").Object("until").Need("until").Instant()
	if c := o.Get("credentials"); c.Exists() {
		switch c.Text() {
		case "strip":
		case "forward":
			r.Forward = true
		default:
			c.Fail(`is "strip" or "forward"`)
		}
	}
}

// Match finds the call in a request. The first route that knows the path
// decides. A host that names a service must name the one that the path names.
func (rs *Routes) Match(req Request) (Match, reason.Reason) {
	r := parsed{Request: req}
	var ok bool
	if r.host, ok = splitAuthority(req.Authority); !ok {
		return Match{}, reason.HostInvalid
	}
	if r.path, r.query, ok = splitPath(req.Path); !ok {
		return Match{}, reason.PathInvalid
	}
	why := reason.PathUnknown
	for _, route := range rs.routes {
		m, w := route.match(&r)
		switch w {
		case reason.PathUnknown:
		case reason.HostInvalid: // another route may read the host
			why = w
		case reason.Allowed:
			m.Route = route
			if w = rs.agree(&r, m); w != reason.Allowed {
				return Match{}, w
			}
			route.widen(&m)
			if !rs.served(m.Call.Models) {
				return Match{}, reason.NotServed
			}
			return m, w
		default:
			return Match{}, w
		}
	}
	return Match{}, why
}

// widen adds what else the host that a request is sent on to can mean: with a
// template for which fraud's explainer is also the service fraud-why, whoever
// calls the one must be granted the other.
func (r *Route) widen(m *Match) {
	host, _ := splitAuthority(m.Authority)
	for _, reading := range r.names.components(host) {
		if !reading.amongServices(m.Call.Models) {
			m.Call.Models = append(m.Call.Models, reading)
		}
	}
}

// served reports whether one reading of the call is the service behind this
// proxy. Path and host agreeing on another service do not help: whatever is
// sent on from here ends at this one.
func (rs *Routes) served(models []Model) bool {
	return rs.serves == Model{} || rs.serves.amongServices(models)
}

// agree holds the host to the path: where any route's names make a service of
// the host, in whatever case, it must be a service of the call.
func (rs *Routes) agree(r *parsed, m Match) reason.Reason {
	lower := strings.ToLower(r.host)
	for _, route := range rs.routes {
		for _, reading := range route.names.readings(lower) {
			if !reading.amongServices(m.Call.Models) {
				return reason.IdentityConflict
			}
			if lower != r.host {
				return reason.HostInvalid
			}
		}
	}
	return reason.Allowed
}
