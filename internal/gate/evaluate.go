package gate

import "github.com/modelgate/modelgate/internal/reason"

// evaluate decides a request whose head is in order, and returns what the host must do.
func (x *Exchange) evaluate(env Env) Step {
	if x.request == nil {
		return x.refuse(reason.Internal)
	}
	if why := x.checkArrival(); why != reason.Allowed {
		return x.refuse(why)
	}
	d := x.decide(env)
	x.Principal, x.missing, x.verified = d.caller.Principal, d.caller.Missing, d.caller.Reason == reason.Allowed
	x.refusedIssuer, x.refusedClaim, x.refusal = d.caller.Issuer, d.caller.Claim, d.caller.Refusal
	x.refusedFor, x.hidden, x.now = d.caller.Reason, d.hidden, env.Now
	x.Call, x.Rule, x.lackingScopes = d.call, d.rule, d.scopes
	switch {
	case d.cached != nil:
		return x.replay(d.cached)
	case x.missing != nil:
		if !x.headKept {
			x.keepHead()
		}
		return Step{Act: AwaitKeys, Reason: d.why, Await: *x.missing}
	case d.why.Refuses() && !d.shadow:
		return x.refuse(d.why)
	case d.list != "" && d.why == reason.Allowed:
		return x.answerList(d.list)
	case d.match.Listing != nil && d.why == reason.Allowed:
		x.listing = &listing{}
	}
	if x.gate.signatures != nil && d.why == reason.Allowed {
		x.expectReply()
	}
	if d.match.Body != nil || d.digest != nil && !x.request.End {
		return x.holdBody(env, &d)
	}
	return x.forwardCall(env, &d)
}

// checkArrival gives a request the host that it is for, and refuses an upgrade that a page of
// another site asks for.
func (x *Exchange) checkArrival() reason.Reason {
	if x.gate.activators != nil {
		if why := x.takeOriginalHost(); why != reason.Allowed {
			return why
		}
	}
	if x.head.Upgrade {
		return x.checkOrigin()
	}
	return reason.Allowed
}

// forwardCall passes a request on of which the head says all.
func (x *Exchange) forwardCall(env Env, d *decision) Step {
	step := x.forward(d.why, x.editHead(&d.match, d.byRoute))
	switch {
	case step.Act != Forward:
		x.listing, x.reply = nil, nil
	case x.listing != nil:
		x.listing.match = x.keepMatch(&d.match, false)
	case x.reply != nil:
		x.keepMatch(&d.match, false)
	case d.why == reason.Allowed:
		x.remember(env.Cache, d)
	}
	x.keepForRoute(&d.match)
	return step
}
