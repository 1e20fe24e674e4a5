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
	Forward bool // credentials go on to the upstream
	prefix  string
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
type Routes struct{ routes []*Route }

// Compile reads "routes".
func Compile(v strictjson.Value) *Routes {
	rs := &Routes{}
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
			return m, w
		default:
			return Match{}, w
		}
	}
	return Match{}, why
}

// agree holds the host to the path: where any route's names make a service of
// the host, in whatever case, it must be a service of the call.
func (rs *Routes) agree(r *parsed, m Match) reason.Reason {
	lower := strings.ToLower(r.host)
	for _, route := range rs.routes {
		for _, reading := range route.names.readings(lower) {
			same := false
			for _, model := range m.Call.Models {
				same = same || model.Namespace == reading.Namespace && model.Service == reading.Service
			}
			if !same {
				return reason.IdentityConflict
			}
			if lower != r.host {
				return reason.HostInvalid
			}
		}
	}
	return reason.Allowed
}
