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
	if is := s.keyIssuer(token); is != nil {
		e.verifyAPIKey(env, is, token)
	} else if len(s.issuers) == 0 {
		e.why = reason.APIKeyUnknown
	} else {
		e.verify(env, s, token)
	}
	if e.why != reason.Allowed && e.refusal == nil && e.missing == nil {
		e.refusal = e.describeAPIKey()
	}
	if env.Cache != nil {
		env.Cache.store(e, token)
	}
	return &e.verification, false
}

// verification is the outcome for one token. It is not changed after verify.
type verification struct {
	fault                             // why is Allowed if there is none
	refusal               *Refusal    // of a fault; nil if there is none
	principal             Principal   // if why is Allowed
	missing               *MissingKey // Result.Missing
	thumbprint            string      // of the certificate that the connection must have, "" for any
	validFrom, validUntil time.Time   // skew included
	issuer                *Issuer
	keys                  *KeySet // the issuer's at that time
	period                Period  // of the key that verified the signature
}

// verify verifies a token of one of the issuers, and describes what is at fault with it.
func (v *verification) verify(env Env, s *schemeIssuers, raw string) {
	var t token
	var room [16]strictjson.Field // memory for the claims of most tokens
	if c := v.check(env, s, &t, raw, room[:0]); v.why != reason.Allowed && v.missing == nil {
		v.refusal = v.describe(s, &t, c, len(raw))
	}
}

// check verifies a token, and returns its claims if it has read them. Before the signature
// holds, the header, iss and kid only select among the configured issuers and keys; nothing
// else of the token counts.
func (v *verification) check(env Env, s *schemeIssuers, t *token, raw string, room []strictjson.Field) claims {
	if v.why = t.parse(raw); v.why != reason.Allowed {
		return nil
	}
	if len(raw) > maxUnreadToken {
		if v.why = checkHeader(env, s.issuers, t); v.why != reason.Allowed {
			return nil
		}
	}
	if v.why = t.decode(); v.why != reason.Allowed {
		return nil
	}
	payload, fields, tooMany := strictjson.Fields(t.payload, payloadLimits, room)
	c := claims(fields)
	switch {
	case tooMany:
		v.why = reason.TokenTooLarge
	case !payload.Exists():
		v.why = reason.TokenMalformed
	default:
		v.issuer, v.fault = s.issuerOf(c)
	}
	if v.issuer == nil {
		return c
	}
	v.keys = env.Keys.sets[v.issuer.index]
	key, why := v.issuer.verifyingKey(env, v.keys, t)
	if v.why = why; why != reason.Allowed {
		v.onMissingKey(env, t.kid)
		return c
	}
	v.period = key.period
	if v.checkClaims(c, env.Now); v.why == reason.Allowed {
		v.principal.Claims = payload
	}
	return c
}

// maxUnreadToken is the length of the longest token whose payload is read although its
// header has decided: only the payload has iss, and issuer_unknown says more to whoever
// looks for a mistake than key_unknown. No issuer's key for a longer one is the whole
// answer.
const maxUnreadToken = 4 << 10

// maxUnreadIssuers is the largest number of issuers that are asked before the payload is
// read: with more, to read it costs less.
const maxUnreadIssuers = 64

// checkHeader returns why no issuer can take a token with this header, or Allowed if one
// may: it has the key, or could still fetch it. Where their reasons differ, it is that of
// the issuer that comes closest.
func checkHeader(env Env, issuers []*Issuer, t *token) reason.Reason {
	if len(issuers) > maxUnreadIssuers {
		return reason.Allowed
	}
	closest := reason.TokenType
	for _, is := range issuers {
		set := env.Keys.sets[is.index]
		_, why := is.findKeys(env.Now, set, t)
		switch {
		case why == reason.Allowed || why == reason.KeyUnknown && is.mayFetch(env, set):
			return reason.Allowed
		case why == reason.KeyUnknown || closest == reason.TokenType:
			closest = why
		}
	}
	return closest
}

// checkClaims checks and reads the claims of a token whose signature holds.
func (v *verification) checkClaims(c claims, now time.Time) {
	is := v.issuer
	if v.validFrom, v.validUntil, v.fault = is.checkClaims(c, now); v.why != reason.Allowed {
		return
	}
	if v.thumbprint, v.why = is.checkBinding(c); v.why != reason.Allowed {
		v.claim = "/cnf"
		return
	}
	v.fault = is.fillPrincipal(c, &v.principal)
	v.principal.Expires = v.validUntil
	if until := v.period.Until; until != 0 && until < v.validUntil.Unix() {
		v.principal.Expires = time.Unix(until, 0)
	}
}

// onMissingKey asks for a fetch of the issuer's keys if the token's key is not among
// them. Only after a fetch may a key be reported as unknown.
func (v *verification) onMissingKey(env Env, kid string) {
	if v.why != reason.KeyUnknown || !v.issuer.mayFetch(env, v.keys) {
		return
	}
	v.why = reason.KeysUnavailable
	if env.WaitPolicy == keys.MayWait {
		v.missing = &MissingKey{Issuer: v.issuer.Name, KeyID: kid}
	}
}

// mayFetch reports whether the issuer may publish a key that is not in its present set.
func (is *Issuer) mayFetch(env Env, set *KeySet) bool {
	return is.remote != nil && (env.WaitPolicy != keys.Refreshed || set == nil)
}

// verifyingKey returns the key that verifies the token's signature. If there is none, the
// key is nil, and why is the reason.
func (is *Issuer) verifyingKey(env Env, set *KeySet, t *token) (key *Key, why reason.Reason) {
	c, why := is.findKeys(env.Now, set, t)
	if why != reason.Allowed {
		return nil, why
	}
	for _, k := range c.keys[:c.n] {
		if k.verifySignature(env, t) {
			return k, reason.Allowed
		}
	}
	if c.open {
		return nil, reason.KeyUnknown
	}
	return nil, reason.SignatureInvalid
}

// findKeys returns the issuer's own keys for kid and alg. Keys of other issuers are not
// looked at (RFC 8725 section 3.8).
func (is *Issuer) findKeys(now time.Time, set *KeySet, t *token) (c candidates, why reason.Reason) {
	if !t.typeFits(is) {
		return c, reason.TokenType
	}
	alg := findAlgorithm(t.alg, is.algorithms)
	if alg == nil {
		return c, reason.TokenAlgorithm
	}
	if set != nil {
		c = set.find(t.kid, alg, now)
	}
	if c.n == 0 {
		return c, reason.KeyUnknown
	}
	return c, reason.Allowed
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
