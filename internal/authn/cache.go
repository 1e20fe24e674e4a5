package authn

import (
	"container/list"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
)

// Cache remembers what came of tokens: who was verified, never what they may
// do. It is not safe for more than one goroutine, and belongs to one
// configuration. Tokens that were refused have a space of their own, so that
// garbage cannot push out good ones.
type Cache struct {
	good, bad space
	// Known says whether the last token that was looked for had been verified
	// before.
	Known bool
}

// The most that a Cache holds, a token counted with what was made of it.
const (
	maxGood, maxGoodBytes = 8192, 16 << 20
	maxBad, maxBadBytes   = 1024, 1 << 20
)

// NewCache makes an empty one.
func NewCache() *Cache {
	return &Cache{
		good: space{entries: map[cacheKey]*list.Element{}, most: maxGood, mostBytes: maxGoodBytes},
		bad:  space{entries: map[cacheKey]*list.Element{}, most: maxBad, mostBytes: maxBadBytes},
	}
}

// cacheKey is a token, whole, in the place where it was found: there another
// issuer may answer to the same name.
type cacheKey struct {
	place *place
	token string
}

// cached is what came of a token, until the issuer has other keys.
type cached struct {
	key cacheKey
	*verdict
}

// bytes estimates what an entry holds: the token, the payload that the claims
// are part of, and the entry itself.
func (c *cached) bytes() int { return 2*len(c.key.token) + 768 }

// space is a map that forgets what was not asked for the longest.
type space struct {
	entries         map[cacheKey]*list.Element // of *cached
	recent          list.List                  // the latest first
	most, mostBytes int
	bytes           int
}

func (s *space) get(key cacheKey) *cached {
	e := s.entries[key]
	if e == nil {
		return nil
	}
	s.recent.MoveToFront(e)
	return e.Value.(*cached)
}

func (s *space) put(c *cached) {
	s.drop(c.key)
	s.entries[c.key] = s.recent.PushFront(c)
	for s.bytes += c.bytes(); len(s.entries) > s.most || s.bytes > s.mostBytes; {
		s.drop(s.recent.Back().Value.(*cached).key)
	}
}

func (s *space) drop(key cacheKey) {
	if e := s.entries[key]; e != nil {
		s.recent.Remove(e)
		delete(s.entries, key)
		s.bytes -= e.Value.(*cached).bytes()
	}
}

// look finds what is known of a token under these keys at this time. Whether it
// is bound to a certificate is for the caller to check, each time.
func (c *Cache) look(env Env, key cacheKey) *verdict {
	c.Known = false
	good := c.good.get(key)
	switch {
	case good == nil:
		if bad := c.bad.get(key); bad != nil && bad.current(env) {
			return bad.verdict
		}
		return nil
	case !good.current(env):
		c.good.drop(key)
		return nil
	case !env.Now.Before(good.to):
		c.good.drop(key)
		return &verdict{why: reason.TokenExpired}
	case env.Now.Before(good.from):
		return &verdict{why: reason.TokenNotYetValid}
	}
	c.Known = true
	return good.verdict
}

// current reports whether the issuer's keys are still those of the verdict.
func (c *cached) current(env Env) bool { return env.Keys.sets[c.issuer.index] == c.keys }

// keep remembers an outcome, unless time or new keys alone could change it.
func (c *Cache) keep(key cacheKey, v *verdict) {
	e := &cached{cacheKey{key.place, strings.Clone(key.token)}, v}
	switch v.why {
	case reason.Allowed:
		c.good.put(e)
	case reason.SignatureInvalid, reason.AudienceWrong, reason.TokenExpired, reason.TokenLifetime, reason.ClaimsInvalid, reason.TokenBinding:
		if v.issuer != nil {
			c.bad.put(e)
		}
	}
}
