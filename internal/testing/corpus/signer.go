package corpus

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
)

// signer is the private side of one issuer.
type signer struct {
	iss, aud       string
	header, scheme string // where its tokens are carried; scheme has its space
	alg, kid       string
	key            crypto.PrivateKey // or []byte
}

// freshKeys replaces every inline key of a configuration by one of the same
// kid, type and algorithm, and draws every symmetric key.
func (s *Scenario) freshKeys(config []byte) (string, error) {
	var doc map[string]any
	if err := json.Unmarshal(config, &doc); err != nil {
		return "", err
	}
	issuers, _ := doc["issuers"].([]any)
	for _, item := range issuers {
		is, _ := item.(map[string]any)
		sg, err := newSigner(is)
		if err != nil {
			return "", err
		}
		name, _ := is["name"].(string)
		s.signers[name] = sg
		if sym, ok := is["symmetric"].(map[string]any); ok {
			env, _ := sym["env"].(string)
			s.Env[env] = b64(sg.key.([]byte))
		}
	}
	out, err := json.MarshalIndent(doc, "", "  ")
	return string(out), err
}

// newSigner reads one issuer and, for each of its inline keys, makes a new one
// in place; it signs with the first.
func newSigner(is map[string]any) (*signer, error) {
	sg := &signer{header: "authorization", scheme: "Bearer "}
	sg.iss, _ = is["issuer"].(string)
	switch is["preset"] {
	case "google-iap":
		sg.iss, sg.alg, sg.header, sg.scheme = "https://cloud.google.com/iap", "ES256", "x-goog-iap-jwt-assertion", ""
	case "google-oidc":
		sg.iss, sg.alg = "https://accounts.google.com", "RS256"
	}
	if list, _ := is["algorithms"].([]any); len(list) > 0 {
		sg.alg, _ = list[0].(string)
	}
	if list, _ := is["audiences"].([]any); len(list) > 0 {
		sg.aud, _ = list[0].(string)
	}
	if list, _ := is["from"].([]any); len(list) > 0 {
		from, _ := list[0].(map[string]any)
		sg.header, _ = from["header"].(string)
		if sg.scheme, _ = from["scheme"].(string); sg.scheme != "" {
			sg.scheme += " "
		}
	}
	if is["symmetric"] != nil {
		sg.key = random(64)
		return sg, nil
	}
	jwks, _ := is["jwks"].(map[string]any)
	inline, _ := jwks["inline"].(map[string]any)
	keys, _ := inline["keys"].([]any)
	for i, item := range keys {
		old, _ := item.(map[string]any)
		alg, _ := old["alg"].(string)
		if alg == "" {
			alg = sg.alg
		}
		key, err := newKey(alg)
		if err != nil {
			return nil, err
		}
		kid, _ := old["kid"].(string)
		if keys[i] = JWK(key, kid, alg); i == 0 {
			sg.key, sg.kid, sg.alg = key, kid, alg
		}
	}
	return sg, nil
}

// newKey makes a private key for an algorithm.
func newKey(alg string) (crypto.PrivateKey, error) {
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

// JWK is the public half of a key in the form of RFC 7517. An empty kid or alg
// is left out.
func JWK(key crypto.PrivateKey, kid, alg string) map[string]any {
	j := map[string]any{"use": "sig"}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		j["kty"], j["n"], j["e"] = "RSA", b64(k.N.Bytes()), b64(big.NewInt(int64(k.E)).Bytes())
	case *ecdsa.PrivateKey:
		point, _ := k.PublicKey.Bytes() // 4, x, y (SEC 1 section 2.3.3)
		half := len(point) / 2
		j["kty"], j["crv"] = "EC", k.Params().Name
		j["x"], j["y"] = b64(point[1:1+half]), b64(point[1+half:])
	case ed25519.PrivateKey:
		j["kty"], j["crv"], j["x"] = "OKP", "Ed25519", b64(k.Public().(ed25519.PublicKey))
	}
	if kid != "" {
		j["kid"] = kid
	}
	if alg != "" {
		j["alg"] = alg
	}
	return j
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails (crypto/rand)
	return b
}
