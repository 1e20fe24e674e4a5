package inference

import (
	"slices"
	"strconv"
	"strings"

	"github.com/modelgate/modelgate/internal/cause"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
)

// Cause says what is at fault with a request that Match refuses. why is the Reason, also where
// Match answers as for a model that does not exist; Allowed if nothing is at fault.
func (rs *Routes) Cause(req Request) (c cause.Cause, why reason.Reason) {
	r := parsedRequest{Request: req, blamed: &c, hidden: reason.Allowed}
	if _, why = rs.matchParsed(&r); why == reason.GrantMissing && r.hidden != reason.Allowed {
		why = r.hidden
	}
	if c.Place == "" {
		c = rs.placeOf(&r, why)
	}
	return c, why
}

// blame notes what is at fault, if somebody asks. The first note stays.
func (r *parsedRequest) blame(place, why, got string) {
	if r.blamed != nil && r.blamed.Place == "" {
		r.blamed.At(place, why).Add(got)
	}
}

// hide notes a Reason that Match may answer otherwise.
func (r *parsedRequest) hide(why reason.Reason) {
	if r.blamed != nil {
		r.hidden = why
	}
}

// blameRouting notes which routing header is at fault: of those that disagree alone with the
// match the first, else the first that names something.
func (r *parsedRequest) blameRouting(m *Match, why reason.Reason) {
	if r.blamed == nil || len(r.Routing) == 0 {
		return
	}
	r.hide(why)
	at := 0
	for i := range r.Routing {
		if m == nil {
			break
		}
		alone := *m
		if !alone.checkRoutingHeaders(r.Routing[i : i+1]) {
			at = i
			break
		}
	}
	h := &r.Routing[at]
	r.blame("header "+cause.Cut(h.Name), "must name what the rest of the request names, or be left out", h.Value)
}

// placeOf says what is at fault where nothing has been noted.
func (rs *Routes) placeOf(r *parsedRequest, why reason.Reason) (c cause.Cause) {
	switch why {
	case reason.PathInvalid:
		return pathCause(r.Path)
	case reason.HostInvalid:
		return rs.hostCause(r)
	case reason.PathUnknown:
		return rs.unknownCause(r)
	case reason.ModelInvalid:
		c.At("path", "must name a namespace, a service and a model in the form that each has: a DNS-1123 label, or a model's name")
	case reason.ModelMissing:
		c.At("path", `must name a model, or the route must have a "default"`)
	case reason.ModelUnreadable:
		c.At("path", "must be one of which the gate can read the model: of this one a file, a stored object, a list or a stream says it")
	case reason.IdentityConflict:
		c.At("host", "must be the host of the service that the request names, or of none").Add(r.Authority)
		if !slices.ContainsFunc(r.reading.services, func(s readService) bool { return s.certainty == named }) {
			c.At("path", "must name one model")
		}
	case reason.NotServed:
		c.At("model", `must be of the service that "serves" names:`, rs.serves.String())
	case reason.UpgradeRefused:
		c.At("header upgrade", `must not be there: no resource of this path has "upgrade"`)
	case reason.GRPCWeb:
		c.At("header content-type", "must be application/grpc: a filter in front of the gate must make gRPC of gRPC-Web")
	case reason.QueryRefused, reason.QueryToken:
		c.At("query", "must have no parameter from which a server could read a model or a credential")
	}
	return c
}

// unknownCause says what a path that no route knows lacks: another method, or all of it.
func (rs *Routes) unknownCause(r *parsedRequest) (c cause.Cause) {
	for _, method := range [...]string{"POST", "GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"} {
		other := r.Request
		other.Method = method
		if method == r.Method {
			continue
		}
		if _, why := rs.Match(other); why == reason.Allowed {
			c.At("method", "must be one that the path has:", method).Add(r.Method)
			return c
		}
	}
	if other := r.Request; !other.Upgrade {
		if other.GRPC = !other.GRPC; rs.takes(other) {
			c.At("header content-type", "must be application/grpc for a path of gRPC, and another for a path of HTTP")
			return c
		}
	}
	path, _, _ := strings.Cut(r.Path, "?")
	c.At("path", `must be one of the protocols of "routes", below the route's prefix`).Add(path)
	return c
}

func (rs *Routes) takes(r Request) bool {
	_, why := rs.Match(r)
	return why == reason.Allowed
}

// hostCause says what is at fault with a host.
func (rs *Routes) hostCause(r *parsedRequest) (c cause.Cause) {
	host, ok := splitAuthority(r.Authority)
	switch {
	case len(r.Authority) > maxAuthority:
		c.At("host", "must have at most "+strconv.Itoa(maxAuthority)+" bytes")
	case !ok:
		c.At("host", "must be a name or an address, and perhaps a port: no user, no dot at the end, no other bytes than names have")
	case strings.ToLower(host) != host && rs.takesHost(r, strings.ToLower(host)):
		c.At("host", "must be in lower case")
	case r.reading.isUnclear:
		c.At("host", "must be one of which the gate can tell every service that it means")
	default:
		c.At("host", `must be one that the route has for this path: a service's own by "names", or one of "hosts"`)
	}
	c.Add(withoutUser(r.Authority))
	return c
}

// withoutUser returns an authority without a user and a password before the host.
func withoutUser(authority string) string {
	return authority[strings.LastIndexByte(authority, '@')+1:]
}

func (rs *Routes) takesHost(r *parsedRequest, host string) bool {
	other := r.Request
	other.Authority = host
	_, why := rs.Match(other)
	return why != reason.HostInvalid
}

// pathCause finds the byte of a path that is at fault.
func pathCause(raw string) (c cause.Cause) {
	path, query, hasQuery := strings.Cut(raw, "?")
	at := func(i int, why string) cause.Cause {
		c.At("path byte "+strconv.Itoa(i), why)
		if i < len(raw) {
			c.Add(raw[i:min(len(raw), i+3)])
		}
		return c
	}
	switch {
	case len(raw) > maxTarget:
		return at(maxTarget, "must not be there: a path with its query must have at most "+strconv.Itoa(maxTarget)+" bytes")
	case len(path) > maxPath:
		return at(maxPath, "must not be there: a path must have at most "+strconv.Itoa(maxPath)+" bytes")
	case path == "" || path[0] != '/':
		return at(0, "must be a slash")
	}
	for i := range len(query) {
		if b := query[i]; hasQuery && (b <= ' ' || b >= 0x7f || b == '#' || b == '\\') {
			return at(len(path)+1+i, "must not be in a query")
		}
	}
	for begin, i := 1, 1; i <= len(path); i++ {
		switch {
		case i < len(path) && !pathBytes[path[i]]:
			return at(i, "must not be in a path: no percent-encoding, no ';', and only what RFC 3986 section 3.3 allows")
		case i < len(path) && path[i] != '/':
		case isDotSegment(path[begin:i]) && begin == i:
			return at(begin, "must begin a segment: an empty segment is before it, or at the end")
		case isDotSegment(path[begin:i]):
			return at(begin, "must not begin a dot segment")
		default:
			begin = i + 1
		}
	}
	c.At("path", `must be in the form that the resource's "encoded" and "trailingSlash" allow`)
	return c
}

// BodyCause says what is at fault with a body of which Complete refuses these values.
func (m *Match) BodyCause(values []scan.Value, why reason.Reason) (c cause.Cause) {
	c.Place = "body"
	switch why {
	case reason.ModelMissing:
		c.Why = `must name a model, or the route must have a "default"`
	case reason.ModelInvalid:
		c.Why = "must name models in the form that names have, and a version that the server has"
	case reason.IdentityConflict:
		if c.Why = "must name the model that the rest of the request names"; m.pinned != "" {
			c.Want = []string{cause.Cut(m.pinned)}
		} else if s := m.server; s != nil && m.Body.ofServer && s.defaultModel != "" {
			c.Want = []string{s.defaultModel}
		}
	case reason.GrantMissing:
		c.Why = `must name a model that "models" of the route lists`
	default:
		c.Why = "must name models of one service"
	}
	for i := range values {
		if v := &values[i]; v.Text != "" {
			c.Add(v.Text)
		}
	}
	return c
}

// otherParameter returns the name of the first parameter of a query that is not in a list; "" if
// another byte is at fault. A value may be a secret.
func otherParameter(query string, known []string) string {
	for parameter := range strings.SplitSeq(strings.TrimPrefix(query, "?"), "&") {
		if name, _, _ := strings.Cut(parameter, "="); !slices.Contains(known, name) {
			return parameterName(parameter)
		}
	}
	return ""
}

// parameterName returns the name of a query's parameter. What has no value may be all secret.
func parameterName(parameter string) string {
	name, _, ok := strings.Cut(parameter, "=")
	if !ok {
		return "a parameter without ="
	}
	return name
}
