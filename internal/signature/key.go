package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
)

// Names of RFC 9421 section 3.3. NewKey and NewSigner take no others.
const (
	HMACSHA256      = "hmac-sha256"
	ECDSAP256SHA256 = "ecdsa-p256-sha256"
	Ed25519         = "ed25519"
	RSAPSSSHA512    = "rsa-pss-sha512"
	RSAv15SHA256    = "rsa-v1_5-sha256"
)

// minSecret is the length of the shortest secret for HMAC: that of the hash, as RFC 7518
// section 3.2 asks; RFC 9421 names none.
const minSecret = sha256.Size

// minRSA and maxRSA are the bits of an RSA key.
const minRSA, maxRSA = 2048, 8192

// Key verifies signatures by one algorithm.
type Key struct {
	algorithm string
	public    any
	size      int // bytes of a signature
}

// NewKey returns a Key. public is a []byte for hmac-sha256, else an *ecdsa.PublicKey,
// ed25519.PublicKey or *rsa.PublicKey, and must suit the algorithm.
func NewKey(algorithm string, public any) (*Key, error) {
	size := 0
	switch k := public.(type) {
	case []byte:
		if algorithm == HMACSHA256 && len(k) >= minSecret {
			size = sha256.Size
		}
	case *ecdsa.PublicKey:
		if algorithm == ECDSAP256SHA256 && k.Curve == elliptic.P256() {
			size = 64
		}
	case ed25519.PublicKey:
		if algorithm == Ed25519 && len(k) == ed25519.PublicKeySize {
			size = ed25519.SignatureSize
		}
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); (algorithm == RSAPSSSHA512 || algorithm == RSAv15SHA256) && bits >= minRSA && bits <= maxRSA {
			size = k.Size()
		}
	}
	if size == 0 {
		return nil, refuse(Algorithm, algorithm)
	}
	return &Key{algorithm, public, size}, nil
}

// Algorithm returns the one algorithm of the key.
func (k *Key) Algorithm() string { return k.algorithm }

// pss is the salt of rsa-pss-sha512 (RFC 9421 section 3.3.1): 64 bytes, and no other length.
var pss = rsa.PSSOptions{SaltLength: sha512.Size, Hash: crypto.SHA512}

// verify reports whether value, which is k.size bytes, is a signature of base (RFC 9421
// section 3.3).
func (k *Key) verify(base string, value []byte) bool {
	switch public := k.public.(type) {
	case []byte:
		return hmac.Equal(value, hmacOf(public, base))
	case ed25519.PublicKey:
		return ed25519.Verify(public, []byte(base), value)
	case *ecdsa.PublicKey:
		r, s := new(big.Int).SetBytes(value[:32]), new(big.Int).SetBytes(value[32:])
		sum := sha256.Sum256([]byte(base))
		return ecdsa.Verify(public, sum[:], r, s)
	case *rsa.PublicKey:
		if k.algorithm == RSAPSSSHA512 {
			sum := sha512.Sum512([]byte(base))
			return rsa.VerifyPSS(public, crypto.SHA512, sum[:], value, &pss) == nil
		}
		sum := sha256.Sum256([]byte(base))
		return k.algorithm == RSAv15SHA256 && rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], value) == nil
	}
	return false
}

func hmacOf(secret []byte, base string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(base))
	return h.Sum(nil)
}
