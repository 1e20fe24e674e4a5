package authn

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/modelgate/modelgate/internal/reason"
)

// everyAlgorithm pairs each name with a key of its kind.
var everyAlgorithm = []struct {
	alg string
	key any
}{
	{"RS256", rsaKey},
	{"RS384", rsaKey},
	{"RS512", rsaKey},
	{"PS256", rsaKey},
	{"PS384", rsaKey},
	{"PS512", rsaKey},
	{"ES256", ecKey},
	{"ES384", p384Key},
	{"ES512", p521Key},
	{"EdDSA", edKey},
}

// TestOnlyTheConfiguredAlgorithmVerifies: the alg of a token never adds an algorithm
// (RFC 8725 section 3.1), and is compared exactly (RFC 7515 section 4.1.1).
func TestOnlyTheConfiguredAlgorithmVerifies(t *testing.T) {
	for _, configured := range everyAlgorithm {
		w := newWorld(t, row("corp", []string{configured.alg}, publicJWK(configured.key, "k", "")))
		for _, x := range everyAlgorithm {
			want := reason.TokenAlgorithm
			if x.alg == configured.alg {
				want = reason.Allowed
			}
			token := sign(x.alg, x.key, m{"alg": x.alg, "kid": "k"}, claimsOf("corp"))
			w.bearer(t, attempt{configured.alg + " configured, " + x.alg + " sent", token, want})
		}
	}
	w := newWorld(t, row("corp", []string{"RS256"}, publicJWK(rsaKey, "k", "RS256")))
	for _, alg := range []string{
		"rs256", "Rs256", "RS256 ", " RS256", "\tRS256", "RS256\x00", "RS25", "RS2566", "ＲS256", "R\u017f256",
		"RS256,HS256", "RSA", "SHA256withRSA", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
		strings.Repeat("RS256", 1000),
	} {
		token := sign("RS256", rsaKey, m{"alg": alg}, claimsOf("corp"))
		w.bearer(t, attempt{fmt.Sprintf("RS256 signature, alg %.40q", alg), token, reason.TokenAlgorithm})
	}
}

// hmacToken is made by hand, as an attacker makes it: no library lets one sign
// with a PEM file as the secret.
func hmacToken(alg string, secret []byte, header, claims m) string {
	hashes := map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}
	text := part(with(header, "alg", alg)) + "." + part(claims)
	mac := hmac.New(hashes[alg], secret)
	mac.Write([]byte(text))
	return text + "." + b64(mac.Sum(nil))
}

// publicForms are the bytes that an attacker knows of a public key.
func publicForms(t *testing.T, key *rsa.PrivateKey) map[string][]byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	jwk, _ := json.Marshal(publicJWK(key, "k", "RS256"))
	bare, _ := json.Marshal(publicJWK(key, "", ""))
	return map[string][]byte{
		"PEM":               text,
		"PEM trimmed":       []byte(strings.TrimSpace(string(text))),
		"PEM and a newline": append(text, '\n'),
		"PEM after a space": append([]byte(" "), text...),
		"DER":               der,
		"PKCS #1":           x509.MarshalPKCS1PublicKey(&key.PublicKey),
		"JWK":               jwk,
		"bare JWK":          bare,
		"n":                 key.N.Bytes(),
		"n in base64url":    []byte(b64(key.N.Bytes())),
		"empty":             {},
		"kid":               []byte("k"),
		"null":              []byte("null"),
		"zeros":             make([]byte, 32),
	}
}

// TestAKeyVerifiesOneAlgorithm: no RSA key is an HMAC secret (RFC 8725 section 2.1;
// CVE-2015-9235, CVE-2016-10555). A JWK without alg does not take the token's, and
// makes no empty HMAC key.
func TestAKeyVerifiesOneAlgorithm(t *testing.T) {
	forms := publicForms(t, rsaKey)
	for _, declared := range []string{"RS256", ""} {
		w := newWorld(t, row("corp", []string{"RS256"}, publicJWK(rsaKey, "k", declared)))
		w.bearer(t, attempt{"RS256 by the same key", sign("RS256", rsaKey, m{"alg": "RS256", "kid": "k"}, claimsOf("corp")), reason.Allowed})
		for name, secret := range forms {
			for _, alg := range []string{"HS256", "HS384", "HS512"} {
				w.bearer(t,
					attempt{alg + " by " + name, hmacToken(alg, secret, m{"kid": "k"}, claimsOf("corp")), reason.TokenAlgorithm},
					attempt{alg + " by " + name + ", no kid", hmacToken(alg, secret, m{}, claimsOf("corp")), reason.TokenAlgorithm})
			}
		}
	}
	w := newWorld(t,
		row("mixed", []string{"RS256", "PS256", "ES256", "ES384", "EdDSA"},
			publicJWK(rsaKey, "r", "RS256"), publicJWK(evilRSA, "p", "PS256"),
			publicJWK(ecKey, "e", ""), publicJWK(p384Key, "e3", ""), publicJWK(edKey, "d", "")),
		with(row("shared", []string{"HS256"}), "jwks", missing{}, "symmetric", m{"env": "SECRET"}))
	mixed := func(alg string, key any, kid string) string {
		return sign(alg, key, m{"alg": alg, "kid": kid}, claimsOf("mixed"))
	}
	w.bearer(t,
		attempt{"r RS256", mixed("RS256", rsaKey, "r"), reason.Allowed},
		attempt{"p PS256", mixed("PS256", evilRSA, "p"), reason.Allowed},
		attempt{"e ES256", mixed("ES256", ecKey, "e"), reason.Allowed},
		attempt{"e3 ES384", mixed("ES384", p384Key, "e3"), reason.Allowed},
		attempt{"d EdDSA", mixed("EdDSA", edKey, "d"), reason.Allowed},
		attempt{"RS256 key used for PS256", mixed("PS256", rsaKey, "r"), reason.KeyUnknown},
		attempt{"PS256 key used for RS256", mixed("RS256", evilRSA, "p"), reason.KeyUnknown},
		attempt{"P-256 key under an ES384 kid", mixed("ES256", ecKey, "e3"), reason.KeyUnknown},
		attempt{"EC key's kid, RSA algorithm", mixed("RS256", rsaKey, "e"), reason.KeyUnknown},
		attempt{"RSA key's kid, EC algorithm", mixed("ES256", ecKey, "r"), reason.KeyUnknown},
		attempt{"ES256 signature, alg RS256", sign("ES256", ecKey, m{"alg": "RS256", "kid": "r"}, claimsOf("mixed")), reason.SignatureInvalid},
		attempt{"PS256 signature, alg RS256", sign("PS256", rsaKey, m{"alg": "RS256", "kid": "r"}, claimsOf("mixed")), reason.SignatureInvalid},
		attempt{"HS256", sign("HS256", secretKey, m{"alg": "HS256"}, claimsOf("shared")), reason.Allowed},
		attempt{"HS256 with iss of another", sign("HS256", secretKey, m{"alg": "HS256"}, claimsOf("mixed")), reason.TokenAlgorithm},
		attempt{"HS512 by the HS256 secret", sign("HS512", secretKey, m{"alg": "HS512"}, claimsOf("shared")), reason.TokenAlgorithm},
		attempt{"HS256 by an empty secret", hmacToken("HS256", nil, m{}, claimsOf("shared")), reason.SignatureInvalid},
	)
}

// TestUnsignedTokensAreRefused: alg none (RFC 7518 section 3.6, RFC 8725 section 3.2)
// in each spelling, and signed algorithms without a signature.
func TestUnsignedTokensAreRefused(t *testing.T) {
	w := newWorld(t, row("corp", []string{"RS256", "ES256"}, publicJWK(rsaKey, "k", "RS256"), publicJWK(ecKey, "e", "ES256")))
	good := sign("RS256", rsaKey, m{"alg": "RS256", "kid": "k"}, claimsOf("corp"))
	w.bearer(t, attempt{"control", good, reason.Allowed})
	signature := good[strings.LastIndexByte(good, '.')+1:]
	for header, want := range map[string]reason.Reason{
		`{"alg":"none"}`:           reason.TokenAlgorithm,
		`{"alg":"None"}`:           reason.TokenAlgorithm,
		`{"alg":"NONE"}`:           reason.TokenAlgorithm,
		`{"alg":"nOnE"}`:           reason.TokenAlgorithm,
		`{"alg":"noNE"}`:           reason.TokenAlgorithm,
		`{"alg":"none "}`:          reason.TokenAlgorithm,
		`{"alg":" none"}`:          reason.TokenAlgorithm,
		`{"alg":"n\u006fne"}`:      reason.TokenAlgorithm,
		`{"alg":""}`:               reason.TokenAlgorithm,
		`{"alg":"unknown"}`:        reason.TokenAlgorithm,
		`{"alg":"none","kid":"k"}`: reason.TokenAlgorithm,
		`{}`:                       reason.TokenAlgorithm,
		`{"typ":"JWT"}`:            reason.TokenAlgorithm,
		`{"Alg":"RS256"}`:          reason.TokenAlgorithm,
		`{"ALG":"RS256"}`:          reason.TokenAlgorithm,
		`{"alg":null}`:             reason.TokenMalformed,
		`{"alg":["none"]}`:         reason.TokenMalformed,
		`{"alg":["RS256"]}`:        reason.TokenMalformed,
		`{"alg":0}`:                reason.TokenMalformed,
		`{"alg":false}`:            reason.TokenMalformed,
		`{"alg":{"alg":"RS256"}}`:  reason.TokenMalformed,
	} {
		text := part(header) + "." + part(claimsOf("corp"))
		w.bearer(t,
			attempt{header + " unsigned", text + ".", want},
			attempt{header + " with a stranger's signature", text + "." + signature, want},
			attempt{header + " signed", signText("RS256", rsaKey, text), want},
			attempt{header + " without the last dot", text, reason.TokenMalformed},
			attempt{header + " with a dot too many", text + "..", reason.TokenMalformed})
	}
	for _, alg := range []string{"RS256", "ES256"} {
		text := part(m{"alg": alg}) + "." + part(claimsOf("corp"))
		w.bearer(t, attempt{alg + " with an empty signature", text + ".", reason.SignatureInvalid})
	}
}

// TestPSSSaltLength: the salt is as long as the hash (RFC 7518 section 3.5).
func TestPSSSaltLength(t *testing.T) {
	for _, x := range []struct {
		alg  string
		hash *jwt.SigningMethodRSAPSS
		salt int
		want reason.Reason
	}{
		{"PS256", jwt.SigningMethodPS256, 32, reason.Allowed},
		{"PS256", jwt.SigningMethodPS256, 20, reason.SignatureInvalid},
		{"PS256", jwt.SigningMethodPS256, 31, reason.SignatureInvalid},
		{"PS256", jwt.SigningMethodPS256, 33, reason.SignatureInvalid},
		{"PS256", jwt.SigningMethodPS256, rsa.PSSSaltLengthAuto, reason.SignatureInvalid}, // the longest
		{"PS384", jwt.SigningMethodPS384, 48, reason.Allowed},
		{"PS384", jwt.SigningMethodPS384, 32, reason.SignatureInvalid},
		{"PS512", jwt.SigningMethodPS512, 64, reason.Allowed},
		{"PS512", jwt.SigningMethodPS512, 63, reason.SignatureInvalid},
	} {
		w := newWorld(t, row("corp", []string{x.alg}, publicJWK(rsaKey, "", "")))
		text := part(m{"alg": x.alg}) + "." + part(claimsOf("corp"))
		h := x.hash.Hash.New()
		h.Write([]byte(text))
		sig, err := rsa.SignPSS(rand.Reader, rsaKey, x.hash.Hash, h.Sum(nil), &rsa.PSSOptions{SaltLength: x.salt})
		if err != nil {
			t.Fatal(err)
		}
		w.bearer(t, attempt{x.alg + " with another salt", text + "." + b64(sig), x.want})
	}
}

// TestEd25519HasTwoNames: RFC 9864 names Ed25519 what RFC 8037 calls EdDSA; either
// name means both.
func TestEd25519HasTwoNames(t *testing.T) {
	for _, configured := range []string{"EdDSA", "Ed25519"} {
		for _, declared := range []string{"", "EdDSA", "Ed25519"} {
			w := newWorld(t, row("corp", []string{configured}, publicJWK(edKey, "k", declared)))
			for alg, want := range map[string]reason.Reason{
				"EdDSA":   reason.Allowed,
				"Ed25519": reason.Allowed,
				"Ed448":   reason.TokenAlgorithm,
				"eddsa":   reason.TokenAlgorithm,
				"ED25519": reason.TokenAlgorithm,
				"ES256":   reason.TokenAlgorithm,
			} {
				token := sign("EdDSA", edKey, m{"alg": alg, "kid": "k"}, claimsOf("corp"))
				w.bearer(t, attempt{configured + " configured, " + alg + " sent", token, want})
			}
		}
	}
}
