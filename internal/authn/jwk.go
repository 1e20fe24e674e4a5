package authn

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"math/big"
	"slices"

	"github.com/modelgate/modelgate/internal/strictjson"
)

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
		j.Get("kid").Fail("is longer than %d bytes", maxKeyID)
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

// bytes decodes a base64url member without padding (RFC 7515 section 2).
func (j jwk) octets(name string) []byte {
	v := j.Need(name)
	text := v.Text()
	if text == "" {
		return nil
	}
	b, ok := octets(text)
	if !ok {
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
	// RFC 7518 section 2, Base64urlUInt: the fewest bytes that hold the number.
	if n[0] == 0 || e[0] == 0 {
		j.Fail("n or e begins with a zero byte")
		return nil
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	if member, fault := rsaFault(modulus, exponent); fault != "" {
		j.Get(member).Fail("%s", fault)
		return nil
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}
}

// rsaFault says what is wrong with the modulus n or the exponent e of a key, and
// with which of them; "" for nothing.
func rsaFault(n, e *big.Int) (member, fault string) {
	switch bits := n.BitLen(); {
	case bits < minRSABits || bits > maxRSABits:
		return "n", fmt.Sprintf("has %d bits, not %d to %d", bits, minRSABits, maxRSABits)
	case n.Bit(0) == 0:
		return "n", "is even"
	case e.BitLen() > 31 || e.Bit(0) == 0 || e.Int64() < 3:
		return "e", "is not an odd number from 3 to 2^31-1"
	}
	return "", ""
}

func (j jwk) ec(alg *algorithm) any {
	x, y := j.octets("x"), j.octets("y")
	if x == nil || y == nil {
		return nil
	}
	// Full-length coordinates (RFC 7518 section 6.2.1.2), then SEC 1's form,
	// whose parser refuses what is not on the curve.
	if length := alg.size / 2; len(x) != length || len(y) != length {
		j.Fail("x and y of %s have %d bytes", alg.curveName, length)
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
		j.Get("x").Fail("of Ed25519 has %d bytes", ed25519.PublicKeySize)
		return nil
	}
	return ed25519.PublicKey(x)
}
