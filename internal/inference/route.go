package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/cause"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Request is the part of a request's head that routes look at.
type Request struct {
	Method    string
	Authority string
	Path      string          // raw, with its query
	GRPC      bool            // content-type begins with application/grpc
	GRPCWeb   bool            // content-type begins with application/grpc-web
	Upgrade   bool            // asks to go on as WebSocket
	Routing   []RoutingHeader // the headers that name a model, a service or a namespace
}

// parsedRequest is a Request whose host and path have been checked.
type parsedRequest struct {
	Request
	path, query string // the query with its '?', or ""
	host        string // without its port
	reading     hostReading
	blamed      *cause.Cause  // is told what is at fault; nil if nobody asks
	hidden      reason.Reason // of a refusal that Match answers as GrantMissing; only if blamed is set
}

// Route is one row of "routes".
type Route struct {
	Forward bool  // forwards credentials to the upstream
	Shadow  int64 // until this time, in seconds since 1970, refusals are only counted and logged; 0 for never

	prefix   string       // of its public paths, or ""
	template pathTemplate // of its public paths, or nil
	family   string       // routes of one family read the same paths on the services' own hosts
	byHost   bool         // takes requests on the services' own hosts
	byPath   bool         // takes requests by public paths
	anyHost  bool         // takes any host, and forwards to it
	names    *hostNames   // nil where none are configured
	header   string       // see Routes.ModelHeaders
	server   *server      // nil for protocol grpc
	openAI   *openAI      // nil for other protocols
	model    Model        // of protocol grpc, which is the model on these hosts
	hosts    []string
	boundTo  string // the model that the paths name for the server, or ""
	base     string // below which the configuration says that its paths are, or ""
	match    matcher

	resources []*resource // of protocol http, which has no matcher
	services  []Model     // that these declare
}

// matcher is one protocol. It returns PathUnknown for a request that is not the
// protocol's, and HostInvalid or ModelUnreadable for one that another route may take on
// this host. Every other refusal is final.
type matcher func(r *parsedRequest) (Match, reason.Reason)

// Routes is the compiled "routes" and "serves" of a configuration. It is immutable.
type Routes struct {
	routes []*Route
	serves Model        // the one service behind this proxy, or zero
	names  []*hostNames // of the routes, each once
	// hasTags reports whether a template has a tag.
	hasTags bool
	// declared has the hosts that routes declare, if a template isSplit.
	declared map[string]Model
	// resources are those of all routes with the protocol http, narrower paths first.
	resources  []*resource
	beyondHead strictjson.Problems // see BeyondHead
}

// ModelHeaders returns the headers by which routers behind the gate choose a
// model. Only the gate may write them.
func (rs *Routes) ModelHeaders() (names []string) {
	for _, r := range rs.routes {
		if r.header != "" {
			names = append(names, r.header)
		}
	}
	return names
}

// maxMethod is the length of the longest method that a route is asked about, in bytes: no
// protocol has one that is as long.
const maxMethod = 16

// Match finds the call in the head of a request. The first route that knows the
// path decides. A host that names a service must name the one that the path names.
func (rs *Routes) Match(req Request) (Match, reason.Reason) {
	r := parsedRequest{Request: req}
	return rs.matchParsed(&r)
}

func (rs *Routes) matchParsed(r *parsedRequest) (Match, reason.Reason) {
	var ok bool
	req := &r.Request
	if r.host, ok = splitAuthority(req.Authority); !ok {
		return Match{}, reason.HostInvalid
	}
	if r.path, r.query, ok = splitPath(req.Path); !ok {
		return Match{}, reason.PathInvalid
	}
	var form pathForm
	if !IsCanonicalPath(r.path) {
		if form = otherForm; rs.resources != nil || r.path == "/" {
			form = formOf(r.path)
		}
		if form == otherForm {
			return Match{}, reason.PathInvalid
		}
	}
	if len(req.Method) > maxMethod {
		return Match{}, reason.PathUnknown
	}
	lower := strings.ToLower(r.host)
	if lower != r.host && rs.declares(lower) { // to a router behind the gate it is that host
		return Match{}, reason.HostInvalid
	}
	rs.read(&r.reading, lower)
	m, why := rs.matchRoute(r, form)
	switch {
	case why == reason.PathUnknown && r.GRPCWeb:
		return Match{}, reason.GRPCWeb
	case why != reason.Allowed:
		return Match{}, why
	}
	m.routes, m.host = rs, r.host
	if !m.checkRoutingHeaders(r.Routing) {
		r.blameRouting(&m, reason.IdentityConflict)
		return Match{}, m.answer(reason.IdentityConflict)
	}
	done, why := m.finish(&r.reading)
	r.hide(why)
	return done, m.answer(why)
}

// declares reports whether a route has a host for its own.
func (rs *Routes) declares(host string) bool {
	return slices.ContainsFunc(rs.routes, func(r *Route) bool {
		_, hosts := r.declared()
		return slices.Contains(hosts, host)
	})
}

// matchRoute finds the route of a request. Protocols of model servers take the paths that
// they know before resources do.
func (rs *Routes) matchRoute(r *parsedRequest, form pathForm) (Match, reason.Reason) {
	refusal := reason.PathUnknown
	for _, route := range rs.routes {
		if form != 0 && r.path != "/" || route.match == nil {
			continue
		}
		m, why := route.match(r)
		switch why {
		case reason.PathUnknown:
		case reason.HostInvalid, reason.ModelUnreadable:
			refusal = why
		case reason.Allowed:
			if r.Upgrade { // which only a resource takes
				refusal = reason.UpgradeRefused
				continue
			}
			m.Route = route
			return m, why
		default:
			return Match{}, why
		}
	}
	if rs.resources == nil || r.GRPC {
		return Match{}, refusal
	}
	m, why := rs.matchResource(r, form)
	switch {
	case why == reason.PathUnknown && form != 0:
		why = invalidPath(r.path)
	case why == reason.PathUnknown:
		why = refusal
	}
	return m, why
}

// Preflight returns where a browser's question goes about a request that it has not sent yet: to
// where that request would go. ok is false if no route knows its path. If the name of a model
// says where it would go, the question keeps its host and path, whether there is such a model or
// not.
func (rs *Routes) Preflight(req Request) (authority, path string, ok bool) {
	m, why := rs.Match(req)
	if why == reason.GrantMissing || why == reason.Allowed && (m.byModel || m.deferred) {
		return req.Authority, req.Path, true
	}
	return m.Authority, m.Path, why == reason.Allowed
}

// hasPathPrefix reports whether path is prefix, or is below it.
func hasPathPrefix(path, prefix string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/')
}

// conflictsWith reports whether both could take one path. Protocols that tell each
// other's paths apart may share a prefix, and so may those that read alike what both read.
func (r *Route) conflictsWith(other *Route) bool {
	bothShare := r.family != "" && other.family != "" && (r.family != other.family || r.isTensorFlow(other))
	if bothShare && slices.Equal(r.template, other.template) {
		return false
	}
	return r.prefix != "" && other.prefix != "" &&
		(hasPathPrefix(r.prefix, other.prefix) || hasPathPrefix(other.prefix, r.prefix))
}

// isTensorFlow reports whether two routes are KServe's TensorFlow runtime: tfserving beside
// kserve-v1. Every path that both have means the same to both: the first route decides.
func (r *Route) isTensorFlow(other *Route) bool {
	a, b := r.server, other.server
	if a == nil || b == nil {
		return false
	}
	return a.protocol == "tfserving" && b.protocol == "kserve-v1" || a.protocol == "kserve-v1" && b.protocol == "tfserving"
}

// overlaps reports whether both take the same request on a service's own host. A
// protocol that is known by its paths, such as gRPC, takes none of another's.
func (r *Route) overlaps(other *Route) bool {
	return r.family != "" && r.family == other.family && r.names != nil && other.names != nil &&
		(r.names.overlaps(other.names) || other.names.overlaps(r.names))
}
