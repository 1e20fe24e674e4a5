package authn

import (
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
)

// Cache remembers what came of tokens: who was verified, never what they may
// do. It is not safe for more than one goroutine, and belongs to one
// configuration. Tokens that were refused have a space of their own, so that
// garbage cannot push out good ones; and a token is remembered when it comes a
// second time, so that those that never do, such as an assertion that is made for
// each request, cost no memory and push out none either.
type Cache struct {
	good, bad space
	// OnEvict is called with the principal of each good token that the cache drops.
	// It may be nil.
	OnEvict func(*Principal)
}

// The most that a Cache holds, a token counted with what was made of it.
const (
	maxGood, maxGoodBytes = 8192, 16 << 20
	maxBad, maxBadBytes   = 1024, 1 << 20
)

// NewCache makes an empty one.
func NewCache() *Cache {
	c := &Cache{}
	c.good.clear(maxGood, maxGoodBytes)
	c.bad.clear(maxBad, maxBadBytes)
	return c
}

// cached is what came of a token, until the issuer has other keys.
type cached struct {
	verdict
	// The token, whole, and the place where it was found: in another one another
	// issuer may answer to the same name.
	place        *place
	token        string
	newer, older *cached
}

// bytes estimates what an entry holds: the token, what it decodes to, and the entry
// itself.
func (c *cached) bytes() int { return 2*len(c.token) + 768 }

// space is a map that forgets what was not asked for the longest.
type space struct {
	// entries has one entry for all tokens that end alike. Of two good ones that
	// do, which takes a signature that verifies twice, the later is kept.
	entries         map[string]*cached
	ring            cached // without a token: before the newest, after the oldest
	most, mostBytes int
	bytes           int
	seen            sieve // tokens that came once
}

func (s *space) clear(most, mostBytes int) {
	*s = space{entries: map[string]*cached{}, most: most, mostBytes: mostBytes}
	s.ring.newer, s.ring.older = &s.ring, &s.ring
}

// end is the part of a token by which it is found, of a signature where it has one:
// as good as a hash of the whole.
func end(token string) string { return token[max(0, len(token)-32):] }

func (s *space) get(at *place, token string) *cached {
	c := s.entries[end(token)]
	if c == nil || c.place != at || c.token != token {
		return nil
	}
	if c != s.ring.older {
		c.unlink()
		s.link(c)
	}
	return c
}

// put adds an entry. Those that have to go for it are handed over.
func (s *space) put(c *cached, gone func(*cached)) {
	if same := s.entries[end(c.token)]; same != nil {
		gone(same)
	}
	s.entries[end(c.token)] = c
	s.link(c)
	for s.bytes += c.bytes(); len(s.entries) > s.most || s.bytes > s.mostBytes; {
		gone(s.ring.newer)
	}
}

func (s *space) drop(c *cached) {
	c.unlink()
	delete(s.entries, end(c.token))
	s.bytes -= c.bytes()
}

// link makes an entry the newest.
func (s *space) link(c *cached) {
	c.newer, c.older = &s.ring, s.ring.older
	c.newer.older, c.older.newer = c, c
}

func (c *cached) unlink() {
	c.newer.older, c.older.newer = c.older, c.newer
	c.newer, c.older = nil, nil
}

// look finds what is known of a token under these keys at this time. Whether it
// is bound to a certificate is for the caller to check, each time.
func (c *Cache) look(env Env, at *place, token string) *verdict {
	good := c.good.get(at, token)
	switch {
	case good == nil:
		if bad := c.bad.get(at, token); bad != nil && bad.current(env) {
			return &bad.verdict
		}
		return nil
	case !good.current(env):
		c.forget(good)
		return nil
	case !env.Now.Before(good.to):
		c.forget(good)
		return &verdict{why: reason.TokenExpired}
	case env.Now.Before(good.from):
		return &verdict{why: reason.TokenNotYetValid}
	}
	return &good.verdict
}

// current reports whether the issuer's keys are still those of the verdict.
func (c *cached) current(env Env) bool { return env.Keys.sets[c.issuer.index] == c.keys }

// keep remembers the outcome of a token that comes again, unless time or new keys
// alone could change it.
func (c *Cache) keep(e *cached, token string) {
	into := &c.bad
	switch e.why {
	case reason.Allowed:
		into = &c.good
	case reason.SignatureInvalid, reason.AudienceWrong, reason.TokenExpired, reason.TokenLifetime, reason.ClaimsInvalid, reason.TokenBinding:
		if e.issuer == nil {
			return
		}
	default:
		return
	}
	if !into.seen.again(token) {
		return
	}
	e.token = strings.Clone(token)
	if into == &c.good {
		into.put(e, c.forget)
	} else {
		into.put(e, into.drop)
	}
}

// forget drops a good token.
func (c *Cache) forget(e *cached) {
	c.good.drop(e)
	if c.OnEvict != nil {
		c.OnEvict(&e.principal)
	}
}

// sieved is how many tokens a sieve takes.
const sieved = 2 * maxGood

// sieve tells tokens that come again from those that come for the first time, but
// for one in some hundreds that it takes for another. It is a Bloom filter whose
// bits for a token lie in one word (Putze, Sanders and Singler, "Cache-, Hash- and
// Space-Efficient Bloom Filters", 2007), and begins anew when it is full.
type sieve struct {
	words [4096]uint64
	n     int // of tokens
}

func (s *sieve) again(token string) bool {
	hash := uint64(0xcbf29ce484222325) // FNV-1a
	for _, c := range []byte(end(token)) {
		hash = (hash ^ uint64(c)) * 0x100000001b3
	}
	hash = (hash ^ hash>>32) * 0x9e3779b97f4a7c15 // so that all of it is in the upper bits
	word := &s.words[hash>>52]
	bits := uint64(1)<<(hash>>46&63) | 1<<(hash>>40&63) | 1<<(hash>>34&63) | 1<<(hash>>28&63)
	if *word&bits == bits {
		return true
	}
	if s.n == sieved {
		*s = sieve{}
	}
	s.n++
	*word |= bits
	return false
}
