package authn

import "github.com/modelgate/modelgate/internal/strictjson"

// CompileMessageKey reads the key of a client that signs its messages (RFC 9421): "jwk" or
// "pem" with a public key, or "symmetric" with the variable that has the secret. algorithm is
// the name in RFC 7518 of how the client signs. The key is nil if it has a problem.
func CompileMessageKey(o strictjson.Object, algorithm string, secrets Secrets) *Key {
	alg := algorithmNamed(algorithm)
	jwk, pem, symmetric := o.Get("jwk"), o.Get("pem"), o.Get("symmetric")
	given := 0
	for _, v := range []strictjson.Value{jwk, pem, symmetric} {
		if v.Exists() {
			given++
		}
	}
	switch {
	case alg == nil: // reported
	case given != 1:
		o.Fail(`needs one of "jwk", "pem" and "symmetric"; got %d`, given)
	case symmetric.Exists() != (alg.family == familySecret):
		o.Fail(`must have "symmetric" for hmac-sha256, and "jwk" or "pem" for every other algorithm`)
	case symmetric.Exists():
		return compileMessageSecret(symmetric, alg, secrets)
	case pem.Exists():
		return compileMessagePEM(pem, alg)
	default:
		return compileMessageJWK(jwk, alg)
	}
	return nil
}

func compileMessageSecret(v strictjson.Value, alg *algorithm, secrets Secrets) *Key {
	if secret := compileSecret(v.Object("env").Need("env"), alg.size, alg.name, secrets); secret != nil {
		return &Key{alg: alg, public: secret}
	}
	return nil
}

func compileMessagePEM(v strictjson.Value, alg *algorithm) *Key {
	text := v.Text()
	if text == "" { // reported
		return nil
	}
	var p parsedKeys
	p.parsePEM("", text, &Issuer{algorithms: []*algorithm{alg}})
	if len(p.keys) == 0 {
		v.Fail("must be a public key in PEM that suits the algorithm: %s", p.notes[0].Why)
		return nil
	}
	return p.keys[0].Key
}

func compileMessageJWK(v strictjson.Value, alg *algorithm) *Key {
	before := len(v.Problems())
	j := jwk{Object: v.Object()}
	if len(v.Problems()) > before || !j.mayBePublished() {
		return nil
	}
	keys, why := j.compile("", &Issuer{algorithms: []*algorithm{alg}})
	if len(keys) > 0 {
		return keys[0]
	}
	if why != "" {
		v.Fail("must be a public key that suits the algorithm: %s", why)
	}
	return nil
}

// CompilePrivateKey reads a private key, or a shared secret, by which the gate signs: the
// variable that has it, in base64url. It is nil if it has a problem.
func CompilePrivateKey(v strictjson.Value, size int, algorithm string, secrets Secrets) []byte {
	return compileSecret(v.Object("env").Need("env"), size, algorithm, secrets)
}
