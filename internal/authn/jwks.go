package authn

import (
	"slices"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/strictjson"
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

// newKey makes a public key.
func newKey(id string, alg *algorithm, public any) *Key {
	k := &Key{ID: id, alg: alg, public: public}
	if strings.HasPrefix(alg.name, "RS") || alg.family == familyEC {
		k.der = subjectPublicKeyInfo(public)
	}
	return k
}

// SubjectPublicKeyInfo returns the DER of the key (RFC 5280 section 4.1.2.7) for RS
// and ES algorithms, and nil for others, which no host verifies.
func (k *Key) SubjectPublicKeyInfo() []byte { return k.der }

// Algorithm returns the one algorithm that the key verifies (RFC 8725 section 3.1).
func (k *Key) Algorithm() string { return k.alg.name }

// Public returns the key in its type of the standard library.
func (k *Key) Public() any { return k.public }

// KeySet is a parsed JWK Set (RFC 7517 section 5), bound to the algorithms of its
// issuer. It is immutable.
type KeySet struct{ keys []*Key }

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
	// named is set if the token has a kid, the set has keys with a kid, and none of them
	// has this one. Then the keys are those without a kid, and a token that they do not
	// verify is one of a key that is not in the set.
	named bool
}

// find returns the keys of an algorithm that may verify a token with that kid now: the one
// that has this kid; without one, those that have none. Without a kid it returns those of
// any kid. RFC 7515 section 4.1.4 leaves open how a key is found: libraries try all keys.
// Here they are the first few in the order of the set, so that a forged token costs little.
func (s *KeySet) find(kid string, alg *algorithm, now time.Time) (c candidates) {
	for _, k := range s.keys {
		switch {
		case k.alg != alg || !k.period.Contains(now):
		case kid != "" && k.ID == kid:
			return candidates{keys: [maxTried]*Key{k}, n: 1}
		case kid != "" && k.ID != "":
			c.named = true
		case c.n < maxTried:
			c.keys[c.n] = k
			c.n++
		}
	}
	return c
}

// KeyNote says whether one key of a set is used, and why not.
type KeyNote struct {
	ID        string // kid
	Algorithm string // the algorithm that it verifies, "" if it is not used
	Why       string // why it is not used, "" if it is used
	Refused   bool   // whether the whole set is refused because of this key
}

// compileJWKSet reads the JWK Set of a configuration. Keys that are not for
// verifying signatures by one of the allowed algorithms are skipped, as RFC 7517
// section 5 asks. A key that is malformed, weak, private or symmetric and a repeated
// kid are errors.
func compileJWKSet(v strictjson.Value, is *Issuer) *KeySet {
	set, notes := parseKeys(v, is.algorithms, is.iss)
	refused := slices.ContainsFunc(notes, func(n KeyNote) bool { return n.Refused })
	if notes != nil && len(set.keys) == 0 && len(is.algorithms) > 0 && !refused {
		v.Fail("must have a key that is usable with the issuer's algorithms")
	}
	return set
}

// parseKeys reads a JWK Set for an issuer that has iss; nil for any. notes has what
// becomes of each key; it is nil if v is no JWK Set.
func parseKeys(v strictjson.Value, allowed []*algorithm, iss []string) (set *KeySet, notes []KeyNote) {
	set = &KeySet{}
	items := v.Object().Need("keys").Items() // other members are ignored, as section 5 asks
	if len(items) > maxKeys {
		v.Fail("must have at most %d keys; got %d", maxKeys, len(items))
		return set, nil
	}
	ids := map[string]bool{}
	for _, item := range items {
		before := len(item.Problems())
		j := jwk{item.Object()}
		n := KeyNote{ID: j.optionalText("kid")}
		if n.ID != "" && ids[n.ID] {
			j.Get("kid").Fail("%q is there twice", n.ID)
			n.Refused = true
		}
		ids[n.ID] = true
		var key *Key
		if n.Refused = !j.mayBePublished() || n.Refused; !n.Refused {
			if key, n.Why = j.compile(n.ID, allowed); key != nil && !j.serves(iss) {
				key, n.Why = nil, "its issuer is another"
			}
		}
		if problems := item.Problems()[before:]; len(problems) > 0 {
			n.Why = problems.Error()
		} else if key != nil {
			n.Algorithm = key.alg.name
			set.keys = append(set.keys, key)
		}
		notes = append(notes, n)
	}
	return set, notes
}
