// Package gate decides one request at a time: who calls, what is asked for,
// whether that may be, and where it is sent. It is the only place that knows
// the order of these questions. It is pure: headers, bodies and the time come
// in as data, and what the host is to do next goes out as a Step. The same code
// answers in Envoy, in a test and at a terminal.
package gate

import (
	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Env is what the world looks like during one call.
type Env = authn.Env

// Gate is a compiled configuration. It is immutable.
type Gate struct {
	keys      *authn.Keys
	authn     *authn.Authenticator
	routes    *inference.Routes
	policy    *authz.Policy
	identity  []identityHeader
	strip     stripSet
	auditPass bool
}

// New compiles a configuration. The error lists everything that is wrong with
// it, as strictjson.Problems; a configuration with one problem is none.
func New(doc string, secrets authn.Secrets) (*Gate, error) {
	var problems strictjson.Problems
	g := &Gate{}
	if root, ok := strictjson.Parse(doc, &problems); ok {
		g.compile(root, secrets)
	}
	if problems != nil {
		return nil, problems
	}
	return g, nil
}

func (g *Gate) compile(root strictjson.Value, secrets authn.Secrets) {
	o := root.Object("version", "issuers", "routes", "groups", "grants", "denies", "iam", "identity", "audit")
	if v := o.Need("version"); v.Exists() && v.JSON().Raw != "1" {
		v.Fail("is 1")
	}
	g.authn, g.keys = authn.Compile(o.Need("issuers"), secrets)
	g.routes = inference.Compile(o.Need("routes"))
	g.policy = authz.Compile(authz.Source{
		Groups: o.Get("groups"),
		Grants: o.Get("grants"),
		Denies: o.Get("denies"),
		IAM:    o.Get("iam"),
	}, g.authn)
	g.identity = compileIdentity(o.Get("identity"))
	g.strip = newStripSet(g.authn.Headers(), g.identity)
	if a := o.Get("audit"); a.Exists() {
		switch a.Text() {
		case "refused":
		case "all":
			g.auditPass = true
		default:
			a.Fail(`is "refused" or "all"`)
		}
	}
}

// Keys are the keys that stand in the configuration.
func (g *Gate) Keys() *authn.Keys { return g.keys }

// Exchange is one request's way through the gate.
type Exchange struct {
	Principal authn.Principal
	Call      inference.Call
	Rule      string // of the grant that allowed or the deny that refused
	gate      *Gate
	head      head
}

// Begin decides a request by its head.
func (g *Gate) Begin(env Env, h *Head) (*Exchange, Step) {
	x := &Exchange{gate: g}
	m, why := x.decide(env, h)
	if why != reason.Allowed {
		return x, x.refuse(why)
	}
	step := Step{Act: Forward, Reason: reason.Allowed, Edit: g.edit(x, h, m)}
	if g.auditPass {
		step.Audit = x.audit(reason.Allowed)
	}
	return x, step
}

// decide asks the three questions in order. Whatever the path was, an
// anonymous caller who may not is answered alike, so that nobody without a
// credential can find out which models exist.
func (x *Exchange) decide(env Env, h *Head) (inference.Match, reason.Reason) {
	var why reason.Reason
	if x.head, why = readHead(h.Pairs); why != reason.Allowed {
		return inference.Match{}, why
	}
	if inference.QueryToken(x.head.Path) {
		return inference.Match{}, reason.QueryToken
	}
	if x.Principal, why = x.gate.authn.Authenticate(env, h.Pairs); why != reason.Allowed {
		return inference.Match{}, why
	}
	m, why := x.gate.routes.Match(x.head.Request)
	if why == reason.Allowed {
		x.Call = m.Call
		why = x.may()
	}
	if why != reason.Allowed && x.Principal.Anonymous() {
		why = reason.CredentialMissing
	}
	return m, why
}

func (x *Exchange) may() reason.Reason {
	d := x.gate.policy.Decide(&x.Principal, &x.Call)
	x.Rule = d.Rule
	switch {
	case d.Effect == authz.Allow:
		return reason.Allowed
	case d.Rule != "":
		return reason.Denied
	}
	return reason.GrantMissing
}

// Trailers looks for credentials and identities among trailers, where a server
// might merge them into the headers (RFC 9110 section 6.5.1 forbids both).
func (x *Exchange) Trailers(_ Env, d Direction, pairs [][2]string) Step {
	for i := range pairs {
		if d == Upstream && x.gate.strip.has(pairs[i][0]) != kept {
			return x.refuse(reason.TrailerForbidden)
		}
	}
	return Step{Act: Forward, Reason: reason.Allowed}
}

// Wake, Body and Respond complete the seam between a host and the gate. No
// protocol asks for them yet, so being called is a fault, and refuses.

// Wake continues a request that waited for keys.
func (x *Exchange) Wake(Env) Step { return x.refuse(reason.Unsupported) }

// Body looks at a piece of a held body.
func (x *Exchange) Body(Env, Direction, []byte, bool) Step { return x.refuse(reason.Unsupported) }

// Respond looks at the head of a response.
func (x *Exchange) Respond(Env, [][2]string, bool) Step { return x.refuse(reason.Unsupported) }
