package gate

import (
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/cause"
	"github.com/modelgate/modelgate/internal/headonly"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/replay"
	"github.com/modelgate/modelgate/internal/scan"
)

// Env is all that a decision depends on beside the configuration and the request. Its
// fields are those of authn.Env, except that Cache also has routes and decisions.
type Env struct {
	Now     time.Time
	Keys    *authn.Keys
	Verify  func(k *authn.Key, signed, signature string) (ok, done bool)
	Cache   *Cache   // nil decides everything anew
	Waiting *Waiting // of the VM; nil counts nothing, and lets any number of requests wait
	// Admit looks up and remembers nonces, for all that may get one: see package replay. If it
	// is nil, a signed request that could be a replay is refused.
	Admit      func(id replay.ID, now, until time.Time) replay.Verdict
	WaitPolicy keys.WaitPolicy
}

func (e *Env) authn() authn.Env {
	env := authn.Env{Now: e.Now, Keys: e.Keys, Verify: e.Verify, WaitPolicy: e.WaitPolicy}
	if e.Cache != nil {
		env.Cache = e.Cache.tokens
	}
	return env
}

// Exchange is one request and its response on their way through the gate. The host
// calls Begin, performs the Step that it returns, and hands in what the Step asks for:
// Resume after AwaitKeys, Body and Trailers after Hold, Respond if NeedsResponse. If the proxy's
// route may have a narrowing, it calls Narrow or HeadGone when the head goes on. It calls
// DropHead when it has performed a Step, HostHolds when it holds back more or less of the
// body or the reply, and End when the stream ends.
type Exchange struct {
	Principal *authn.Principal // the caller, never nil once the exchange has begun
	Call      inference.Call   // what the request asks for; empty until a route knows it
	Rule      string           // the grant that allowed the call, or the deny that refused it

	// Of a token that is refused although its signature holds: its configured issuer, and
	// the claim at fault.
	refusedIssuer, refusedClaim string

	// What is at fault, for the log: see findCause.
	refusal    *authn.Refusal // of the caller's credential, or nil
	refusedFor reason.Reason  // of refusal
	scanFault  *scan.Error    // of the body, or nil
	bodyFault  *cause.Cause   // of what the body names, or nil
	trailer    string         // that is forbidden, or ""
	hidden     reason.Reason  // of a caller without a credential, who is told CredentialMissing; else Internal
	now        time.Time      // of the last decision
	cause      *Cause         // of the last line in the log; nil before one

	refusedKey    string // the JSON Pointer of the key for which the body was refused, or ""
	refusedPart   string // what is at fault with the request's signature, or ""
	lackingScopes string // with which there would be a grant, see verdict
	narrowedBy    string // the name of the narrowing that refused the call, or would but for its shadow

	gate      *Gate
	request   *Head // as the host has it, or what is kept of it; nil once it is dropped
	head      head  // what the gate read of it
	headKept  bool  // request is a copy of the whole head
	verified  bool  // the credential is good, or there is none
	found     Found // in the caches
	missing   *authn.MissingKey
	body      *body        // the request's, while it is read; nil otherwise
	listing   *listing     // the reply that must be trimmed, or nil
	reply     *signedReply // the reply that is to be signed, or nil
	responded bool         // the response has begun
	origin    origin       // of the request, if there is "cors"
	edit      Edit         // memory for the Step's
	untold    bool         // an identity header of edit cannot say what the call is for

	route     route            // whether the proxy's route has been chosen
	narrowing *Narrowing       // of that route, or nil
	unread    *inference.Match // until the route is known: the match of a call of which the head does not say all, or nil
	passed    []inference.Call // until the route is known: what the body has asked for, if that was allowed

	waiting   *Waiting
	counted   int // bytes that waiting counts for this request
	keptBytes int // that are kept of the head, and of the caller
	hostBytes int // that the host holds back
}

// Begin decides a request by its head. The head and the memory of its strings must not
// change before Exchange.DropHead.
func (g *Gate) Begin(env Env, h *Head) (*Exchange, Step) {
	x := &Exchange{}
	return x, x.Begin(g, env, h)
}

// Begin is Gate.Begin for an Exchange that may have been used for another request
// before. The Step's Edit uses the same memory each time.
func (x *Exchange) Begin(g *Gate, env Env, h *Head) Step {
	x.End()
	unsafe, removed, set := x.head.unsafe[:0], x.edit.Remove[:0], x.edit.Set[:0]
	*x = Exchange{gate: g, request: h, Principal: authn.Nobody(), waiting: env.Waiting}
	x.head.unsafe, x.edit.Remove, x.edit.Set = unsafe, removed, set
	if h.AwaitsRoute {
		x.route = routeAwaited
	}
	return x.settle(x.begin(env))
}

func (x *Exchange) begin(env Env) Step {
	g, h := x.gate, x.request
	if g.cors != nil {
		x.origin = g.cors.findOrigin(h.Pairs)
	}
	if why := x.head.parse(&g.headers, h.Pairs); why != reason.Allowed {
		return x.refuse(why)
	}
	if e := g.findExemption(&x.head, h.End); e != nil {
		return x.answerExempt(e)
	}
	if x.origin.present {
		if p, ok := x.isPreflight(); ok {
			return x.answerPreflight(p)
		}
	}
	return x.evaluate(env)
}

// Resume decides a request that waited for keys, from the beginning. env.WaitPolicy
// says whether it may wait once more.
func (x *Exchange) Resume(env Env) Step {
	if x.missing == nil {
		return x.refuse(reason.Internal)
	}
	return x.settle(x.evaluate(env))
}

// forward passes a request on. In shadow, why is what would have refused it.
func (x *Exchange) forward(why reason.Reason, e *Edit) Step {
	switch {
	case e != nil && x.untold:
		return x.refuse(reason.CallUntold)
	case headonly.Enabled && x.NeedsResponse(): // it never comes: see noteBeyondHead
		return x.refuse(reason.Internal)
	}
	step := Step{Act: Forward, Reason: why, Edit: e}
	if why.Refuses() || x.gate.auditAllowed {
		step.Audit = x.auditLine(why, why.Refuses())
	}
	return step
}

// refuse answers a request with a refusal, and logs it.
func (x *Exchange) refuse(why reason.Reason) Step {
	step := Step{Act: Refuse, Reason: why, Reply: newReply(why, &x.head, x.challenge(why)), Audit: x.auditLine(why, false)}
	if why >= reason.RequestSignatureMissing && why <= reason.RequestSignatureCaller && x.gate.signatures != nil {
		step.Reply.Headers = append(step.Reply.Headers, [2]string{"accept-signature", x.gate.signatures.wanted()})
	}
	return step
}

func (x *Exchange) challenge(why reason.Reason) string {
	return challenge(why, x.lackingScopes, x.gate.metadataURL)
}

// refuseOrReset refuses a request; if the response has begun already, it can only end
// the stream.
func (x *Exchange) refuseOrReset(why reason.Reason) Step {
	step := x.refuse(why)
	if x.responded {
		step.Act = Reset
	}
	return step
}

// Fault returns the configured issuer of a token that is refused although its signature
// holds, and the JSON Pointer of the claim at fault; "" for any other request.
func (x *Exchange) Fault() (issuer, claim string) { return x.refusedIssuer, x.refusedClaim }

// Issuer returns the name in the configuration of the issuer whose token the request has: of a
// verified one, or of one that is refused although its signature holds; "" for any other request.
func (x *Exchange) Issuer() string { return x.Principal.Issuer + x.refusedIssuer }

// NarrowedBy returns the name of the narrowing that refuses the request, or would but for its
// shadow; "" if none does.
func (x *Exchange) NarrowedBy() string { return x.narrowedBy }

// waits reports whether the request waits for keys or for its body, or its reply must be
// trimmed or signed.
func (x *Exchange) waits() bool { return x.missing != nil || x.body != nil || x.needsReply() }

// needsReply reports whether the reply must be trimmed or signed: whether it waits.
func (x *Exchange) needsReply() bool { return x.listing != nil || x.reply != nil }

// NeedsResponse reports whether the host must hand in the response too.
func (x *Exchange) NeedsResponse() bool { return x.body != nil || x.needsReply() || x.editsReply() }

// Body reads the next bytes of a body; chunk may be empty. The host holds them back
// until a Step releases them.
func (x *Exchange) Body(env Env, d Direction, chunk []byte, end bool) Step {
	if headonly.Enabled {
		return x.settle(x.refuse(reason.Internal))
	}
	switch {
	case d == Upstream && x.body != nil:
		return x.settle(x.requestBody(env, chunk, end))
	case d == Downstream && x.listing != nil:
		return x.settle(x.replyBody(env, chunk, end))
	case d == Downstream && x.reply != nil && x.reply.sum != nil:
		return x.settle(x.signedBody(env, chunk, end))
	}
	return x.settle(x.refuse(reason.Internal))
}

// Trailers refuses a request with a credential or an identity among its trailers: a
// server might merge them into the headers, and RFC 9110 section 6.5.1 forbids both. The
// head and the body may have been forwarded by then, because a message of known length is
// complete without its trailers. Trailers end a body.
func (x *Exchange) Trailers(env Env, d Direction, pairs [][2]string) Step {
	for i := range pairs {
		if d == Upstream && x.gate.headers.lookup(pairs[i][0]).safety != safe {
			x.trailer = pairs[i][0]
			return x.settle(x.refuseOrReset(reason.TrailerForbidden))
		}
	}
	switch {
	case d == Upstream && x.body != nil && x.body.digest != nil: // no signature covers trailers
		return x.settle(x.refuseOrReset(reason.TrailerForbidden))
	case d == Downstream && x.listing != nil && x.isErrorReply(pairs, true):
		return x.withholdError(pairs)
	case d == Upstream && x.missing != nil:
		return Step{Act: Hold, Reason: reason.Allowed}
	case d == Upstream && x.body != nil, d == Downstream && x.needsReply():
		return x.Body(env, d, nil, true)
	}
	return Step{Act: Forward, Reason: reason.Allowed}
}

// DecideRequest decides a whole request at once, where a host would call Begin, Body and
// Trailers in turn. The Step's Edit is all that changes in the head.
func (g *Gate) DecideRequest(env Env, h *Head, body []byte, trailers [][2]string) (*Exchange, Step) {
	return g.DecideNarrowed(env, h, body, trailers, nil)
}

// DecideNarrowed is DecideRequest for a request that goes on by a route with a narrowing.
func (g *Gate) DecideNarrowed(env Env, h *Head, body []byte, trailers [][2]string, n *Narrowing) (*Exchange, Step) {
	h.AwaitsRoute = n != nil
	x, step := g.Begin(env, h)
	step = x.narrowStep(env, step, n)
	if step.Act == Hold {
		edit := step.Edit
		if step = x.narrowStep(env, x.Body(env, Upstream, body, len(trailers) == 0), n); step.Edit == nil {
			step.Edit = edit
		}
	}
	if len(trailers) == 0 || step.Act != Forward && step.Act != Hold {
		return x, step
	}
	edit, before := step.Edit, step
	if step = x.narrowStep(env, x.Trailers(env, Upstream, trailers), n); step.Act == Forward && step.Edit == nil {
		step.Edit = edit
		if before.Act == Forward {
			step.Reason, step.Audit = before.Reason, before.Audit
		}
	}
	return x, step
}

// narrowStep has the narrowing decide if the step sends the head on.
func (x *Exchange) narrowStep(env Env, step Step, n *Narrowing) Step {
	if n == nil || x.narrowing != nil || !step.SendsHead() {
		return step
	}
	switch narrowed := x.Narrow(env, n); {
	case narrowed.Act != Forward:
		return narrowed
	case narrowed.Reason.Refuses() && !step.Reason.Refuses():
		step.Reason, step.Audit = narrowed.Reason, narrowed.Audit
	}
	return step
}
