package authn

import (
	"container/list"
	"hash/maphash"
)

// lru keeps the tokens that were used last, within bounds of entries and of bytes.
type lru struct {
	// elements has one entry for all tokens with the same cacheKey. Two verified
	// tokens can only have the same one if one signature verifies both; the later
	// one is kept.
	elements             map[string]*list.Element
	order                list.List // of *cachedToken, the last used in front
	maxEntries, maxBytes int
	bytes                int
	doorkeeper           doorkeeper
}

func newLRU(maxEntries, maxBytes int) lru {
	return lru{
		elements: map[string]*list.Element{}, maxEntries: maxEntries, maxBytes: maxBytes,
		doorkeeper: doorkeeper{seed: maphash.MakeSeed()},
	}
}

// cacheKey returns the end of a token, which is part of its signature if it has
// one. That is as good as a hash of the whole token.
func cacheKey(token string) string { return token[max(0, len(token)-32):] }

func (l *lru) get(s *schemeIssuers, token string) *cachedToken {
	element := l.elements[cacheKey(token)]
	if element == nil {
		return nil
	}
	c := element.Value.(*cachedToken)
	if c.schemeIssuers != s || c.token != token {
		return nil
	}
	l.order.MoveToFront(element)
	return c
}

// add adds an entry as the last used one. evict has to remove the entries that make
// room for it.
func (l *lru) add(c *cachedToken, evict func(*cachedToken)) {
	if same := l.elements[cacheKey(c.token)]; same != nil {
		evict(same.Value.(*cachedToken))
	}
	l.elements[cacheKey(c.token)] = l.order.PushFront(c)
	for l.bytes += c.bytes(); l.order.Len() > l.maxEntries || l.bytes > l.maxBytes; {
		evict(l.order.Back().Value.(*cachedToken))
	}
}

func (l *lru) remove(c *cachedToken) {
	key := cacheKey(c.token)
	l.order.Remove(l.elements[key])
	delete(l.elements, key)
	l.bytes -= c.bytes()
}

// doorkeeperCapacity is how many tokens a doorkeeper holds before it is cleared.
const doorkeeperCapacity = 2 * maxVerified

// doorkeeper tells whether a token comes for the second time (the word is TinyLFU's:
// Einziger, Friedman and Manes, "TinyLFU: A Highly Efficient Cache Admission
// Policy", 2017). It is a Bloom filter whose bits for a token are in one word (Putze,
// Sanders and Singler, "Cache-, Hash- and Space-Efficient Bloom Filters", 2007). One
// new token in some hundreds passes for an old one.
type doorkeeper struct {
	seed  maphash.Seed // of this VM: nobody outside can choose tokens that collide
	words [4096]uint64
	n     int // tokens in words
}

// seenBefore reports whether key was passed to it before, and remembers it.
func (d *doorkeeper) seenBefore(key string) bool {
	hash := maphash.String(d.seed, key)
	word := &d.words[hash>>52]
	bits := uint64(1)<<(hash>>46&63) | 1<<(hash>>40&63) | 1<<(hash>>34&63) | 1<<(hash>>28&63)
	if *word&bits == bits {
		return true
	}
	if d.n == doorkeeperCapacity {
		clear(d.words[:])
		d.n = 0
	}
	d.n++
	*word |= bits
	return false
}
