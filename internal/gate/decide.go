package gate

import (
	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/signature"
)

// decision is the answer to a request's head.
type decision struct {
	caller authn.Result
	// cached is set if the same caller was allowed the same request before. It is the
	// whole answer then: no field below but why is set.
	cached *decisionEntry
	hidden reason.Reason     // what an anonymous caller is not told; Internal if there is nothing
	match  inference.Match   // of the route; zero if no route understands the request
	route  *routeEntry       // the cache's entry for match, or nil
	digest *signature.Digest // that the body must have; nil for any
	call   inference.Call    // of match; empty if the caller's credential is not good
	verdict
}

// verdict says whether a call is allowed. The zero value refuses.
type verdict struct {
	why    reason.Reason
	rule   string // the grant that allowed the call, or the deny that refused it
	shadow bool   // why refuses, and the request passes all the same: what refuses it is in shadow
	// byRoute is set if only the route's shadow lets the request pass. It goes on as
	// without a gate then, with its credentials.
	byRoute bool
	scopes  string // of why GrantMissing: the scopes with which there would be a grant
	list    string // the answer of the gate itself to a call that lists models, or ""
}

// decide asks three questions in order: who calls, what for, and may they. An anonymous
// caller who may not gets the same answer whatever the path is, so that nobody can find
// out without a credential which models exist.
func (x *Exchange) decide(env Env) (d decision) {
	if inference.HasQueryToken(x.head.Path) {
		d.caller.Principal, d.why = authn.Nobody(), reason.QueryToken
		return d
	}
	d.caller = x.gate.authn.Authenticate(env.authn(), x.request.Pairs, x.request.Peer)
	x.found = Found{Token: d.caller.Token}
	if d.why = d.caller.Reason; d.caller.Missing != nil {
		return d
	}
	if x.gate.signatures != nil && d.why == reason.Allowed {
		if d.why = x.checkSignatures(env, &d); d.why != reason.Allowed {
			d.caller.Reason = d.why
		}
		if d.why != reason.Allowed || x.head.wantsSigned { // no cached decision is whole then
			d.caller.CacheHit = false
		}
	}
	if d.cached = env.Cache.recall(&d.caller, &x.head); env.Cache != nil && d.caller.CacheHit {
		x.found.Decision = authn.LookupOf(d.cached != nil)
	}
	if d.cached != nil {
		return d
	}
	matched := x.matchRoute(env.Cache, &d)
	routeInShadow := matched == reason.Allowed && env.Now.Unix() < d.match.Route.Shadow
	switch {
	case d.caller.Reason != reason.Allowed:
		d.shadow = routeInShadow && (d.why.HTTP() == 401 || d.why == reason.KeysUnavailable)
		d.byRoute = d.shadow
		return d
	case matched != reason.Allowed:
		d.why = matched
	default:
		d.call = d.match.Call
		d.verdict = x.gate.authorizeHead(env.Now, d.caller.Principal, &d.match)
		if d.why == reason.GrantMissing {
			d.why = x.gate.missing(d.caller.Principal, func(who *authn.Principal) verdict { return x.gate.authorizeHead(env.Now, who, &d.match) })
		}
		d.byRoute = routeInShadow && !d.shadow && d.why.Refuses()
		d.shadow = d.shadow || d.byRoute
	}
	if d.why.Refuses() && d.caller.Principal.Anonymous() {
		d.hidden, d.why = d.why, reason.CredentialMissing
	}
	return d
}

// matchRoute finds the route of a request: in the cache, or by inference.Routes.Match.
func (x *Exchange) matchRoute(c *Cache, d *decision) (why reason.Reason) {
	if d.route = c.findRoute(&x.head); d.route != nil {
		d.match = d.route.match
		return reason.Allowed
	}
	d.match, why = x.gate.routes.Match(x.head.Request)
	return why
}

// replay forwards a request as the same one was forwarded before.
func (x *Exchange) replay(d *decisionEntry) Step {
	x.Call, x.Rule = d.match.Call, d.rule
	x.stripHeaders(d.match.Route.Forward)
	x.edit.Set = append(x.edit.Set[:0], d.set...)
	return x.forward(reason.Allowed, &x.edit)
}

// remember caches what an allowed request asks for and, once its token comes a second
// time, that it was allowed.
func (x *Exchange) remember(c *Cache, d *decision) {
	if c == nil || !x.head.cacheable() || x.listing != nil {
		return
	}
	repeated := d.caller.CacheHit && x.Principal.IsToken()
	route := d.route
	if route == nil {
		if x.head.hasQuery() && !repeated { // most queries come once
			return
		}
		route = newRouteEntry(x.head.requestKey(), &d.match)
		if !x.head.hasQuery() {
			c.addRoute(route)
		}
	}
	if repeated {
		// The strings must not be the request's, whose memory ends with it: those of
		// the route are copies, the others are the caller's.
		set := x.appendForwardHeaders(make([][2]string, 0, len(x.edit.Set)), &route.match)
		c.addDecision(x.Principal, &decisionEntry{routeEntry: route, rule: x.Rule, set: set})
	}
}
