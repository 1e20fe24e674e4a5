package authn

import (
	"container/list"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/reason"
)

// Cache remembers what came of tokens: who was verified, never what they may
// do. It is not safe for more than one goroutine, and belongs to one
// configuration. Tokens that were refused have a space of their own, so that
// garbage cannot push out good ones.
type Cache struct{ good, bad space }

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

// cached is what came of a token.
type cached struct {
	key       cacheKey
	keys      *Keys // with which it was verified; others make it unknown
	why       reason.Reason
	principal Principal
	from, to  time.Time // when it is valid, skew included; from is zero for always
}

// bytes estimates what an entry holds: the token, the payload that the claims
// are part of, and the entry itself.
func (c *cached) bytes() int { return 2*len(c.key.token) + 512 }

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

// look finds what is known of a token under these keys at this time.
func (c *Cache) look(env Env, key cacheKey) (p Principal, why reason.Reason, ok bool) {
	if bad := c.bad.get(key); bad != nil && bad.keys == env.Keys {
		return Principal{}, bad.why, true
	}
	good := c.good.get(key)
	switch {
	case good == nil || good.keys != env.Keys:
		return Principal{}, 0, false
	case !env.Now.Before(good.to):
		c.good.drop(key)
		return Principal{}, reason.TokenExpired, true
	case env.Now.Before(good.from):
		return Principal{}, reason.TokenNotYetValid, true
	}
	return good.principal, reason.Allowed, true
}

// keep remembers an outcome, unless time or new keys alone could change it.
func (c *Cache) keep(env Env, key cacheKey, v verdict) {
	e := &cached{key: cacheKey{key.place, strings.Clone(key.token)}, keys: env.Keys, why: v.why, principal: v.principal}
	switch v.why {
	case reason.Allowed:
		e.from, e.to = v.from, v.to
		c.good.put(e)
	case reason.SignatureInvalid, reason.AudienceWrong, reason.TokenExpired, reason.TokenLifetime, reason.ClaimsInvalid:
		c.bad.put(e)
	}
}
