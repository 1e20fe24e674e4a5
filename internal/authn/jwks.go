package authn

import (
	"crypto"
	"slices"
	"strings"
	"time"
)

// Limits of a key set. RFC 7518 section 3.3 forbids RSA keys of less than 2048 bits;
// with more than 8192 bits one verification would cost too much.
const (
	minRSABits = 2048
	maxRSABits = 8192
	maxKeys    = 100
	maxKeyID   = 256 // bytes
	maxTried   = 3   // keys for one token: its kid names none of them, or it has no kid
)

// Key is one public key (or shared secret) of one issuer, for one algorithm.
type Key struct {
	ID     string // kid, "" if the set gives none
	alg    *algorithm
	public any // *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey, or []byte for HMAC
	der    []byte
	period Period // of a secret
}

// newKeys makes a public key for each of the algorithms.
func newKeys(id string, algorithms []*algorithm, public any) (keys []*Key) {
	for _, alg := range algorithms {
		k := &Key{ID: id, alg: alg, public: public}
		if strings.HasPrefix(alg.name, "RS") || alg.family == familyEC {
			k.der = subjectPublicKeyInfo(public)
		}
		keys = append(keys, k)
	}
	return keys
}

// equals reports whether two public keys are the same.
func (k *Key) equals(other *Key) bool {
	public, ok := k.public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(other.public)
}

// SubjectPublicKeyInfo returns the DER of the key (RFC 5280 section 4.1.2.7) for RS
// and ES algorithms, and nil for others, which no host verifies.
func (k *Key) SubjectPublicKeyInfo() []byte { return k.der }

// Algorithm returns the one algorithm that the key verifies (RFC 8725 section 3.1).
func (k *Key) Algorithm() string { return k.alg.name }

// Public returns the key in its type of the standard library.
func (k *Key) Public() any { return k.public }

// KeySet is a parsed JWK Set (RFC 7517 section 5), bound to the algorithms of its
// issuer, or the API keys of an issuer that has these instead. It is immutable.
type KeySet struct {
	keys    []*Key
	apiKeys *apiKeySet
	partial bool // the issuer publishes keys as well, and they are not known
}

// Keys lists the usable keys in the set's order.
func (s *KeySet) Keys() []*Key { return s.keys }

// timed reports whether time alone changes which keys are in force.
func (s *KeySet) timed() bool {
	return slices.ContainsFunc(s.keys, func(k *Key) bool { return k.period != Period{} })
}

// candidates are the keys that may verify one token.
type candidates struct {
	keys [maxTried]*Key
	n    int
	// open is set if a token that the keys do not verify may be one of a key that is not in
	// the set: it has a kid, and keys of the set have others; or what the issuer publishes
	// is not known.
	open bool
}

// find returns the keys of an algorithm that may verify a token with that kid now: the one
// that has this kid; without one, those that have none. Without a kid it returns those of
// any kid. RFC 7515 section 4.1.4 leaves open how a key is found: libraries try all keys.
// Here they are the first few in the order of the set, so that a forged token costs little.
func (s *KeySet) find(kid string, alg *algorithm, now time.Time) (c candidates) {
	c.open = s.partial
	for _, k := range s.keys {
		switch {
		case k.alg != alg || !k.period.Contains(now):
		case kid != "" && k.ID == kid:
			return candidates{keys: [maxTried]*Key{k}, n: 1}
		case kid != "" && k.ID != "":
			c.open = true
		case c.n < maxTried:
			c.keys[c.n] = k
			c.n++
		}
	}
	return c
}
