package authn

import (
	"crypto/rsa"
	"time"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// authenticate verifies a token, unless the cache has it: hit reports whether it does.
func (at *place) authenticate(env Env, token string) (v *verdict, hit bool) {
	if env.Cache != nil {
		if v := env.Cache.look(env, at, token); v != nil {
			return v, true
		}
	}
	e := &cached{place: at}
	e.verify(env, at.issuers, token)
	if env.Cache != nil {
		env.Cache.keep(e, token)
	}
	return &e.verdict, false
}

// verdict is what came of a token, and when that holds if it is Allowed. Once it
// is made it is not changed.
type verdict struct {
	principal  Principal
	why        reason.Reason
	missing    *MissingKey
	thumbprint string // of the certificate that the connection must have, "" for any
	from, to   time.Time
	issuer     *Issuer
	keys       *KeySet // the issuer's, with which it was verified
}

// verify trusts nothing of the token but iss and kid, to choose among what is
// configured, before its signature holds.
func (v *verdict) verify(env Env, among []*Issuer, raw string) {
	var t token
	if v.why = t.parse(raw); v.why != reason.Allowed {
		return
	}
	var room [16]strictjson.Field // memory for the claims of most tokens
	payload, fields := strictjson.Fields(t.payload, room[:0])
	c := claims(fields)
	iss, ok := c.text("iss")
	switch {
	case !payload.Exists():
		v.why = reason.TokenMalformed
	case !ok || iss == "":
		v.why = reason.ClaimsInvalid
	default:
		v.issuer, v.why = issuerNamed(among, iss), reason.IssuerUnknown
	}
	if v.issuer == nil {
		return
	}
	v.keys = env.Keys.sets[v.issuer.index]
	if v.why = v.issuer.checkSignature(env, v.keys, &t); v.why != reason.Allowed {
		v.lack(env, t.kid)
		return
	}
	if v.believe(c, env.Now); v.why == reason.Allowed {
		v.principal.Claims = payload
	}
}

// believe reads the claims of a token whose signature holds.
func (v *verdict) believe(c claims, now time.Time) {
	is := v.issuer
	if v.from, v.to, v.why = is.validate(c, now); v.why != reason.Allowed {
		return
	}
	if v.thumbprint, v.why = is.binding(c); v.why != reason.Allowed {
		return
	}
	v.why = is.principal(c, &v.principal)
	v.principal.Expires = v.to
}

// lack says what is to be done about a key that is not there. Without a look at
// what the issuer publishes now, nobody can say that it does not exist.
func (v *verdict) lack(env Env, kid string) {
	if v.issuer.remote == nil || v.why != reason.KeyUnknown {
		return
	}
	switch env.WaitPolicy {
	case keys.Refreshed:
		if v.keys == nil {
			v.why = reason.KeysUnavailable
		}
	case keys.MayWait:
		v.missing = &MissingKey{Issuer: v.issuer.Name, KeyID: kid}
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
	alg := named(t.alg, is.algorithms)
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
// 3.4: 64, 96 and 132 bytes for ES), before anybody interprets it.
func (k *Key) verify(env Env, t *token) bool {
	size := k.alg.size
	if public, ok := k.public.(*rsa.PublicKey); ok {
		size = public.Size()
	}
	if len(t.signature) != size {
		return false
	}
	if env.Verify != nil {
		if ok, done := env.Verify(k, t.signed, t.signature); done {
			return ok
		}
	}
	return k.alg.method.Verify(t.signed, []byte(t.signature), k.public) == nil
}
