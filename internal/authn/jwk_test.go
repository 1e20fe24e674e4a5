package authn

import (
	"bytes"
	"crypto/elliptic"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/jose"
)

// What becomes of a key: it serves, it is skipped, or the set is refused with
// the text of a problem.
const (
	serves  = "serves"
	skipped = "skipped"
)

type keyCase struct {
	name string
	key  m
	want string
}

// eachKey puts each key before a good one into a set. The issuer allows one
// algorithm of each kind; P-521 and PS256 are not allowed.
func eachKey(t *testing.T, cases []keyCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			doc := mustJSON(m{"keys": []m{c.key, publicJWK(p384Key, "good", "ES384")}, "other": 1})
			set, problems := readKeySet(doc, "RS256", "ES256", "ES384", "EdDSA")
			got := problems.Error()
			switch {
			case problems == nil && len(set.Keys()) == 2 && (set.Keys()[0].ID == c.key["kid"] || set.Keys()[0].ID == "" && c.key["kid"] == nil):
				got = serves
			case problems == nil && len(set.Keys()) == 1 && set.Keys()[0].ID == "good":
				got = skipped
			}
			if got != c.want {
				t.Errorf("compileInline(%s) = %s, want %s", doc, got, c.want)
			}
		})
	}
}

// problem is the text of a problem with a member of the first key, or with the key
// itself where member is "".
func problem(member, text string) string {
	if member != "" {
		member = "/" + member
	}
	return fmt.Sprintf(`"/keys/0%s": %s`, member, text)
}

// notBase64URL is the problem with a member that has that value.
func notBase64URL(member, value string) string {
	found := mustJSON(value)
	if len(found) > 80 {
		found = found[:80] + "…"
	}
	return problem(member, "must be base64url; got "+found)
}

// modulus is an odd number of that many bits.
func modulus(bits int) *big.Int {
	n := new(big.Int).SetBytes(jose.Random((bits + 7) / 8))
	n.SetBit(n, bits-1, 1).SetBit(n, 0, 1)
	return n.And(n, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(bits)), big.NewInt(1)))
}

// base64OfInt is Base64urlUInt of RFC 7518 section 2.
func base64OfInt(n *big.Int) string { return b64(n.Bytes()) }

// TestRSAKeyLimits: RFC 7518 section 3.3 forbids less than 2048 bits.
func TestRSAKeyLimits(t *testing.T) {
	good := publicJWK(rsaKey, "r", "RS256")
	n := func(n *big.Int) m { return with(good, "n", base64OfInt(n)) }
	e := func(e string) m {
		v, _ := new(big.Int).SetString(e, 0)
		return with(good, "e", base64OfInt(v))
	}
	bits := func(b int) string { return problem("n", fmt.Sprintf("must have 2048 to 8192 bits; got %d", b)) }
	exponent := problem("e", "must be an odd number from 3 to 2^31-1")
	eachKey(t, []keyCase{
		{"2048 bits", good, serves},
		{"3072 bits", n(modulus(3072)), serves},
		{"8192 bits", n(modulus(8192)), serves},
		{"e 3", e("3"), serves},
		{"e 2^31-1", e("0x7fffffff"), serves},
		{"1 bit", n(big.NewInt(1)), bits(1)},
		{"512 bits", n(modulus(512)), bits(512)},
		{"1024 bits", n(modulus(1024)), bits(1024)},
		{"2047 bits", n(modulus(2047)), bits(2047)},
		{"8193 bits", n(modulus(8193)), bits(8193)},
		{"16384 bits", n(modulus(16384)), bits(16384)},
		{"even modulus", n(new(big.Int).Xor(rsaKey.N, big.NewInt(1))), problem("n", "must be odd")},
		{"e 1", e("1"), exponent},
		{"e 2", e("2"), exponent},
		{"e even", e("65536"), exponent},
		{"e 2^31+1", e("0x80000001"), exponent},
		{"e 2^32+3", e("0x100000003"), exponent},
		{"e 2^64+1", e("0x10000000000000001"), exponent},
		{"e of 2048 bits", with(good, "e", base64OfInt(modulus(2048))), exponent},
	})
}

// TestRSAKeyForm: n and e are Base64urlUInt (RFC 7518 sections 2 and 6.3.1).
func TestRSAKeyForm(t *testing.T) {
	good := publicJWK(rsaKey, "r", "RS256")
	n := good["n"].(string)
	eachKey(t, []keyCase{
		{"e 0", with(good, "e", "AA"), problem("e", "must be an odd number from 3 to 2^31-1")},
		{"n 0", with(good, "n", "AAAA"), problem("n", "must have 2048 to 8192 bits; got 0")},
		{"e with a zero before", with(good, "e", "AAEAAQ"), serves},
		{"n with a zero before", with(good, "n", b64(append([]byte{0}, rsaKey.N.Bytes()...))), serves},
		{"n with zeros before", with(good, "n", b64(append(make([]byte, 300), rsaKey.N.Bytes()...))), serves},
		{"no e", with(good, "e", missing{}), problem("", `needs "e"`)},
		{"neither", with(good, "e", missing{}, "n", missing{}), problem("", `needs "n"`) + "\n" + problem("", `needs "e"`)},
		{"empty n", with(good, "n", ""), problem("n", isEmpty)},
		{"e a number", with(good, "e", 65537), problem("e", "must be a string; got 65537")},
		{"n padded", with(good, "n", n+"=="), serves},
		{"n padded by half", with(good, "n", n+"="), notBase64URL("n", n+"=")},
		{"n padded by more", with(good, "n", n+"==="), notBase64URL("n", n+"===")},
		{"n padded twice", with(good, "n", n+"======"), notBase64URL("n", n+"======")},
		{"e padded without need", with(good, "e", "AQAB="), notBase64URL("e", "AQAB=")},
		{"n folded", with(good, "n", n[:64]+"\n"+n[64:]), notBase64URL("n", n[:64]+"\n"+n[64:])},
		{"n with CR", with(good, "n", n+"\r"), notBase64URL("n", n+"\r")},
		{"e with stray bits", with(good, "e", "AQB"), notBase64URL("e", "AQB")},
	})
}

// TestECPointsAreOnTheCurve: full-length coordinates (RFC 7518 section 6.2.1.2) of a
// point on the curve (RFC 8725 section 3.4), and 32 bytes of Ed25519 (RFC 8037
// section 2).
func TestECPointsAreOnTheCurve(t *testing.T) {
	ec, okp := publicJWK(ecKey, "e", "ES256"), publicJWK(edKey, "o", "EdDSA")
	point, _ := ecKey.PublicKey.Bytes()
	x, y := point[1:33], point[33:]
	xy := func(x, y []byte) m { return with(ec, "x", b64(x), "y", b64(y)) }
	long := problem("", "must have x and y of at most 32 bytes for P-256")
	short := func(n int) string { return problem("x", fmt.Sprintf("must have 32 bytes for Ed25519; got %d", n)) }
	curve := problem("", "must have x and y of a point of P-256")
	zx, zy := pointWithZero()
	padded := okp["x"].(string) + "="
	eachKey(t, []keyCase{
		{"P-256", ec, serves},
		{"P-384", publicJWK(p384Key, "e3", ""), serves},
		{"Ed25519", okp, serves},
		{"off the curve", xy(x, append(y[:31:31], y[31]^1)), curve},
		{"x and y changed round", xy(y, x), curve},
		{"origin", xy(make([]byte, 32), make([]byte, 32)), curve},
		{"x is p", with(ec, "x", base64OfInt(ecKey.Params().P)), curve},
		{"all ones", xy(bytes.Repeat([]byte{255}, 32), bytes.Repeat([]byte{255}, 32)), curve},
		{"point of P-384", with(publicJWK(p384Key, "e", ""), "crv", "P-256"), long},
		{"short x", xy(x[:31], y), curve},
		{"short y", xy(x, y[:31]), curve},
		{"zero before x", xy(append([]byte{0}, x...), y), serves},
		{"zeros before both", xy(append(make([]byte, 40), x...), append([]byte{0}, y...)), serves},
		{"no zeros before", xy(bytes.TrimLeft(zx, "\x00"), zy), serves},
		{"x and y of a byte", xy([]byte{1}, []byte{1}), curve},
		{"whole point as x", xy(point, y), long},
		{"no y", with(ec, "y", missing{}), problem("", `needs "y"`)},
		{"empty x", with(ec, "x", ""), problem("x", isEmpty)},
		{"y a bit", with(ec, "y", 1), problem("y", "must be a string; got 1")},
		{"x in standard base64", with(ec, "x", "+/"), notBase64URL("x", "+/")},
		{"OKP of 31", with(okp, "x", b64(jose.Random(31))), short(31)},
		{"OKP of 33", with(okp, "x", b64(jose.Random(33))), short(33)},
		{"OKP without x", with(okp, "x", missing{}), problem("", `needs "x"`)},
		{"OKP padded", with(okp, "x", padded), serves},
		{"OKP without its last byte, and a zero before", with(okp, "x", b64(append([]byte{0}, jose.Random(32)...))), short(33)},
	})
	p521AsP384 := with(publicJWK(newEC(elliptic.P521()), "", ""), "crv", "P-384")
	_, problems := readKeySet(mustJSON(m{"keys": []m{p521AsP384}}), "ES384")
	if want := problem("", "must have x and y of at most 48 bytes for P-384"); !strings.Contains(problems.Error(), want) {
		t.Errorf("compileInline(P-521 as P-384) = %v, want %s", problems, want)
	}
}

// pointWithZero is a point of P-256 whose x begins with a zero byte.
func pointWithZero() (x, y []byte) {
	for {
		point, _ := newEC(elliptic.P256()).PublicKey.Bytes()
		if point[1] == 0 {
			return point[1:33], point[33:]
		}
	}
}

// TestKeysAreBoundToOneAlgorithm: a key of another use, type, curve or algorithm is
// skipped (RFC 7517 section 5).
func TestKeysAreBoundToOneAlgorithm(t *testing.T) {
	ec, okp, rsa := publicJWK(ecKey, "e", "ES256"), publicJWK(edKey, "o", ""), publicJWK(rsaKey, "r", "")
	beside := with(ec, "key_ops", []string{"sign", "verify"}, "x5t", "AA", "x5c", []string{}, "foo", m{})
	eachKey(t, []keyCase{
		{"with much beside", beside, serves},
		{"without alg, the only one that fits", with(ec, "alg", missing{}), serves},
		{"alg Ed25519", with(okp, "alg", "Ed25519"), serves},
		{"without use", with(ec, "use", missing{}), serves},
		{"use enc", with(ec, "use", "enc"), skipped},
		{"use SIG", with(ec, "use", "SIG"), skipped},
		{"use of another kind", with(ec, "use", "tls"), skipped},
		{"key_ops sign", with(ec, "key_ops", []string{"sign"}), skipped},
		{"key_ops encrypt", with(ec, "key_ops", []string{"encrypt", "wrapKey"}), skipped},
		{"unknown kty", m{"kty": "AKP", "alg": "ML-DSA-44", "kid": "q", "pub": "AA"}, skipped},
		{"kty in small letters", with(ec, "kty", "ec"), skipped},
		{"no kty", with(ec, "kty", missing{}), skipped},
		{"kty of another kind", with(ec, "kty", "RSA"), skipped},
		{"alg of another kind", with(ec, "alg", "RS256"), skipped},
		{"alg none", with(ec, "alg", "none"), skipped},
		{"alg HS256", with(rsa, "alg", "HS256"), skipped},
		{"alg not allowed", publicJWK(rsaKey, "r", "PS256"), skipped},
		{"curve not allowed", publicJWK(p521Key, "e5", ""), skipped},
		{"curve unknown", with(ec, "crv", "secp256k1"), skipped},
		{"no curve", with(ec, "crv", missing{}), skipped},
		{"RSA with a curve", with(rsa, "crv", "P-256"), skipped},
		{"X25519", with(okp, "crv", "X25519"), skipped},
		{"Ed448", with(okp, "crv", "Ed448"), skipped},
		{"key_ops empty", with(ec, "key_ops", []string{}), serves},
		{"null for what is absent", with(ec, "use", nil, "alg", nil, "key_ops", nil, "x5c", nil), serves},
		{"use jwt-svid", with(ec, "use", "jwt-svid"), skipped},
		{"key_ops a string", with(ec, "key_ops", "verify"), problem("key_ops", `must be an array; got "verify"`)},
		{"key_ops repeated", with(ec, "key_ops", []string{"verify", "verify"}), problem("key_ops/1", `"verify" `+twice)},
		{"nothing", m{}, problem("", isEmpty)},
	})
}

// TestKeySetHasPublicKeysOnly: RFC 7517 section 9.
func TestKeySetHasPublicKeysOnly(t *testing.T) {
	ec, okp, rsa := publicJWK(ecKey, "e", "ES256"), publicJWK(edKey, "o", ""), publicJWK(rsaKey, "r", "")
	const private = "must not be here: it is private, and a key set has public keys only"
	symmetric := problem("", `must not be symmetric; use "symmetric" with an environment variable`)
	eachKey(t, []keyCase{
		{"oct", m{"kty": "oct", "kid": "s"}, symmetric},
		{"oct with k", m{"kty": "oct", "k": b64(secretKey)}, problem("k", private)},
		{"oct for encryption", m{"kty": "oct", "use": "enc"}, symmetric},
		{"k in another kind", with(ec, "k", "AA"), problem("k", private)},
		{"null as all that is private", with(ec, "d", nil, "p", nil, "q", nil, "dp", nil, "dq", nil, "qi", nil, "oth", nil, "k", nil), serves},
		{"an empty array as oth", with(rsa, "oth", []string{}), serves},
	})
	for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "oth"} {
		for _, key := range []m{ec, okp, rsa, {"kty": "XXX"}} {
			eachKey(t, []keyCase{
				{fmt.Sprintf("%v with %s", key["kty"], member), with(key, member, "AA", "use", "enc"), problem(member, private)},
				{fmt.Sprintf("%v with an empty %s", key["kty"], member), with(key, member, ""), problem(member, private)},
			})
		}
	}
}

// TestKeyIDs: a kid is a string (RFC 7517 section 4.5), and no two keys of an algorithm have
// the same.
func TestKeyIDs(t *testing.T) {
	ec := publicJWK(ecKey, "e", "ES256")
	eachKey(t, []keyCase{
		{"the same for another algorithm", with(ec, "kid", "good"), serves},
		{"the same, one skipped", with(ec, "kid", "good", "use", "enc"), skipped},
		{"the same key", publicJWK(p384Key, "good", "ES384"), skipped},
		{"another key", publicJWK(newEC(elliptic.P384()), "good", "ES384"), `"": must not have two keys with the kid "good" that differ`},
		{"256 bytes", with(ec, "kid", strings.Repeat("k", 256)), serves},
		{"257 bytes", with(ec, "kid", strings.Repeat("k", 257)), problem("kid", "must have at most 256 bytes; got 257")},
		{"empty", with(ec, "kid", ""), problem("kid", isEmpty)},
		{"a number", with(ec, "kid", 7), problem("kid", "must be a string; got 7")},
		{"null", with(ec, "kid", nil), serves},
	})
}
