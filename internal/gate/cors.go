package gate

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// origin is what a request says of the page whose script has sent it.
type origin struct {
	present bool
	allowed string // the value of Access-Control-Allow-Origin; "" if "cors" does not list the origin
}

// findOrigin reads the Origin of a request. Of two none counts. What it returns is of the
// configuration, and not of the request.
//
//go:noinline
func (c *cors) findOrigin(pairs [][2]string) (o origin) {
	for i := range pairs {
		if pairs[i][0] != "origin" {
			continue
		}
		if o.present {
			return origin{present: true}
		}
		o.present = true
		if c.origins == nil {
			o.allowed = "*"
		} else if at := slices.Index(c.origins, pairs[i][1]); at >= 0 {
			o.allowed = c.origins[at]
		}
	}
	return o
}

// preflight is what a browser asks before it sends the request of a script (Fetch standard,
// "CORS-preflight fetch").
type preflight struct {
	method  string
	headers string
	private bool
}

// isPreflight reads a preflight. Such a request has no body, and nothing that a caller is
// known by: a request with either is not a browser's question.
//
//go:noinline
func (x *Exchange) isPreflight() (p preflight, ok bool) {
	if x.head.Method != "OPTIONS" || !x.origin.present || !x.request.End || x.head.GRPC || x.hasCredential() {
		return p, false
	}
	var origins, methods, lists int
	for i := range x.request.Pairs {
		switch name, value := x.request.Pairs[i][0], x.request.Pairs[i][1]; name {
		case "origin":
			origins++
		case "access-control-request-method":
			methods++
			p.method = value
		case "access-control-request-headers":
			lists++
			p.headers = value
		case "access-control-request-private-network":
			p.private = value == "true"
		}
	}
	return p, origins == 1 && methods == 1 && lists <= 1
}

// hasCredential reports whether the request has a credential of any kind.
func (x *Exchange) hasCredential() bool {
	return slices.ContainsFunc(x.head.unsafe, func(u unsafeHeader) bool { return u.safety == credential })
}

// answerPreflight answers a preflight, or forwards it. It asks neither who calls nor
// whether there is a model: the answer is the same for all.
//
//go:noinline
func (x *Exchange) answerPreflight(p preflight) Step {
	c := x.gate.cors
	switch {
	case x.origin.allowed == "":
		return x.refuse(reason.OriginRefused)
	case c.forward:
		return x.forwardPreflight(p.method)
	}
	headers := slices.Clone(c.preflight)
	if c.anyHeader && isNameList(p.headers) {
		headers = append(headers, [2]string{"access-control-allow-headers", strings.Clone(p.headers)})
	}
	if c.private && p.private {
		headers = append(headers, [2]string{"access-control-allow-private-network", "true"})
	}
	why := reason.Preflight
	return Step{Act: Answer, Reason: why, Reply: Reply{
		Status: why.HTTP(), GRPC: why.GRPC(), Headers: headers, Details: "modelgate_" + why.String(),
	}}
}

// forwardPreflight forwards a preflight to where the request goes that it is about, without
// any header that names a caller or another destination. Every fault of the path is the
// same refusal.
//
//go:noinline
func (x *Exchange) forwardPreflight(method string) Step {
	if x.gate.activators != nil && x.takeOriginalHost() != reason.Allowed {
		return x.refuse(reason.PathUnknown)
	}
	asked := x.head.Request
	asked.Method, asked.Routing = method, nil
	authority, path, ok := x.gate.routes.Preflight(asked)
	if !ok || inference.HasQueryToken(path) {
		return x.refuse(reason.PathUnknown)
	}
	x.stripHeaders(false)
	x.route = routeExempt
	x.edit.Set = x.appendDestination(x.edit.Set[:0], authority, path)
	return Step{Act: Forward, Reason: reason.Preflight, Edit: &x.edit}
}

// replyHeaders appends the headers by which a browser lets a script read a reply.
//
//go:noinline
func (c *cors) replyHeaders(headers [][2]string, o origin, expose string) [][2]string {
	if c.origins != nil && o.present {
		headers = append(headers, [2]string{"vary", "origin"})
	}
	if o.allowed == "" {
		return headers
	}
	headers = append(headers, [2]string{"access-control-allow-origin", o.allowed})
	if expose != "" {
		headers = append(headers, [2]string{"access-control-expose-headers", expose})
	}
	return append(headers, c.everyReply...)
}

// withCORS adds to an answer of the gate what a browser wants before a script may read it.
//
//go:noinline
func (x *Exchange) withCORS(step Step) Step {
	if c := x.gate.cors; x.origin.present && step.Act != Forward {
		expose := "www-authenticate, retry-after"
		if c.expose != "" {
			expose += ", " + c.expose
		}
		step.Reply.Headers = c.replyHeaders(step.Reply.Headers, x.origin, expose)
	}
	return step
}

// editsReply reports whether the gate writes the headers of CORS on the reply of a server.
func (x *Exchange) editsReply() bool { return x.origin.present && !x.gate.cors.forward }

// editReply has a reply of a server say who may read it. What the server says of it is
// removed: "cors" is the whole of the policy.
//
//go:noinline
func (x *Exchange) editReply(step Step, pairs [][2]string) Step {
	if !x.editsReply() || step.Act != Forward && step.Act != Hold {
		return step
	}
	c, e := x.gate.cors, &Edit{}
	if step.Edit != nil {
		e = step.Edit
	}
	vary := ""
	for i := range pairs {
		switch name := pairs[i][0]; {
		case strings.HasPrefix(name, "access-control-") && !slices.Contains(e.Remove, name):
			e.Remove = append(e.Remove, name)
		case name == "vary":
			vary += pairs[i][1] + ", "
		}
	}
	for _, h := range c.replyHeaders(nil, x.origin, c.expose) {
		if h[0] == "vary" {
			h[1] = vary + h[1]
		}
		e.Set = append(e.Set, h)
	}
	step.Edit = e
	return step
}
