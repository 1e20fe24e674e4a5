package inference

import (
	"maps"
	"slices"
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
	Headers   [][2]string
}

// Match is a request understood, as far as its head goes.
type Match struct {
	Call      Call
	Authority string    // to send on; the request's own where nothing is rewritten
	Path      string    // to send on, with the query
	Header    [2]string // to send on: the model, for a router behind the gate
	Route     *Route

	// Body says how the rest stands in the body, nil where nothing does. Until
	// Complete, Call.Models are then services, without a model's name.
	Body *Body
	// Listing says that the reply lists models, which a caller may only know of
	// those that are granted; nil where it does not.
	Listing *Listing

	server *server
	routes *Routes
	host   string
	pinned string // what the body must name, or ""
	open   bool   // the body says which of the services it is for
}

// Clone is a copy with memory of its own, for when the request has gone.
func (m *Match) Clone() Match {
	c := *m
	for _, text := range []*string{&c.Authority, &c.Path, &c.Header[0], &c.Header[1], &c.host, &c.pinned} {
		*text = strings.Clone(*text)
	}
	c.Call.Models = slices.Clone(m.Call.Models)
	for i := range c.Call.Models {
		model := &c.Call.Models[i]
		for _, text := range []*string{&model.Namespace, &model.Service, &model.Name, &model.Version} {
			*text = strings.Clone(*text)
		}
	}
	return c
}

// Deferred reports whether nothing before the body says where the request goes.
func (m *Match) Deferred() bool { return m.open }

// Route is one row of "routes".
type Route struct {
	Forward bool  // credentials go on to the upstream
	Shadow  int64 // until this second since 1970, refusals are only counted and logged; 0 for never
	prefix  string
	family  string // routes of one family read the same paths on the services' own hosts
	native  bool   // hosts of services say whose it is
	public  bool   // so do its public paths
	anyHost bool   // it takes any host and sends on to it
	names   *Names
	header  string // see ModelHeaders
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
var protocols = map[string]compiler{
	"kserve-v1":  compileKServeV1,
	"kserve-v2":  compileKServeV2,
	"triton":     compileTriton,
	"openai":     compileOpenAI,
	"tfserving":  compileTFServing,
	"torchserve": compileTorchServe,
	"grpc":       compileGRPC,
}

// compiler reads a row of "routes".
type compiler func(*Route, strictjson.Value, surroundings)

// surroundings are what the rest of a configuration means to a route.
type surroundings struct {
	serves Model
	holds  bool // headers can wait for the body
}

// Routes is the compiled "routes" of a configuration. It is immutable.
type Routes struct {
	routes []*Route
	serves Model // the one service behind this proxy, or zero
}

// Compile reads "routes" and "serves". holds says that the host can keep headers
// until the body has been read.
func Compile(v, serves strictjson.Value, holds bool) *Routes {
	rs := &Routes{}
	if serves.Exists() {
		o := serves.Object("namespace", "service")
		rs.serves = Model{Namespace: o.Need("namespace").Text(), Service: o.Need("service").Text()}
		if !Label(rs.serves.Namespace) || !Label(rs.serves.Service) {
			serves.Fail("has a namespace and a service that are DNS-1123 labels")
		}
	}
	for _, item := range v.Items() {
		r := &Route{}
		name := item.JSON().Get("protocol").Str
		compile, ok := protocols[name]
		if !ok {
			item.Fail(`needs a "protocol": %s`, strings.Join(slices.Sorted(maps.Keys(protocols)), ", "))
			continue
		}
		compile(r, item, surroundings{rs.serves, holds})
		for _, other := range rs.routes {
			if r.collides(other) {
				item.Fail("prefix %q overlaps with %q", r.prefix, other.prefix)
			}
		}
		rs.routes = append(rs.routes, r)
	}
	return rs
}

// ModelHeaders lists the headers by which routers behind the gate choose a
// model: only the gate may say what they say.
func (rs *Routes) ModelHeaders() (names []string) {
	for _, r := range rs.routes {
		if r.header != "" {
			names = append(names, r.header)
		}
	}
	return names
}

// collides reports whether a path could be meant for either. Protocols that tell
// each other's paths apart may have one prefix.
func (r *Route) collides(other *Route) bool {
	if r.prefix == other.prefix && r.family != other.family && r.family != "" && other.family != "" {
		return false
	}
	return r.prefix != "" && other.prefix != "" && (within(r.prefix, other.prefix) || within(other.prefix, r.prefix))
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
			m.Route, m.routes, m.host = route, rs, r.host
			if w = headersAgree(&r, &m); w != reason.Allowed {
				return Match{}, w
			}
			return m.settle()
		default:
			return Match{}, w
		}
	}
	return Match{}, why
}

// settle holds a call to the host that it came to and to what stands behind
// this proxy.
func (m Match) settle() (Match, reason.Reason) {
	if why := m.routes.agree(m.host, m.Call.Models); why != reason.Allowed {
		return Match{}, why
	}
	if !m.open || m.Call.Models[0].Name != "" {
		m.Route.widen(&m)
	}
	if !m.routes.served(m.Call.Models) {
		return Match{}, reason.NotServed
	}
	return m, reason.Allowed
}

// widen adds what else the host that a request is sent on to can mean: with a
// template for which fraud's explainer is also the service fraud-why, or with
// serviceHosts, for which its predictor is also the service fraud-predictor,
// whoever calls the one must be granted the other.
func (r *Route) widen(m *Match) {
	host, _ := splitAuthority(m.Authority)
	first := m.Call.Models[0]
	for _, reading := range r.names.readings(host) {
		if reading.amongServices(m.Call.Models) {
			continue
		}
		reading.Name, reading.Version = first.Name, first.Version // whose server it is too, it is asked for that
		m.Call.Models = append(m.Call.Models, reading)
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
func (rs *Routes) agree(host string, models []Model) reason.Reason {
	lower := strings.ToLower(host)
	for _, route := range rs.routes {
		for _, reading := range route.names.readings(lower) {
			if !reading.amongServices(models) {
				return reason.IdentityConflict
			}
			if lower != host {
				return reason.HostInvalid
			}
		}
	}
	return reason.Allowed
}
