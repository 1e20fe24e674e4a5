package authn

import (
	"time"

	"github.com/modelgate/modelgate/internal/reason"
)

// authenticate is verify with a memory.
func (at *place) authenticate(env Env, token string) (Principal, reason.Reason) {
	if env.Cache == nil {
		v := at.verify(env, token)
		return v.principal, v.why
	}
	key := cacheKey{at, token}
	if p, why, ok := env.Cache.look(env, key); ok {
		return p, why
	}
	v := at.verify(env, token)
	env.Cache.keep(env, key, v)
	return v.principal, v.why
}

// verdict is what came of a token, and when that holds if it is Allowed.
type verdict struct {
	principal Principal
	why       reason.Reason
	from, to  time.Time
}

// verify trusts nothing of the token but iss and kid, to choose among what is
// configured, before its signature holds.
func (at *place) verify(env Env, raw string) (v verdict) {
	var t *token
	if t, v.why = parseToken(raw); v.why != reason.Allowed {
		return v
	}
	c := claims{Result: t.claims}
	iss, err := c.GetIssuer()
	if err != nil || iss == "" {
		return verdict{why: reason.ClaimsInvalid}
	}
	is := issuerNamed(at.issuers, iss)
	if is == nil {
		return verdict{why: reason.IssuerUnknown}
	}
	if v.why = is.checkSignature(env, t); v.why != reason.Allowed {
		return v
	}
	if v.why = is.validate(c, env.Now); v.why != reason.Allowed {
		return v
	}
	v.from, v.to = is.period(c)
	v.principal, v.why = is.principal(c)
	return v
}

// checkSignature verifies with the issuer's own key for kid and alg; keys of
// another issuer are out of reach (RFC 8725 section 3.8).
func (is *Issuer) checkSignature(env Env, t *token) reason.Reason {
	if !t.typeFits(is) {
		return reason.TokenType
	}
	var alg *algorithm
	for _, allowed := range is.algorithms {
		if algorithmNamed(t.alg) == allowed {
			alg = allowed
		}
	}
	if alg == nil {
		return reason.TokenAlgorithm
	}
	key := env.Keys.sets[is.index].find(t.kid, alg)
	if key == nil {
		return reason.KeyUnknown
	}
	if !key.verify(env, t) {
		return reason.SignatureInvalid
	}
	return reason.Allowed
}

// verify checks the length of the signature, which is fixed (RFC 7518 section
// 3.4: 64, 96 and 132 octets for ES), before anybody interprets it.
func (k *Key) verify(env Env, t *token) bool {
	size := k.alg.size
	if rsa, ok := k.public.(interface{ Size() int }); ok {
		size = rsa.Size()
	}
	if len(t.signature) != size {
		return false
	}
	if env.Verify != nil {
		if ok, done := env.Verify(k, t.signed, t.signature); done {
			return ok
		}
	}
	return k.alg.method.Verify(t.signed, t.signature, k.public) == nil
}
