package authn

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// Limits of a key set. RSA below 2048 bits is forbidden by RFC 7518 section
// 3.3; above 8192 one verification would cost more than a request is worth.
const (
	minRSABits = 2048
	maxRSABits = 8192
	maxKeys    = 100
	maxKeyID   = 256 // bytes
)

// Key is one public key (or shared secret) of one issuer, for one algorithm.
type Key struct {
	ID     string // kid, "" if the set gives none
	alg    *algorithm
	public any // *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey, or []byte for HMAC
	der    []byte
}

// newKey makes a public key.
func newKey(id string, alg *algorithm, public any) *Key {
	k := &Key{ID: id, alg: alg, public: public}
	if strings.HasPrefix(alg.name, "RS") || alg.family == familyEC {
		k.der = subjectPublicKeyInfo(public)
	}
	return k
}

// SubjectPublicKeyInfo is the key as RFC 5280 section 4.1.2.7 has it, for RS and
// ES; nil for others, which no host verifies.
func (k *Key) SubjectPublicKeyInfo() []byte { return k.der }

// Algorithm is the one algorithm that the key verifies (RFC 8725 section 3.1).
func (k *Key) Algorithm() string { return k.alg.name }

// Public is the key as the standard library types it.
func (k *Key) Public() any { return k.public }

// KeySet is a parsed JWK Set (RFC 7517 section 5), bound to the algorithms of
// the issuer it was parsed for. It is immutable.
type KeySet struct{ keys []*Key }

// Keys lists the usable keys in the set's order.
func (s *KeySet) Keys() []*Key { return s.keys }

// find chooses by kid and alg. A token without kid finds a key only where one
// alone has the algorithm; a token with one never finds a key without.
func (s *KeySet) find(kid string, alg *algorithm) *Key {
	var found *Key
	for _, k := range s.keys {
		if k.alg != alg || kid != "" && k.ID != kid {
			continue
		}
		if found != nil {
			return nil
		}
		found = k
	}
	return found
}

// KeyNote says what became of one key of a set.
type KeyNote struct {
	ID        string // kid
	Algorithm string // that it serves, "" if it does not
	Why       string // it does not
	// Refused says that the set as a whole is refused for it.
	Refused bool
}

// parseJWKS reads the JWK Set of a configuration. Keys that are not for
// verifying signatures by one of the allowed algorithms are passed over, as RFC
// 7517 section 5 asks; a key that is malformed, weak, private or symmetric, and
// a kid that occurs twice, are problems of the configuration.
func parseJWKS(v strictjson.Value, allowed []*algorithm) *KeySet {
	set, notes := readKeys(v, allowed)
	refused := slices.ContainsFunc(notes, func(n KeyNote) bool { return n.Refused })
	if notes != nil && len(set.keys) == 0 && len(allowed) > 0 && !refused {
		v.Fail("has no key usable with the issuer's algorithms")
	}
	return set
}

// readKeys reads a JWK Set and notes what becomes of each key.
func readKeys(v strictjson.Value, allowed []*algorithm) (set *KeySet, notes []KeyNote) {
	set = &KeySet{}
	items := v.Object().Need("keys").Items() // other members are ignored, as section 5 asks
	if len(items) > maxKeys {
		v.Fail("holds %d keys, more than %d", len(items), maxKeys)
		return set, nil
	}
	ids := map[string]bool{}
	for _, item := range items {
		before := len(item.Problems())
		j := jwk{item.Object()}
		n := KeyNote{ID: j.text("kid")}
		if n.ID != "" && ids[n.ID] {
			j.Get("kid").Fail("%q stands twice", n.ID)
			n.Refused = true
		}
		ids[n.ID] = true
		var key *Key
		if n.Refused = !j.mayBePublished() || n.Refused; !n.Refused {
			key, n.Why = j.key(n.ID, allowed)
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
