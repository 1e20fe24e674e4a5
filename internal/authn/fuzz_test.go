package authn

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

// fuzzWorld has keys that never change: the corpus may have tokens of them, and every
// process of the fuzzer has the same ones.
func fuzzWorld(t testing.TB) (w world, genuine map[string]bool) {
	t.Helper()
	seed := sha256.Sum256([]byte("a key for tests only"))
	ed := ed25519.NewKeyFromSeed(seed[:])
	ec, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	w, problems := compile([]m{
		with(row("ed", []string{"EdDSA"}, publicJWK(ed, "k", "")), "groups", "/groups"),
		row("ec", []string{"ES256"}, publicJWK(ec, "k", "")),
		with(row("hs", []string{"HS256"}), "jwks", missing{}, "symmetric", m{"env": "FIXED"}),
		iapRow("jwks", m{"inline": m{"keys": []m{publicJWK(ec, "k", "")}}}),
	})
	if problems != nil {
		t.Fatal(problems)
	}
	claims := func(name string) m { return claimsOf(name, "email", "ana@corp.example", "groups", []string{"ml"}) }
	edText := part(m{"alg": "EdDSA", "kid": "k"}) + "." + part(claims("ed"))
	ecText := part(m{"alg": "ES256", "typ": "JWT"}) + "." + part(claims("ec"))
	return w, map[string]bool{
		signText("EdDSA", ed, edText):                 true,
		ecText + "." + b64(fixedES256(t, ec, ecText)): true,
		sign("EdDSA", ed, `{"alg":"Ed25519"}`, `{"iss":"https://ed.example","aud":["models"],"sub":"a","exp":1.7600003e9}`): true,
		hmacToken("HS256", seed[:], m{}, claims("hs")): true,
	}
}

// fixedES256 signs deterministically (RFC 6979).
func fixedES256(t testing.TB, key *ecdsa.PrivateKey, text string) []byte {
	t.Helper()
	digest := sha256.Sum256([]byte(text))
	der, err := key.Sign(nil, digest[:], crypto.SHA256)
	var sig struct{ R, S *big.Int }
	if err == nil {
		_, err = asn1.Unmarshal(der, &sig)
	}
	if err != nil {
		t.Fatal(err)
	}
	return append(fixed(sig.R, 32), fixed(sig.S, 32)...)
}

// FuzzToken: only a signed token names a caller, and a signed token with one byte
// changed names nobody.
func FuzzToken(f *testing.F) {
	w, genuine := fuzzWorld(f)
	for token := range genuine {
		f.Add(token, uint16(0), byte(1))
	}
	try := func(t *testing.T, token string) {
		for _, header := range []string{"authorization", iapHeader} {
			value := token
			if header == "authorization" {
				value = "Bearer " + token
			}
			p, why := w.authenticate([][2]string{{header, value}}, Peer{})
			if want := genuine[token] && header == "authorization"; (why == reason.Allowed) != want || p.Anonymous() == want {
				t.Fatalf("Authenticate(%q) = %+v %v, signed: %v", value, p, why, genuine[token])
			}
		}
	}
	f.Fuzz(func(t *testing.T, token string, at uint16, change byte) {
		try(t, token)
		for good := range genuine {
			b := []byte(good)
			if b[int(at)%len(b)] ^= change; change != 0 {
				try(t, string(b))
			}
			at, change := int(at)%len(good), string(rune(change))
			try(t, good[:at]+change+good[at:])
			if at > 0 {
				try(t, good[:at])
			}
		}
	})
}

// TestEveryByteOfAToken is FuzzToken's second property for each byte of a token, with
// some digits of base64url and some other bytes in its place.
func TestEveryByteOfAToken(t *testing.T) {
	w, genuine := fuzzWorld(t)
	for good := range genuine {
		w.bearer(t, attempt{"good", good, reason.Allowed})
		for i := range good {
			for _, c := range "AQgw_-9z. =\n\x00" {
				if byte(c) != good[i] {
					if p, why := w.authenticate(bearerPairs(good[:i]+string(c)+good[i+1:]), Peer{}); why == reason.Allowed {
						t.Fatalf("Authenticate(%s with %q at %d) = %+v", good, c, i, p)
					}
				}
			}
		}
	}
}

// FuzzJWKS: each key of a parsed set, even of a refused one, has an allowed algorithm
// and is within the limits. In an accepted set each kid is there once for an algorithm.
func FuzzJWKS(f *testing.F) {
	for _, set := range []m{
		{"keys": []m{publicJWK(ecKey, "e", "ES256"), publicJWK(rsaKey, "r", "RS256"), publicJWK(edKey, "o", "EdDSA")}},
		{"keys": []m{publicJWK(p384Key, "", ""), publicJWK(p521Key, "", ""), with(publicJWK(evilRSA, "p", "PS256"), "use", "sig")}},
	} {
		f.Add(mustJSON(set))
	}
	families := [][]string{
		{"RS256", "PS256", "RS512"},
		{"ES256", "ES384", "ES512"},
		{"EdDSA"},
		{"RS256"},
		{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"},
	}
	f.Fuzz(func(t *testing.T, doc string) {
		for _, algorithms := range families {
			set, problems := readKeySet(doc, algorithms...)
			if set == nil {
				continue // no JSON
			}
			if problems == nil && len(set.Keys()) == 0 || len(set.Keys()) > maxKeys*len(algorithms) {
				t.Fatalf("compileInline(%q) = %d keys", doc, len(set.Keys()))
			}
			ids := map[string]bool{}
			for _, key := range set.Keys() {
				if why := beyond(key, algorithms); why != "" {
					t.Fatalf("compileInline(%q) = key %q that %s", doc, key.ID, why)
				}
				name := key.ID + " " + key.Algorithm()
				if problems == nil && ids[name] {
					t.Fatalf("compileInline(%q) = key %q twice", doc, name)
				}
				ids[name] = key.ID != ""
			}
		}
	})
}

// beyond returns how a key exceeds the limits, or "", without the code under test.
func beyond(key *Key, allowed []string) string {
	name := key.Algorithm()
	if !strings.Contains(" "+strings.Join(allowed, " ")+" ", " "+name+" ") {
		return "is for " + name
	}
	if len(key.ID) > 256 {
		return "has a long kid"
	}
	switch k := key.Public().(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < 2048 || bits > 8192 || k.N.Bit(0) == 0 {
			return "has a bad modulus"
		}
		if k.E < 3 || k.E%2 == 0 || k.E > 1<<31-1 {
			return "has a bad exponent"
		}
		if name[:2] != "RS" && name[:2] != "PS" {
			return "is RSA for " + name
		}
	case *ecdsa.PublicKey:
		if name != map[string]string{"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}[k.Params().Name] {
			return "is EC for " + name
		}
		if _, err := k.ECDH(); err != nil {
			return "is off its curve"
		}
	case ed25519.PublicKey:
		if len(k) != 32 || name != "EdDSA" {
			return "is no Ed25519"
		}
	default:
		return "is of no public type"
	}
	return ""
}
