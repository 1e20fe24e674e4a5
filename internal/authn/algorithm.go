package authn

import (
	"crypto/elliptic"
	"crypto/rsa"

	"github.com/golang-jwt/jwt/v5"
)

// family is the kind of key of an algorithm: kty of RFC 7518 section 6.1 and RFC
// 8037 section 2.
type family string

const (
	familyRSA    family = "RSA"
	familyEC     family = "EC"
	familyOKP    family = "OKP"
	familySecret family = "oct"
)

// algorithm is one row of RFC 7518 section 3.1 or RFC 8037 section 3.1.
type algorithm struct {
	name      string
	family    family
	method    jwt.SigningMethod
	curve     elliptic.Curve // EC only
	curveName string         // crv of RFC 7518 section 6.2.1.1
	size      int            // bytes of a signature; RSA: the modulus' length instead
}

// algorithms are all algorithms that an issuer may be configured for. "none" is not
// among them. The alg of a token only selects a row that the issuer and the key
// already allow.
var algorithms = [...]*algorithm{
	{name: "RS256", family: familyRSA, method: jwt.SigningMethodRS256},
	{name: "RS384", family: familyRSA, method: jwt.SigningMethodRS384},
	{name: "RS512", family: familyRSA, method: jwt.SigningMethodRS512},
	{name: "PS256", family: familyRSA, method: exactSalt(jwt.SigningMethodPS256)},
	{name: "PS384", family: familyRSA, method: exactSalt(jwt.SigningMethodPS384)},
	{name: "PS512", family: familyRSA, method: exactSalt(jwt.SigningMethodPS512)},
	{name: "ES256", family: familyEC, method: jwt.SigningMethodES256, curve: elliptic.P256(), curveName: "P-256", size: 64},
	{name: "ES384", family: familyEC, method: jwt.SigningMethodES384, curve: elliptic.P384(), curveName: "P-384", size: 96},
	{name: "ES512", family: familyEC, method: jwt.SigningMethodES512, curve: elliptic.P521(), curveName: "P-521", size: 132},
	{name: "EdDSA", family: familyOKP, method: jwt.SigningMethodEdDSA, curveName: "Ed25519", size: 64},
	{name: "HS256", family: familySecret, method: jwt.SigningMethodHS256, size: 32},
	{name: "HS384", family: familySecret, method: jwt.SigningMethodHS384, size: 48},
	{name: "HS512", family: familySecret, method: jwt.SigningMethodHS512, size: 64},
}

// exactSalt requires a salt as long as the hash (RFC 7518 section 3.5); golang-jwt
// alone accepts any length.
func exactSalt(m *jwt.SigningMethodRSAPSS) *jwt.SigningMethodRSAPSS {
	return &jwt.SigningMethodRSAPSS{
		SigningMethodRSA: m.SigningMethodRSA,
		Options:          &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: m.Hash},
	}
}

// algorithmNames lists the algorithms for errors.
const algorithmNames = "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, HS256, HS384 or HS512"

// algorithmNamed returns the algorithm with that name, in exactly this case, or nil.
func algorithmNamed(name string) *algorithm { return findAlgorithm(name, algorithms[:]) }

// findAlgorithm returns the one of among with that name, or nil. Ed25519 is the name
// that RFC 9864 gives to what RFC 8037 calls EdDSA with that curve.
func findAlgorithm(name string, among []*algorithm) *algorithm {
	if name == "Ed25519" {
		name = "EdDSA"
	}
	for _, a := range among {
		if a.name == name {
			return a
		}
	}
	return nil
}
