// Package jose makes keys for tests, and writes their public halves as JWKs.
package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
)

// NewKey makes a private key for a public-key algorithm of RFC 7518 section 3.1 or RFC
// 8037: *rsa.PrivateKey of 2048 bits, *ecdsa.PrivateKey or ed25519.PrivateKey.
func NewKey(alg string) (crypto.PrivateKey, error) {
	switch alg {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA", "Ed25519":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	return nil, fmt.Errorf("no key for algorithm %q", alg)
}

// JWK returns the public half of a key in the form of RFC 7517. An empty kid or alg
// is left out.
func JWK(key crypto.PrivateKey, kid, alg string) map[string]any {
	j := map[string]any{"use": "sig"}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		j["kty"], j["n"], j["e"] = "RSA", Base64URL(k.N.Bytes()), Base64URL(big.NewInt(int64(k.E)).Bytes())
	case *ecdsa.PrivateKey:
		point, _ := k.PublicKey.Bytes() // 4, x, y (SEC 1 section 2.3.3)
		half := len(point) / 2
		j["kty"], j["crv"] = "EC", k.Params().Name
		j["x"], j["y"] = Base64URL(point[1:1+half]), Base64URL(point[1+half:])
	case ed25519.PrivateKey:
		j["kty"], j["crv"], j["x"] = "OKP", "Ed25519", Base64URL(k.Public().(ed25519.PublicKey))
	}
	if kid != "" {
		j["kid"] = kid
	}
	if alg != "" {
		j["alg"] = alg
	}
	return j
}

// PEM returns the public half of a key in PEM (RFC 7468 section 13).
func PEM(key crypto.PrivateKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key.(crypto.Signer).Public())
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), err
}

// Base64URL encodes without padding (RFC 7515 section 2).
func Base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Random returns n random bytes.
func Random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails (crypto/rand)
	return b
}
