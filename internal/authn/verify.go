package authn

import (
	"time"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
)

// authenticate is verify with a memory.
func (at *place) authenticate(env Env, token string) *verdict {
	if env.Cache == nil {
		v := at.verify(env, token)
		return &v
	}
	key := cacheKey{at, token}
	if v := env.Cache.look(env, key); v != nil {
		return v
	}
	v := at.verify(env, token)
	env.Cache.keep(key, &v)
	return &v
}

// verdict is what came of a token, and when that holds if it is Allowed. Once it
// is made it is not changed.
type verdict struct {
	principal  Principal
	why        reason.Reason
	missing    *Missing
	thumbprint string // of the certificate that the connection must have, "" for any
	from, to   time.Time
	issuer     *Issuer
	keys       *KeySet // the issuer's, with which it was verified
}

// verify trusts nothing of the token but iss and kid, to choose among what is
// configured, before its signature holds.
func (at *place) verify(env Env, raw string) (v verdict) {
	var t *token
	if t, v.why = parseToken(raw); v.why != reason.Allowed {
		return v
	}
	c := readClaims(t.claims)
	iss, err := c.GetIssuer()
	if err != nil || iss == "" {
		return verdict{why: reason.ClaimsInvalid}
	}
	is := issuerNamed(at.issuers, iss)
	if is == nil {
		return verdict{why: reason.IssuerUnknown}
	}
	v.issuer, v.keys = is, env.Keys.sets[is.index]
	if v.why = is.checkSignature(env, v.keys, t); v.why != reason.Allowed {
		v.lack(env, t.kid)
		return v
	}
	if v.why = is.validate(c, env.Now); v.why != reason.Allowed {
		return v
	}
	if v.thumbprint, v.why = is.binding(c); v.why != reason.Allowed {
		return v
	}
	v.from, v.to = is.period(c)
	v.principal, v.why = is.principal(c)
	v.principal.Until = v.to
	return v
}

// lack says what is to be done about a key that is not there. Without a look at
// what the issuer publishes now, nobody can say that it does not exist.
func (v *verdict) lack(env Env, kid string) {
	if v.issuer.remote == nil || v.why != reason.KeyUnknown {
		return
	}
	switch env.Patience {
	case keys.Looked:
		if v.keys == nil {
			v.why = reason.KeysUnavailable
		}
	case keys.Ask:
		v.missing = &Missing{Issuer: v.issuer.Name, KeyID: kid}
		fallthrough
	default:
		v.why = reason.KeysUnavailable
	}
}

// checkSignature verifies with the issuer's own key for kid and alg; keys of
// another issuer are out of reach (RFC 8725 section 3.8).
func (is *Issuer) checkSignature(env Env, set *KeySet, t *token) reason.Reason {
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
	if set == nil {
		return reason.KeyUnknown
	}
	key := set.find(t.kid, alg)
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
