package authn

import (
	"crypto/elliptic"
	"fmt"
	"maps"
	"strings"
	"testing"
)

// TestKeySetsOfProviders: key sets as providers, libraries and people publish them. Of each
// it is told which keys verify, by kid, or why the document is refused; the same as an
// inline key set, and as one that is fetched. The default is an issuer of RS256 and EC.
func TestKeySetsOfProviders(t *testing.T) {
	rsa := publicJWK(rsaKey, "k1", "RS256")
	other := publicJWK(evilRSA, "k2", "RS256")
	plain := with(rsa, "alg", missing{}, "use", missing{})
	set := func(keys ...any) string { return mustJSON(m{"keys": keys}) }
	null := func(names ...string) m {
		key := maps.Clone(plain)
		for _, name := range names {
			key[name] = nil
		}
		return key
	}
	encryption := []any{with(rsa, "kid", "k0")}
	for i := range 101 {
		encryption = append(encryption, with(other, "kid", fmt.Sprint("e", i), "alg", "RSA-OAEP", "use", "enc"))
	}
	lead0 := b64(append([]byte{0}, rsaKey.N.Bytes()...))
	const private = "must not be here: it is private"
	for _, c := range []struct{ name, doc, want string }{
		{"aspnet", set(with(null("alg", "crv", "d", "dp", "dq", "k", "oth", "p", "q", "qi", "use", "x", "x5t", "x5u", "y"),
			"additionalData", m{}, "keyId", "k1", "key_ops", []string{}, "x5c", []string{})), "k1:RS256"},
		{"d-null", set(with(rsa, "d", nil, "p", nil, "q", nil, "k", nil)), "k1:RS256"},
		{"dup-alg", set(rsa, with(rsa, "alg", "RS384"), with(rsa, "alg", "RS512")), "k1:RS256"},
		{"dup-differ", set(rsa, with(other, "kid", "k1"), with(other, "kid", "k3")), "k3:RS256"},
		{"dup-enc", set(rsa, with(rsa, "alg", "RSA-OAEP", "use", "enc"), with(rsa, "alg", "RSA-OAEP-256", "use", "enc")), "k1:RS256"},
		{"dup-same", set(rsa, rsa), "k1:RS256"},
		{"dup-same in another form", set(rsa, with(rsa, "n", lead0, "e", "AAAAAQAB", "x5t", "x")), "k1:RS256"},
		{"ec-stripped-p256", set(stripped(elliptic.P256(), "ES256")), "k1:ES256"},
		{"ec-stripped-p521", set(stripped(elliptic.P521(), "ES512")), "k1:ES512"},
		{"keyops-empty", set(with(rsa, "key_ops", []string{})), "k1:RS256"},
		{"kid-null", set(with(rsa, "kid", nil)), ":RS256"},
		{"lead0", set(with(rsa, "n", lead0)), "k1:RS256"},
		{"n101enc", set(encryption...), "k0:RS256"},
		{"nokid1", set(with(rsa, "kid", missing{})), ":RS256"},
		{"nokid2", set(with(rsa, "kid", missing{}), with(other, "kid", missing{})), ":RS256 :RS256"},
		{"null-item", set(rsa, nil), "k1:RS256"},
		{"oct", set(rsa, m{"kty": "oct", "kid": "s", "alg": "HS256", "k": "c2VjcmV0"}), private},
		{"padded", set(with(rsa, "n", rsa["n"].(string)+"==")), "k1:RS256"},
		{"pem-bare", publicPEM(rsaKey), ":RS256"},
		{"certificate-bare", certificatePEM(rsaKey), ":RS256"},
		{"private", set(rsa, with(other, "d", "AQAB")), private},
		{"private-pem", privatePEM(rsaKey), "is private"},
		{"rsa1024", set(rsa, with(other, "kid", "old", "n", base64OfInt(modulus(1024)))), "k1:RS256"},
		{"single", mustJSON(rsa), "k1:RS256"},
		{"unknown-kty", set(rsa, m{"kty": "AKP", "alg": "ML-DSA-65", "kid": "pq", "pub": "AAAA"},
			m{"kty": "OKP", "crv": "X25519", "use": "enc", "kid": "x", "x": "AAAA"}, m{"kty": "OKP", "crv": "Ed448", "use": "sig", "x": "AAAA"},
			m{"kty": "EC", "crv": "secp256k1", "alg": "ES256K", "x": "AA", "y": "AA"}), "k1:RS256"},
		{"use-jwtsvid", useJWTSVID(), noKey},
		{"use-null", set(null("alg", "use")), "k1:RS256"},
		{"webcrypto", set(with(rsa, "ext", true, "key_ops", []string{})), "k1:RS256"},
		{"x509dict", mustJSON(m{"91fc": certificatePEM(rsaKey), "b2": certificatePEM(evilRSA)}), "91fc:RS256 b2:RS256"},
		{"x5c-only", set(rsa, m{"kty": "RSA", "kid": "c", "use": "sig", "x5c": []string{"MIIC"}}), "k1:RS256"},
	} {
		t.Run(c.name, func(t *testing.T) {
			algorithms := []string{"RS256", "ES256", "ES384", "ES512", "EdDSA"}
			if got := published(c.doc, &Issuer{algorithms: named(algorithms)}); !strings.Contains(got, c.want) {
				t.Errorf("parsePublished = %s, want %s", got, c.want)
			}
			inline := c.doc
			if strings.HasPrefix(inline, beginPEM) {
				inline = mustJSON(inline)
			}
			set, problems := readKeySet(inline, algorithms...)
			// What is skipped where it is published is a mistake in a configuration.
			mistake := map[string]string{"dup-differ": `two keys with the kid "k1" that differ`, "null-item": "must be an object; got null",
				"rsa1024": "must have 2048 to 8192 bits", "x5c-only": `needs "n"`, "use-jwtsvid": noUsableKey}[c.name]
			if got := listed(set); mistake != "" && !strings.Contains(problems.Error(), mistake) ||
				mistake == "" && got != c.want && !strings.Contains(problems.Error(), c.want) {
				t.Errorf("compileInline = %s, %v, want %s%s", got, problems, c.want, mistake)
			}
		})
	}
	svid := &Issuer{algorithms: named([]string{"ES256", "RS256"}), trustDomain: "example.org"}
	if got := published(useJWTSVID(), svid); got != "KID:ES256" {
		t.Errorf("parsePublished(use-jwtsvid) for an issuer of JWT-SVIDs = %s, want its one key of that use", got)
	}
	if got := published(set(rsa), svid); got != "k1:RS256" {
		t.Errorf("parsePublished(use sig) for an issuer of JWT-SVIDs = %s, want its key: SPIRE's OIDC provider publishes such", got)
	}
}

// TestKeysForSeveralAlgorithms: an RSA key without alg verifies each algorithm of RSA that the
// issuer allows, and no other.
func TestKeysForSeveralAlgorithms(t *testing.T) {
	doc := mustJSON(m{"keys": []m{with(publicJWK(rsaKey, "k1", ""), "use", "sig")}})
	for _, c := range []struct{ algorithms, want string }{
		{"RS256", "k1:RS256"},
		{"RS256 RS512", "k1:RS256 k1:RS512"},
		{"PS256 ES256 RS256", "k1:PS256 k1:RS256"},
		{"ES256", noKey},
	} {
		if got := published(doc, &Issuer{algorithms: named(strings.Fields(c.algorithms))}); got != c.want {
			t.Errorf("parsePublished for %s = %s, want %s", c.algorithms, got, c.want)
		}
	}
	declared := mustJSON(m{"keys": []m{publicJWK(rsaKey, "k1", "RS256")}})
	if got := published(declared, &Issuer{algorithms: named([]string{"RS256", "RS512", "PS256"})}); got != "k1:RS256" {
		t.Errorf("parsePublished(alg RS256) = %s, want its own algorithm only", got)
	}
	clashing := mustJSON(m{"keys": []m{publicJWK(rsaKey, "k1", ""), publicJWK(evilRSA, "k1", "RS256")}})
	if got := published(clashing, &Issuer{algorithms: named([]string{"RS256", "RS512"})}); got != "k1:RS512" {
		t.Errorf("parsePublished(two keys, which clash for RS256) = %s, want the one for RS512", got)
	}
}

func named(names []string) (list []*algorithm) {
	for _, name := range names {
		list = append(list, algorithmNamed(name))
	}
	return list
}

// published lists the keys of a published document, or returns why it is refused.
func published(doc string, is *Issuer) string {
	set, _, err := parsePublished(doc, is)
	if err != nil {
		return err.Error()
	}
	return listed(set)
}

func listed(set *KeySet) string {
	var list []string
	for _, k := range set.Keys() {
		list = append(list, k.ID+":"+k.Algorithm())
	}
	return strings.Join(list, " ")
}

// stripped is a key of which a coordinate begins with a zero byte, which is left out.
func stripped(curve elliptic.Curve, alg string) m {
	for {
		key := newEC(curve)
		jwk := publicJWK(key, "k1", alg)
		if point, _ := key.PublicKey.Bytes(); point[1] == 0 && point[2] != 0 {
			jwk["x"] = b64(point[2 : 1+(len(point)-1)/2])
			return jwk
		}
	}
}

// useJWTSVID is a bundle of SPIFFE (SPIFFE Trust Domain and Bundle section 4.2).
func useJWTSVID() string {
	return mustJSON(m{"keys": []m{with(publicJWK(evilEC, "", ""), "use", "x509-svid", "x5c", []string{"MIIB"}),
		with(publicJWK(ecKey, "KID", ""), "use", "jwt-svid")}, "spiffe_sequence": 1, "spiffe_refresh_hint": 300})
}
