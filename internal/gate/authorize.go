package gate

import (
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/headonly"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
)

// authorizeHead asks the policy about a request's head. If more of the call follows, in
// the body or in a list of models, it asks whether anything of it may be granted.
func (g *Gate) authorizeHead(now time.Time, who *authn.Principal, m *inference.Match) verdict {
	if m.AnswersList() {
		return g.authorizeList(now, who, m)
	}
	if m.Body != nil || m.Listing != nil {
		return authorizePartialMatch(g.policy, now, who, m)
	}
	return authorize(g.policy, now, who, &m.Call)
}

// authorizeList asks the policy about each model of a list that the gate answers with. One
// that is granted is enough.
func (g *Gate) authorizeList(now time.Time, who *authn.Principal, m *inference.Match) verdict {
	if headonly.Enabled {
		return verdict{}
	}
	v := verdict{why: reason.GrantMissing}
	list := m.AnswerList(func(call *inference.Call) bool {
		one := authorizePartialCall(g.policy, now, who, call)
		if v.scopes == "" {
			v.scopes = one.scopes
		}
		return one.why == reason.Allowed
	})
	if list != "" {
		v = verdict{why: reason.Allowed, list: list}
	}
	return v
}

// authorize asks a policy about a call. A verdict in shadow means that a rule in shadow
// lets the call pass: a grant without which it is refused, or a deny that will refuse it.
func authorize(p *authz.Policy, now time.Time, who *authn.Principal, call *inference.Call) verdict {
	d := p.Decide(now, who, call)
	switch {
	case d.Effect == authz.Allow && d.Shadow == "":
		return verdict{why: reason.Allowed, rule: d.Rule}
	case d.Effect == authz.Allow && d.Missing:
		return verdict{why: reason.GrantMissing, rule: d.Rule, shadow: true}
	case d.Effect == authz.Allow:
		return verdict{why: reason.Denied, rule: d.Shadow, shadow: true}
	case d.Rule != "":
		return verdict{why: reason.Denied, rule: d.Rule}
	}
	return verdict{why: reason.GrantMissing, scopes: p.LackingScopes(now, who, call, false)}
}

// authorizePartialCall asks a policy about a call of which not everything is known. A
// refusal is final. Allowed means only that the call may still be granted.
func authorizePartialCall(p *authz.Policy, now time.Time, who *authn.Principal, call *inference.Call) verdict {
	d := p.DecidePartial(now, who, call)
	switch {
	case d.Effect == authz.Allow:
		return verdict{why: reason.Allowed, rule: d.Rule}
	case d.Rule != "":
		return verdict{why: reason.Denied, rule: d.Rule}
	}
	return verdict{why: reason.GrantMissing, scopes: p.LackingScopes(now, who, call, true)}
}

// authorizePartialMatch is authorizePartialCall for the call of a match. If the body says
// which of several services the call is for, one that may be granted is enough.
func authorizePartialMatch(p *authz.Policy, now time.Time, who *authn.Principal, m *inference.Match) verdict {
	if !m.Deferred() {
		return authorizePartialCall(p, now, who, &m.Call)
	}
	v := verdict{why: reason.GrantMissing}
	call := m.Call
	for i := range m.Call.Models {
		call.Models = m.Call.Models[i : i+1]
		scopes := v.scopes
		if v = authorizePartialCall(p, now, who, &call); v.why == reason.Allowed {
			break
		}
		if scopes != "" {
			v.scopes = scopes
		}
	}
	return v
}

// authorizeMessage decides on the fields of a message that have been parsed so far.
// Until the message is complete, a later field may name a version or another model: then
// only a refusal that no later field can change is final.
func (x *Exchange) authorizeMessage(env Env, fields []scan.Value, complete bool) reason.Reason {
	b := x.body
	m, why := b.match.Complete(fields)
	if why != reason.Allowed {
		if complete || why != reason.ModelMissing {
			c := b.match.BodyCause(fields, why)
			x.bodyFault = &c
			return why
		}
		return reason.Allowed
	}
	x.Call = m.Call
	v, open := x.authorizeFields(x.gate.policy, env, &m, complete)
	if x.Rule = v.rule; open {
		b.granted = false
		return reason.Allowed
	}
	x.lackingScopes = v.scopes
	if why = publicReason(x.Principal, v.why); why.Refuses() {
		if !v.shadow && env.Now.Unix() >= m.Route.Shadow {
			return why
		}
		if b.why == reason.Allowed {
			b.why, b.byRoute = why, !v.shadow
		}
	}
	if why = x.narrowMessage(env, &m, complete); why != reason.Allowed || !b.granted {
		return why
	}
	switch {
	case x.gate.tellsCall:
		return x.tellCall(&m, complete)
	case b.holdsHead && b.released == 0:
		b.edit = x.editHead(&m, b.byRoute)
	}
	return reason.Allowed
}

// authorizeFields asks a policy about a message of which these are the fields so far. open is
// set if only those to come can tell.
func (x *Exchange) authorizeFields(p *authz.Policy, env Env, m *inference.Match, complete bool) (v verdict, open bool) {
	v = authorize(p, env.Now, x.Principal, &x.Call)
	if !complete && (v.why == reason.GrantMissing && !v.shadow || v.why == reason.Denied) {
		if v = authorizePartialMatch(p, env.Now, x.Principal, m); v.why == reason.Allowed {
			return v, true
		}
	}
	if v.why == reason.GrantMissing {
		v.why = x.gate.missing(x.Principal, func(who *authn.Principal) verdict { return authorize(p, env.Now, who, &x.Call) })
	}
	return v, false
}

// missing is the Reason for a call that no grant covers: a signature is missing if one would,
// were the request signed.
func (g *Gate) missing(who *authn.Principal, authorize func(*authn.Principal) verdict) reason.Reason {
	if g.signatures != nil && who.SignedBy == "" {
		signed := *who
		signed.SignedBy = "any"
		if authorize(&signed).why == reason.Allowed {
			return reason.RequestSignatureMissing
		}
	}
	return reason.GrantMissing
}

// publicReason hides GrantMissing and Denied from an anonymous caller, who gets
// CredentialMissing.
func publicReason(who *authn.Principal, why reason.Reason) reason.Reason {
	if who.Anonymous() && (why == reason.GrantMissing || why == reason.Denied || why == reason.RequestSignatureMissing) {
		return reason.CredentialMissing
	}
	return why
}
