package authn

import (
	"crypto/rsa"
	"time"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// verifyCached verifies a token, unless the cache has it: hit reports whether it
// does.
func (s *schemeIssuers) verifyCached(env Env, token string) (v *verification, hit bool) {
	if env.Cache != nil {
		if v := env.Cache.lookup(env, s, token); v != nil {
			return v, true
		}
	}
	e := &cachedToken{schemeIssuers: s}
	e.verify(env, s.issuers, token)
	if env.Cache != nil {
		env.Cache.store(e, token)
	}
	return &e.verification, false
}

// verification is the outcome for one token. It is not changed after verify.
type verification struct {
	why                   reason.Reason
	principal             Principal   // if why is Allowed
	missing               *MissingKey // Result.Missing
	thumbprint            string      // of the certificate that the connection must have, "" for any
	validFrom, validUntil time.Time   // skew included
	issuer                *Issuer
	keys                  *KeySet // the issuer's at that time
}

// verify verifies a token of one of the issuers. Before the signature holds, iss and
// kid only select among the configured issuers and keys; nothing else of the token
// counts.
func (v *verification) verify(env Env, issuers []*Issuer, raw string) {
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
		v.issuer, v.why = findIssuer(issuers, iss), reason.IssuerUnknown
	}
	if v.issuer == nil {
		return
	}
	v.keys = env.Keys.sets[v.issuer.index]
	if v.why = v.issuer.checkSignature(env, v.keys, &t); v.why != reason.Allowed {
		v.onMissingKey(env, t.kid)
		return
	}
	if v.checkClaims(c, env.Now); v.why == reason.Allowed {
		v.principal.Claims = payload
	}
}

// checkClaims checks and reads the claims of a token whose signature holds.
func (v *verification) checkClaims(c claims, now time.Time) {
	is := v.issuer
	if v.validFrom, v.validUntil, v.why = is.checkClaims(c, now); v.why != reason.Allowed {
		return
	}
	if v.thumbprint, v.why = is.checkBinding(c); v.why != reason.Allowed {
		return
	}
	v.why = is.fillPrincipal(c, &v.principal)
	v.principal.Expires = v.validUntil
}

// onMissingKey asks for a fetch of the issuer's keys if the token's key is not among
// them. Only after a fetch may a key be reported as unknown.
func (v *verification) onMissingKey(env Env, kid string) {
	if v.issuer.remote == nil || v.why != reason.KeyUnknown {
		return
	}
	if env.WaitPolicy == keys.Refreshed && v.keys != nil {
		return
	}
	v.why = reason.KeysUnavailable
	if env.WaitPolicy == keys.MayWait {
		v.missing = &MissingKey{Issuer: v.issuer.Name, KeyID: kid}
	}
}

// checkSignature verifies with the issuer's own key for kid and alg. Keys of other
// issuers are not looked at (RFC 8725 section 3.8).
func (is *Issuer) checkSignature(env Env, set *KeySet, t *token) reason.Reason {
	if !t.typeFits(is) {
		return reason.TokenType
	}
	alg := findAlgorithm(t.alg, is.algorithms)
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
	if !key.verifySignature(env, t) {
		return reason.SignatureInvalid
	}
	return reason.Allowed
}

// verifySignature checks the length of the signature before anything reads it: each
// algorithm and key has one (RFC 7518 section 3.4: 64, 96 and 132 bytes for ES).
func (k *Key) verifySignature(env Env, t *token) bool {
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
