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
)

// Gate is a compiled configuration. It is immutable.
type Gate struct {
	keys      *authn.Keys
	authn     *authn.Authenticator
	routes    *inference.Routes
	policy    *authz.Policy
	exempt    []exemption
	identity  []identityHeader
	names     names
	metadata  string // of RFC 9728, for challenges
	auditPass bool
	cached    bool
	holds     bool // headers can wait for the body
}

// Keys are the keys that stand in the configuration.
func (g *Gate) Keys() *authn.Keys { return g.keys }

// Remotes are the issuers whose further keys the host is to fetch.
func (g *Gate) Remotes() []authn.Remote { return g.authn.Remotes() }

// NewCache is a memory for a host that keeps one, nil where the configuration
// wants none.
func (g *Gate) NewCache() *Cache {
	if !g.cached {
		return nil
	}
	return newCache()
}

// NeedsPeer reports whether a host has to hand in the connection's certificate.
func (g *Gate) NeedsPeer() bool { return g.authn.NeedsPeer() }

// Exchange is one request's way through the gate.
type Exchange struct {
	Principal *authn.Principal
	Call      inference.Call
	Rule      string // of the grant that allowed or the deny that refused
	gate      *Gate
	head      head
	whole     *Head
	cacheHit  bool              // the caller's token was in the cache
	failed    bool              // a credential was there and did not verify
	missing   *authn.MissingKey // what to wait for before anything is decided
	body      *body             // being read, or nil
	listing   *listing          // whose reply is trimmed, or nil
	responded bool              // the response has begun
	meaning   *meaning          // of the question, where one is remembered
	edited    Edit              // memory for that of the head
}

// Begin decides a request by its head. The head, and what its strings are made
// of, is to stay as it is for as long as the Exchange Keeps it.
func (g *Gate) Begin(env Env, h *Head) (*Exchange, Step) {
	x := &Exchange{}
	return x, x.Begin(g, env, h)
}

// Begin is Gate.Begin in an Exchange that may have been used before; so may then
// be the memory of the Step's Edit.
func (x *Exchange) Begin(g *Gate, env Env, h *Head) Step {
	marked, removed, set := x.head.marked[:0], x.edited.Remove[:0], x.edited.Set[:0]
	*x = Exchange{gate: g, whole: h, Principal: authn.Nobody()}
	x.head.marked, x.edited.Remove, x.edited.Set = marked, removed, set
	if why := x.head.readAll(g, h.Pairs); why != reason.Allowed {
		return x.refuse(why)
	}
	if e := g.exempts(&x.head, h.End); e != nil {
		return x.let(e)
	}
	return x.step(env)
}

// NeedsHead reports whether the head is still needed: the request waits, for keys,
// for its body, or for a reply that is to be trimmed.
func (x *Exchange) NeedsHead() bool { return x.missing != nil || x.body != nil || x.listing != nil }

// DropHead forgets the head of a request that has been decided. All that can still
// come is trailers, and of the request they know its id then.
func (x *Exchange) DropHead() {
	x.whole, x.Principal, x.Call, x.Rule, x.meaning = nil, authn.Nobody(), inference.Call{}, "", nil
	x.head.Request = inference.Request{GRPC: x.head.GRPC}
}

// Resume decides a request that waited for keys: everything is evaluated again.
// env's Patience says whether it may wait once more.
func (x *Exchange) Resume(env Env) Step {
	if x.missing == nil {
		return x.refuse(reason.Internal)
	}
	return x.step(env)
}

// step decides a request whose head is in order.
func (x *Exchange) step(env Env) Step {
	if x.whole == nil {
		return x.refuse(reason.Internal)
	}
	known, m, why, shadow := x.decide(env)
	switch {
	case known != nil:
		return x.again(known)
	case x.missing != nil:
		return Step{Act: AwaitKeys, Reason: why, Await: *x.missing}
	case why != reason.Allowed && !shadow:
		return x.refuse(why)
	case m.Body != nil:
		return x.hold(m, why)
	case m.Listing != nil && why == reason.Allowed:
		x.listing = &listing{match: m}
	}
	step := x.pass(why, x.edit(m, why))
	if why == reason.Allowed {
		x.remember(env, &m)
	}
	return step
}

// edit is what changes in the head of a request that goes on, in shadow with
// its credentials.
func (x *Exchange) edit(m inference.Match, why reason.Reason) *Edit {
	x.strip(m.Route.Forward || why != reason.Allowed)
	e := &x.edited
	e.Set = x.gate.sets(x, m, e.Set[:0])
	if x.listing != nil {
		e.plainReply(x.whole.Pairs)
	}
	return e
}

// decide asks the three questions in order. Whatever the path was, an anonymous
// caller who may not is answered alike, so that nobody without a credential can
// find out which models exist. In shadow the match is whole although the answer
// is no. What was decided before for the same caller and question is known.
func (x *Exchange) decide(env Env) (known *decided, m inference.Match, why reason.Reason, shadow bool) {
	if inference.QueryToken(x.head.Path) {
		return nil, m, reason.QueryToken, false
	}
	caller := x.gate.authn.Authenticate(env.authn(), x.whole.Pairs, x.whole.Peer)
	x.Principal, why, x.missing, x.cacheHit = caller.Principal, caller.Reason, caller.Missing, caller.CacheHit
	if x.failed = why != reason.Allowed; x.missing != nil {
		return nil, m, why, false
	}
	if known = x.recall(env); known != nil {
		return known, m, reason.Allowed, false
	}
	m, matched := x.match(env)
	shadow = matched == reason.Allowed && env.Now.Unix() < m.Route.Shadow
	if x.failed {
		return nil, m, why, shadow && (why.HTTP() == 401 || why == reason.KeysUnavailable)
	}
	if why = matched; why == reason.Allowed {
		x.Call = m.Call
		var trial bool
		if m.Body != nil || m.Listing != nil {
			why = x.could(env, &m)
		} else {
			why, trial = x.may(env)
		}
		shadow = shadow || trial
	}
	if why != reason.Allowed && x.Principal.Anonymous() {
		why = reason.CredentialMissing
	}
	return nil, m, why, shadow && why != reason.Allowed
}

// may asks the policy. trial means that a rule in shadow lets the call pass,
// although the answer without it, or with it in force, is no.
func (x *Exchange) may(env Env) (why reason.Reason, trial bool) {
	d := x.gate.policy.Decide(env.Now, x.Principal, &x.Call)
	x.Rule = d.Rule
	switch {
	case d.Effect == authz.Allow && d.Shadow == "":
		return reason.Allowed, false
	case d.Effect == authz.Allow && d.Missing:
		return reason.GrantMissing, true
	case d.Effect == authz.Allow:
		x.Rule = d.Shadow
		return reason.Denied, true
	case d.Rule != "":
		return reason.Denied, false
	}
	return reason.GrantMissing, false
}

// pass forwards a request; in shadow the Reason is what would have refused it.
func (x *Exchange) pass(why reason.Reason, e *Edit) Step {
	step := Step{Act: Forward, Reason: why, Edit: e}
	if why != reason.Allowed || x.gate.auditPass {
		step.Audit = x.audit(why, why != reason.Allowed)
	}
	return step
}

// Body looks at the next bytes of a body, of which there may be none. What is
// held are those that no step has released yet.
func (x *Exchange) Body(env Env, d Direction, chunk []byte, end bool) Step {
	switch {
	case d == Upstream && x.body != nil:
		return x.requestBody(env, chunk, end)
	case d == Downstream && x.listing != nil:
		return x.replyBody(env, chunk, end)
	}
	return x.refuse(reason.Internal)
}

// Trailers looks for credentials and identities among trailers, where a server
// might merge them into the headers (RFC 9110 section 6.5.1 forbids both). Such
// trailers do not go on; the request before them may have, since its head was
// allowed and a body of known length is complete without them. Trailers end a
// body.
func (x *Exchange) Trailers(env Env, d Direction, pairs [][2]string) Step {
	for i := range pairs {
		if d == Upstream && x.gate.names.of(pairs[i][0]).strip != kept {
			return x.stop(reason.TrailerForbidden)
		}
	}
	switch {
	case d == Upstream && x.missing != nil:
		return Step{Act: Hold, Reason: reason.Allowed}
	case d == Upstream && x.body != nil, d == Downstream && x.listing != nil:
		return x.Body(env, d, nil, true)
	}
	return Step{Act: Forward, Reason: reason.Allowed}
}
