package authn

import (
	"strings"
	"unsafe"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Cache keeps what the verification of tokens has shown: who the caller is, never
// what the caller may do. It belongs to one configuration and is not safe for
// concurrent use. Refused tokens have bounds of their own, so garbage cannot evict
// verified tokens. A token is kept when it comes for the second time: tokens that
// never come again, such as assertions that are made for each request, take no
// space and evict nothing.
type Cache struct {
	verified, refused lru
	// OnEvict is called with the principal of each verified token that the cache
	// drops. It may be nil.
	OnEvict func(*Principal)
}

// The most that a Cache holds. The bytes are cachedToken.bytes's.
const (
	maxVerified, maxVerifiedBytes = 8192, 16 << 20
	maxRefused, maxRefusedBytes   = 1024, 1 << 20
)

// NewCache returns an empty cache.
func NewCache() *Cache {
	return &Cache{verified: newLRU(maxVerified, maxVerifiedBytes), refused: newLRU(maxRefused, maxRefusedBytes)}
}

// cachedToken is a token and its verification, which holds until the issuer has
// other keys.
type cachedToken struct {
	verification
	token string // the whole
	// schemeIssuers is where the token was found: elsewhere another issuer may have
	// the same iss.
	schemeIssuers *schemeIssuers
}

// bytes estimates the size of an entry: the token, what it decodes to, the lists of
// groups and attributes, what is said of a fault, and the entry itself.
func (c *cachedToken) bytes() int {
	p := &c.principal
	lists := (cap(p.Groups)+cap(p.UntoldAttributes))*int(unsafe.Sizeof("")) + cap(p.Attributes)*int(unsafe.Sizeof([2]string{}))
	return 2*len(c.token) + lists + c.refusal.bytes() + 768
}

// current reports whether the issuer's keys are still those of the verification.
func (c *cachedToken) current(env Env) bool { return env.Keys.sets[c.issuer.index] == c.keys }

// lookup returns the verification of a token if it holds under these keys at this
// time, or nil. The certificate to which the token may be bound is not checked here:
// the caller checks it for each request.
func (c *Cache) lookup(env Env, s *schemeIssuers, token string) *verification {
	verified := c.verified.get(s, token)
	switch {
	case verified == nil:
		if refused := c.refused.get(s, token); refused != nil && refused.current(env) {
			return &refused.verification
		}
		return nil
	case !verified.current(env), !verified.period.Contains(env.Now):
		c.evict(verified)
		return nil
	case !env.Now.Before(verified.validUntil):
		c.evict(verified)
		return verified.untimely(reason.TokenExpired)
	case env.Now.Before(verified.validFrom):
		return verified.untimely(reason.TokenNotYetValid)
	}
	return &verified.verification
}

// untimely returns the verification of a token that was verified before, and whose time has not
// come or is over.
func (c *cachedToken) untimely(why reason.Reason) *verification {
	v := &verification{fault: fault{why, "/exp"}, issuer: c.issuer}
	if why == reason.TokenNotYetValid {
		v.claim = "/nbf"
	}
	if c.issuer.apiKeys != nil {
		v.refusal = v.describeAPIKey()
		return v
	}
	var t token
	var room [16]strictjson.Field
	t.parse(c.token) // as when it was verified
	t.decode()
	_, fields, _ := strictjson.Fields(t.payload, payloadLimits, room[:0])
	v.refusal = v.describe(c.schemeIssuers, &t, fields, len(c.token))
	return v
}

// store keeps the verification of a token that comes for the second time, unless
// time alone or new keys could change it.
func (c *Cache) store(e *cachedToken, token string) {
	into := &c.refused
	switch e.why {
	case reason.Allowed:
		into = &c.verified
	case reason.SignatureInvalid, reason.AudienceWrong, reason.TokenExpired, reason.TokenLifetime, reason.ClaimsInvalid, reason.TokenBinding:
		if e.issuer == nil || e.why == reason.SignatureInvalid && e.keys.timed() {
			return
		}
	default:
		return
	}
	if !into.doorkeeper.seenBefore(cacheKey(token)) {
		return
	}
	e.token = strings.Clone(token)
	if into == &c.verified {
		into.add(e, c.evict)
	} else {
		into.add(e, into.remove)
	}
}

// evict drops a verified token.
func (c *Cache) evict(e *cachedToken) {
	c.verified.remove(e)
	if c.OnEvict != nil {
		c.OnEvict(&e.principal)
	}
}
