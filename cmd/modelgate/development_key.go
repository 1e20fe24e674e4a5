package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// developmentPrefix begins the kid of each development key. check warns of keys with it, and
// token takes no others.
const developmentPrefix = "development-"

// developmentKey is a private key as a JWK (RFC 7517, 7518, 8037). Empty members are left out.
type developmentKey struct {
	Type      string `json:"kty"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	ID        string `json:"kid"`
	Curve     string `json:"crv,omitempty"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
	N         string `json:"n,omitempty"`
	E         string `json:"e,omitempty"`
	Secret    string `json:"d,omitempty"`
	P         string `json:"p,omitempty"`
	Q         string `json:"q,omitempty"`
}

// developmentAlgorithms are the algorithms for which token makes keys.
var developmentAlgorithms = []string{"ES256", "ES384", "RS256", "EdDSA"}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// newDevelopmentKey makes a key for one of developmentAlgorithms.
func newDevelopmentKey(algorithm string) (developmentKey, error) {
	id := make([]byte, 6)
	rand.Read(id) // never fails (crypto/rand)
	k := developmentKey{Use: "sig", Algorithm: algorithm, ID: developmentPrefix + encode(id)}
	switch algorithm {
	case "EdDSA":
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return k, err
		}
		k.Type, k.Curve, k.X, k.Secret = "OKP", "Ed25519", encode(public), encode(private.Seed())
	case "RS256":
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return k, err
		}
		k.Type, k.N, k.E = "RSA", encode(private.N.Bytes()), encode(big.NewInt(int64(private.E)).Bytes())
		k.Secret, k.P, k.Q = encode(private.D.Bytes()), encode(private.Primes[0].Bytes()), encode(private.Primes[1].Bytes())
	default:
		curve := curveOf(algorithm)
		private, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			return k, err
		}
		secret, err := private.Bytes()
		if err != nil {
			return k, err
		}
		public, err := private.PublicKey.Bytes() // 4, x, y
		if err != nil {
			return k, err
		}
		size := len(public) / 2
		k.Type, k.Curve = "EC", curve.Params().Name
		k.X, k.Y, k.Secret = encode(public[1:1+size]), encode(public[1+size:]), encode(secret)
	}
	return k, nil
}

func curveOf(algorithm string) elliptic.Curve {
	if algorithm == "ES384" {
		return elliptic.P384()
	}
	return elliptic.P256()
}

// public returns the key without its secret.
func (k developmentKey) public() developmentKey {
	k.Secret, k.P, k.Q = "", "", ""
	return k
}

// private returns the key as golang-jwt takes it.
func (k developmentKey) private() (crypto.PrivateKey, error) {
	var failed error
	decode := func(s string) []byte {
		raw, err := base64.RawURLEncoding.DecodeString(s)
		failed = errors.Join(failed, err)
		return raw
	}
	number := func(s string) *big.Int { return new(big.Int).SetBytes(decode(s)) }
	secret := decode(k.Secret)
	switch k.Algorithm {
	case "EdDSA":
		if failed != nil || len(secret) != ed25519.SeedSize {
			return nil, fmt.Errorf("must be a private key of Ed25519; got %d bytes", len(secret))
		}
		return ed25519.NewKeyFromSeed(secret), nil
	case "RS256":
		private := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: number(k.N), E: int(number(k.E).Int64())}, D: new(big.Int).SetBytes(secret),
			Primes: []*big.Int{number(k.P), number(k.Q)}}
		if failed != nil {
			return nil, failed
		}
		return private, private.Validate()
	}
	if failed != nil {
		return nil, failed
	}
	return ecdsa.ParseRawPrivateKey(curveOf(k.Algorithm), secret)
}

// developmentKeys returns a warning for each issuer of a configuration that compiles which has
// a development key.
func developmentKeys(doc string) (warnings strictjson.Problems) {
	var config struct {
		Issuers []struct {
			Name string
			JWKS struct{ Inline json.RawMessage }
		}
	}
	if err := json.Unmarshal([]byte(doc), &config); err != nil {
		return strictjson.Problems{{Message: "whether an issuer has a development key cannot be read: " + err.Error()}}
	}
	for i, issuer := range config.Issuers {
		if strings.Contains(string(issuer.JWKS.Inline), `"`+developmentPrefix) {
			warnings = append(warnings, strictjson.Problem{Pointer: fmt.Sprintf("/issuers/%d/jwks/inline", i), Message: fmt.Sprintf(
				"issuer %q has a development key: whoever has its file can be any of its callers; take it out before others can reach the gate",
				issuer.Name)})
		}
	}
	return warnings
}
