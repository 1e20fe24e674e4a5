package authn

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
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
	maxKeyID   = 256 // octets
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
		k.der, _ = x509.MarshalPKIXPublicKey(public) // nil for what it cannot write
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

// jwk is one JWK; unknown members are ignored (RFC 7517 section 4).
type jwk struct{ strictjson.Object }

func (j jwk) text(name string) string {
	if v := j.Get(name); v.Exists() {
		return v.Text()
	}
	return ""
}

// mayBePublished finds what must not be: private members and shared secrets.
func (j jwk) mayBePublished() bool {
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if j.Get(private).Exists() {
			j.Get(private).Fail("is private: a key set holds public keys only")
			return false
		}
	}
	if family(j.Get("kty").JSON().Str) == familySecret {
		j.Fail(`is symmetric; declare "symmetric" with an environment variable instead`)
		return false
	}
	return true
}

// key makes a Key; nil where the JWK has a problem, or is to be passed over for
// the reason given.
func (j jwk) key(id string, allowed []*algorithm) (key *Key, why string) {
	kty := family(j.text("kty"))
	if len(id) > maxKeyID {
		j.Get("kid").Fail("is longer than %d octets", maxKeyID)
		return nil, ""
	}
	alg, why := j.algorithm(kty, allowed)
	if alg == nil {
		return nil, why
	}
	var public any
	switch kty {
	case familyRSA:
		public = j.rsa()
	case familyEC:
		public = j.ec(alg)
	case familyOKP:
		public = j.okp()
	}
	if public == nil {
		return nil, ""
	}
	return newKey(id, alg, public), ""
}

// algorithm binds the key to one algorithm: its own alg, or the only allowed
// one that fits its type and curve. A key without alg that fits two is a
// problem: one key, one algorithm.
func (j jwk) algorithm(kty family, allowed []*algorithm) (alg *algorithm, why string) {
	if use := j.text("use"); use != "" && use != "sig" {
		return nil, "use is not sig"
	}
	if ops := j.Get("key_ops"); ops.Exists() && !slices.Contains(ops.Texts(), "verify") {
		return nil, "key_ops has no verify"
	}
	crv := j.text("crv")
	declared := j.text("alg")
	var fits []*algorithm
	for _, a := range allowed {
		if a.family == kty && a.curveName == crv && (declared == "" || algorithmNamed(declared) == a) {
			fits = append(fits, a)
		}
	}
	switch len(fits) {
	case 0:
		return nil, "no allowed algorithm has its kty, crv and alg"
	case 1:
		return fits[0], ""
	}
	j.Fail("has no alg, and the issuer allows it for %s and %s: one key, one algorithm", fits[0].name, fits[1].name)
	return nil, ""
}

// octets decodes a base64url member without padding (RFC 7515 section 2).
func (j jwk) octets(name string) []byte {
	v := j.Need(name)
	text := v.Text()
	if text == "" {
		return nil
	}
	b, err := octets(text)
	if err != nil {
		v.Fail("is not base64url without padding")
		return nil
	}
	return b
}

func (j jwk) rsa() any {
	n, e := j.octets("n"), j.octets("e")
	if n == nil || e == nil {
		return nil
	}
	// RFC 7518 section 2, Base64urlUInt: the fewest octets that hold the number.
	if n[0] == 0 || e[0] == 0 {
		j.Fail("n or e begins with a zero octet")
		return nil
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	switch bits := modulus.BitLen(); {
	case bits < minRSABits || bits > maxRSABits:
		j.Get("n").Fail("has %d bits, not %d to %d", bits, minRSABits, maxRSABits)
	case modulus.Bit(0) == 0:
		j.Get("n").Fail("is even")
	case exponent.BitLen() > 31 || exponent.Bit(0) == 0 || exponent.Int64() < 3:
		j.Get("e").Fail("is not an odd number from 3 to 2^31-1")
	default:
		return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}
	}
	return nil
}

func (j jwk) ec(alg *algorithm) any {
	x, y := j.octets("x"), j.octets("y")
	if x == nil || y == nil {
		return nil
	}
	// Full-length coordinates (RFC 7518 section 6.2.1.2), then SEC 1's form,
	// whose parser refuses what is not on the curve.
	if length := alg.size / 2; len(x) != length || len(y) != length {
		j.Fail("x and y of %s have %d octets", alg.curveName, length)
		return nil
	}
	key, err := ecdsa.ParseUncompressedPublicKey(alg.curve, bytes.Join([][]byte{{4}, x, y}, nil))
	if err != nil {
		j.Fail("is not a point of %s", alg.curveName)
		return nil
	}
	return key
}

func (j jwk) okp() any {
	x := j.octets("x")
	if x == nil {
		return nil
	}
	if len(x) != ed25519.PublicKeySize {
		j.Get("x").Fail("of Ed25519 has %d octets", ed25519.PublicKeySize)
		return nil
	}
	return ed25519.PublicKey(x)
}
