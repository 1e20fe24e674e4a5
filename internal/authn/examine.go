package authn

import (
	"strconv"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Finding is one step of what Authenticate looks at, in its order. The last one that is not OK is
// what refuses the credential.
type Finding struct {
	What string // such as "credential", "issuer" or "claim /aud"
	OK   bool
	Says string
}

// Examine says step by step what Authenticate finds in a request. A host has no use for it: its
// code is linked only where it is called.
func (a *Authenticator) Examine(env Env, pairs [][2]string, peer Peer) []Finding {
	e := examination{env: env, pairs: pairs}
	holder, connection, why := a.peers.holder(pairs, &peer)
	e.certificate(a, &holder, why)
	if why != reason.Allowed {
		return e.list
	}
	for _, from := range a.extractors {
		if e.extractor(from, &holder, &connection) {
			return e.list
		}
	}
	e.add("credential", true, "none: the caller is anonymous. Looked in "+strings.Join(a.Sources(), ", "))
	return e.list
}

type examination struct {
	env   Env
	pairs [][2]string
	list  []Finding
}

func (e *examination) add(what string, ok bool, says string) {
	e.list = append(e.list, Finding{what, ok, says})
}

// refuse adds what a refusal says.
func (e *examination) refuse(what string, r *Refusal) {
	if what == "" {
		what = r.Place
	}
	e.add(what, false, r.Text())
}

func (e *examination) certificate(a *Authenticator, h *Holder, why reason.Reason) {
	switch {
	case why != reason.Allowed:
		e.refuse("certificate", refusalAt("", "header "+forwardedHeader, forwardedRule))
	case h.Peer != "":
		e.add("certificate", true, strings.Join(append([]string{h.Peer}, h.PeerNames...), ", "))
	case a.peers.forms() != 0:
		e.add("certificate", true, `none that "peer" makes a principal`)
	}
}

// extractor looks where one header or one gateway may name a caller. done reports that it does.
func (e *examination) extractor(from *extractor, holder, connection *Holder) (done bool) {
	if from.relay != nil {
		p, found, why := from.relay.principal(connection, e.pairs)
		switch {
		case found && why != reason.Allowed:
			e.refuse("credential", from.relay.describe(e.pairs, why))
		case found:
			e.add("credential", true, "header "+from.relay.subject+" of the gateway "+connection.Peer)
			e.add("issuer", true, p.Issuer+": the subject is "+strconv.Quote(p.Subject))
		}
		return found
	}
	text, s, found, why := from.extract(e.pairs)
	switch {
	case !found:
		return false
	case why != reason.Allowed:
		e.refuse("credential", from.describe(e.pairs, why))
		return true
	}
	where := "header " + from.header
	if s.scheme != "" {
		where += ", scheme " + s.scheme
	}
	e.add("credential", true, where)
	if is := s.keyIssuer(text); is != nil || len(s.issuers) == 0 {
		e.apiKey(s, text)
	} else {
		e.token(s, text)
	}
	if v, _ := s.verifyCached(Env{Now: e.env.Now, Keys: e.env.Keys, WaitPolicy: e.env.WaitPolicy}, text); v.why == reason.Allowed {
		if r := v.result(holder); r.Reason != reason.Allowed {
			e.refuse("certificate", r.Refusal)
		}
	}
	return true
}

func (e *examination) apiKey(s *schemeIssuers, text string) {
	v, _ := s.verifyCached(Env{Now: e.env.Now, Keys: e.env.Keys}, text)
	if v.why != reason.Allowed {
		e.refuse("api key", v.describeAPIKey())
		return
	}
	e.add("api key", true, "of the issuer "+v.issuer.Name+": the subject is "+strconv.Quote(v.principal.Subject))
}

// token adds what is found in a token: first what decides before the signature, then the claims.
func (e *examination) token(s *schemeIssuers, raw string) {
	var t token
	var v verification
	var room [16]strictjson.Field
	c := v.check(Env{Now: e.env.Now, Keys: e.env.Keys, WaitPolicy: e.env.WaitPolicy}, s, &t, raw, room[:0])
	r := &Refusal{}
	if v.why != reason.Allowed {
		r = v.describe(s, &t, c, len(raw))
	}
	says := "alg " + orNothing(t.alg) + ", kid " + orNothing(t.kid)
	if t.typ != "" {
		says += ", typ " + t.typ
	}
	switch {
	case v.issuer == nil && v.claim == "" && v.why != reason.IssuerUnknown:
		e.refuse("token", r)
		return
	case v.issuer == nil:
		e.add("token", true, says)
		e.refuse("issuer", r)
		return
	}
	e.add("token", true, says)
	iss := c.get("iss").Str
	if iss == "" {
		iss = "the trust domain in sub"
	}
	e.add("issuer", true, v.issuer.Name+", by "+iss)
	switch v.why {
	case reason.TokenType, reason.TokenAlgorithm, reason.KeyUnknown, reason.KeysUnavailable, reason.SignatureInvalid:
		e.refuse("", r)
		return
	}
	e.add("token signature", true, "verifies with a key of the issuer, "+t.alg)
	e.claims(&v, c, r)
}

// claims adds the claims in the order in which they are checked, up to the one at fault.
func (e *examination) claims(v *verification, c claims, r *Refusal) {
	is, now := v.issuer, e.env.Now
	faulty := func(f fault) bool {
		if f.why == reason.Allowed {
			return false
		}
		e.refuse("", r)
		return true
	}
	d, f := c.dates()
	if faulty(f) {
		return
	}
	subject, f := is.subjectOf(c)
	if faulty(f) {
		return
	}
	e.add("subject", true, strconv.Quote(subject))
	if faulty(is.checkAudience(c)) {
		return
	}
	e.add("audience", true, is.audienceText(c))
	_, _, f = is.checkClaims(c, now)
	if f.why == reason.TokenExpired && faulty(f) {
		return
	}
	e.add("claim /exp", true, "in "+seconds(d.exp.Sub(now)))
	if faulty(f) {
		return
	}
	if !d.iat.IsZero() {
		e.add("claim /iat", true, seconds(now.Sub(d.iat))+" ago")
	}
	if _, why := is.checkBinding(c); why != reason.Allowed && faulty(fault{why, "/cnf"}) {
		return
	}
	var p Principal
	if faulty(is.fillPrincipal(c, &p)) {
		return
	}
	e.facts(is, c, &p)
}

// facts adds what rules know of the caller.
func (e *examination) facts(is *Issuer, c claims, p *Principal) {
	for i := range is.required {
		e.add("claim "+is.required[i].pointer.String(), true, "is there (requiredClaims)")
	}
	switch {
	case p.Email != "":
		e.add("address", true, p.Email)
	case p.ClaimedEmail != "":
		e.add("address", true, p.ClaimedEmail+", for which nobody vouches: no grant counts it")
	case is.address.pointer != nil:
		e.add("address", true, "none in "+is.address.pointer.String())
	}
	if p.Domain != "" {
		e.add("domain", true, p.Domain)
	}
	switch n := len(p.Groups); {
	case n > 0:
		e.add("groups", true, strconv.Itoa(n)+" in "+is.groupsClaims()+": "+strings.Join(p.Groups[:min(n, maxShown)], ", "))
	case is.groups != nil:
		e.add("groups", true, "none in "+is.groupsClaims())
	}
	if p.Pool != "" {
		e.add("pool", true, p.PoolSubject+" in "+p.Pool)
	}
}

// maxShown bounds the groups that a finding lists.
const maxShown = 20

// audienceText says which audience of a token is the issuer's.
func (is *Issuer) audienceText(c claims) string {
	at := is.audienceClaim
	if at == nil {
		at = audClaim
	}
	list, _ := stringList(c.at(at))
	for _, want := range is.audiences {
		for _, got := range list {
			if got == want {
				return got
			}
		}
	}
	return "none is needed (noAudience)"
}

// Passes says what would pass in the place of what is at fault with a credential; "" if the rule
// says all.
func (r *Refusal) Passes(now time.Time, why reason.Reason) string {
	date := func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) + ", " + t.UTC().Format(time.RFC3339) }
	switch {
	case why == reason.TokenExpired && !r.Limit.IsZero():
		return "an exp after " + date(now)
	case why == reason.TokenNotYetValid && !r.Limit.IsZero():
		return "a date up to " + date(now)
	case len(r.Want) > 0:
		return strings.Join(r.Want, " or ")
	}
	return ""
}
