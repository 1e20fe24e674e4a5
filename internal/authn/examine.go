package authn

import (
	"strconv"
	"strings"

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
