package authn

import (
	"bytes"
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// readKeySet reads a JWK Set for an issuer of those algorithms.
func readKeySet(doc string, algorithms ...string) (*KeySet, strictjson.Problems) {
	var allowed []*algorithm
	for _, name := range algorithms {
		allowed = append(allowed, algorithmNamed(name))
	}
	var problems strictjson.Problems
	v, ok := strictjson.Parse(doc, &problems)
	if !ok {
		return nil, problems
	}
	return parseJWKS(v, allowed), problems
}

// What becomes of a key: it serves, it is passed over, or the set is refused
// with this text.
const (
	serves     = "serves"
	passedOver = "passed over"
)

type keyCase struct {
	name string
	key  m
	want string
}

// eachKey puts each key before a good one into a set. The issuer allows one
// algorithm of each kind; P-521 and PS256 are not allowed.
func eachKey(t *testing.T, cases ...keyCase) {
	t.Helper()
	for _, x := range cases {
		doc, _ := json.Marshal(m{"keys": []m{x.key, publicJWK(p384Key, "good", "ES384")}, "other": 1})
		set, problems := readKeySet(string(doc), "RS256", "ES256", "ES384", "EdDSA")
		got := problems.Error()
		switch {
		case problems == nil && len(set.Keys()) == 2 && set.Keys()[0].ID == x.key["kid"]:
			got = serves
		case problems == nil && len(set.Keys()) == 1 && set.Keys()[0].ID == "good":
			got = passedOver
		}
		if got != x.want {
			t.Errorf("parseJWKS(%s) = %s, want %s", x.name, got, x.want)
		}
	}
}

// modulus is an odd number of that many bits.
func modulus(bits int) *big.Int {
	n := new(big.Int).SetBytes(randomOctets((bits + 7) / 8))
	n.SetBit(n, bits-1, 1).SetBit(n, 0, 1)
	return n.And(n, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(bits)), big.NewInt(1)))
}

func octetsOf(n *big.Int) string { return b64(n.Bytes()) }

func TestJ11RSAKeySize(t *testing.T) {
	good := publicJWK(rsaKey, "r", "RS256")
	n := func(n *big.Int) m { return with(good, "n", octetsOf(n)) }
	e := func(e string) m {
		v, _ := new(big.Int).SetString(e, 0)
		return with(good, "e", octetsOf(v))
	}
	bits := func(b int) string { return fmt.Sprintf(`"/keys/0/n": has %d bits, not 2048 to 8192`, b) }
	const exponent = `"/keys/0/e": is not an odd number from 3 to 2^31-1`
	even := new(big.Int).Xor(rsaKey.N, big.NewInt(1))
	eachKey(t,
		keyCase{"2048 bits", good, serves},
		keyCase{"3072 bits", n(modulus(3072)), serves},
		keyCase{"8192 bits", n(modulus(8192)), serves},
		keyCase{"e 3", e("3"), serves},
		keyCase{"e 2^31-1", e("0x7fffffff"), serves},
		keyCase{"1 bit", n(big.NewInt(1)), bits(1)},
		keyCase{"512 bits", n(modulus(512)), bits(512)},
		keyCase{"1024 bits", n(modulus(1024)), bits(1024)},
		keyCase{"2047 bits", n(modulus(2047)), bits(2047)},
		keyCase{"8193 bits", n(modulus(8193)), bits(8193)},
		keyCase{"16384 bits", n(modulus(16384)), bits(16384)},
		keyCase{"even modulus", n(even), `"/keys/0/n": is even`},
		keyCase{"e 1", e("1"), exponent},
		keyCase{"e 2", e("2"), exponent},
		keyCase{"e even", e("65536"), exponent},
		keyCase{"e 2^31+1", e("0x80000001"), exponent},
		keyCase{"e 2^32+3", e("0x100000003"), exponent},
		keyCase{"e 2^64+1", e("0x10000000000000001"), exponent},
		keyCase{"e of 2048 bits", with(good, "e", octetsOf(modulus(2048))), exponent},
		keyCase{"e 0", with(good, "e", "AA"), `"/keys/0": n or e begins with a zero byte`},
		keyCase{"e with a zero before", with(good, "e", "AAEAAQ"), `"/keys/0": n or e begins with a zero byte`},
		keyCase{"n with a zero before", with(good, "n", b64(append([]byte{0}, rsaKey.N.Bytes()...))), `"/keys/0": n or e begins with a zero byte`},
		keyCase{"no e", with(good, "e", missing{}), `"/keys/0": "e" is missing`},
		keyCase{"neither", with(good, "e", missing{}, "n", missing{}), `"/keys/0": "n" is missing` + "\n" + `"/keys/0": "e" is missing`},
		keyCase{"empty n", with(good, "n", ""), `"/keys/0/n": is empty; leave it out instead`},
		keyCase{"e a number", with(good, "e", 65537), `"/keys/0/e": a string expected`},
		keyCase{"n padded", with(good, "n", good["n"].(string)+"=="), `"/keys/0/n": is not base64url without padding`},
		keyCase{"n folded", with(good, "n", good["n"].(string)[:64]+"\n"+good["n"].(string)[64:]), `"/keys/0/n": is not base64url without padding`},
		keyCase{"n with CR", with(good, "n", good["n"].(string)+"\r"), `"/keys/0/n": is not base64url without padding`},
		keyCase{"e with stray bits", with(good, "e", "AQB"), `"/keys/0/e": is not base64url without padding`},
	)
}

func TestJ13PointsOnTheCurve(t *testing.T) {
	ec, okp := publicJWK(ecKey, "e", "ES256"), publicJWK(edKey, "o", "EdDSA")
	point, _ := ecKey.PublicKey.Bytes()
	x, y := point[1:33], point[33:]
	p := ecKey.Params().P
	off := append(y[:31:31], y[31]^1)
	const length, curve = `"/keys/0": x and y of P-256 have 32 bytes`, `"/keys/0": is not a point of P-256`
	const short = `"/keys/0/x": of Ed25519 has 32 bytes`
	eachKey(t,
		keyCase{"P-256", ec, serves}, keyCase{"P-384", publicJWK(p384Key, "e3", ""), serves}, keyCase{"Ed25519", okp, serves},
		keyCase{"off the curve", with(ec, "y", b64(off)), curve},
		keyCase{"x and y changed round", with(ec, "x", b64(y), "y", b64(x)), curve},
		keyCase{"origin", with(ec, "x", b64(make([]byte, 32)), "y", b64(make([]byte, 32))), curve},
		keyCase{"x is p", with(ec, "x", octetsOf(p)), curve},
		keyCase{"all ones", with(ec, "x", b64(bytes.Repeat([]byte{255}, 32)), "y", b64(bytes.Repeat([]byte{255}, 32))), curve},
		keyCase{"point of P-384", with(publicJWK(p384Key, "e", ""), "crv", "P-256"), length},
		keyCase{"short x", with(ec, "x", b64(x[:31])), length},
		keyCase{"short y", with(ec, "y", b64(y[1:])), length},
		keyCase{"zero before x", with(ec, "x", b64(append([]byte{0}, x...))), length},
		keyCase{"whole point as x", with(ec, "x", b64(point)), length},
		keyCase{"no y", with(ec, "y", missing{}), `"/keys/0": "y" is missing`},
		keyCase{"empty x", with(ec, "x", ""), `"/keys/0/x": is empty; leave it out instead`},
		keyCase{"y a bit", with(ec, "y", 1), `"/keys/0/y": a string expected`},
		keyCase{"x in standard base64", with(ec, "x", "+/"), `"/keys/0/x": is not base64url without padding`},
		keyCase{"OKP of 31", with(okp, "x", b64(randomOctets(31))), short},
		keyCase{"OKP of 33", with(okp, "x", b64(randomOctets(33))), short},
		keyCase{"OKP without x", with(okp, "x", missing{}), `"/keys/0": "x" is missing`},
		keyCase{"OKP padded", with(okp, "x", okp["x"].(string)+"="), `"/keys/0/x": is not base64url without padding`},
	)
	_, problems := readKeySet(fmt.Sprintf(`{"keys":[%s]}`, mustJSON(with(publicJWK(newEC(elliptic.P521()), "", ""), "crv", "P-384"))), "ES384")
	if want := `"/keys/0": x and y of P-384 have 48 bytes`; !strings.Contains(problems.Error(), want) {
		t.Errorf("parseJWKS(P-521 as P-384) = %v, want %s", problems, want)
	}
}

func mustJSON(v any) string {
	doc, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(doc)
}

func TestJ15KeySet(t *testing.T) {
	ec, okp := publicJWK(ecKey, "e", "ES256"), publicJWK(edKey, "o", "")
	const symmetric = `"/keys/0": is symmetric; declare "symmetric" with an environment variable instead`
	eachKey(t,
		keyCase{"with much beside", with(ec, "use", "sig", "key_ops", []string{"sign", "verify"}, "x5t", "AA", "x5c", []string{}, "foo", m{}), serves},
		keyCase{"without alg, the only one that fits", with(ec, "alg", missing{}), serves},
		keyCase{"alg Ed25519", with(okp, "alg", "Ed25519"), serves},
		keyCase{"use enc", with(ec, "use", "enc"), passedOver},
		keyCase{"use SIG", with(ec, "use", "SIG"), passedOver},
		keyCase{"use of another kind", with(ec, "use", "tls"), passedOver},
		keyCase{"key_ops sign", with(ec, "key_ops", []string{"sign"}), passedOver},
		keyCase{"key_ops encrypt", with(ec, "key_ops", []string{"encrypt", "wrapKey"}), passedOver},
		keyCase{"unknown kty", m{"kty": "AKP", "alg": "ML-DSA-44", "kid": "q", "pub": "AA"}, passedOver},
		keyCase{"kty in small letters", with(ec, "kty", "ec"), passedOver},
		keyCase{"no kty", with(ec, "kty", missing{}), passedOver},
		keyCase{"kty of another kind", with(ec, "kty", "RSA"), passedOver},
		keyCase{"alg of another kind", with(ec, "alg", "RS256"), passedOver},
		keyCase{"alg none", with(ec, "alg", "none"), passedOver},
		keyCase{"alg HS256", with(publicJWK(rsaKey, "r", ""), "alg", "HS256"), passedOver},
		keyCase{"alg not allowed", publicJWK(rsaKey, "r", "PS256"), passedOver},
		keyCase{"curve not allowed", publicJWK(p521Key, "e5", ""), passedOver},
		keyCase{"curve unknown", with(ec, "crv", "secp256k1"), passedOver},
		keyCase{"no curve", with(ec, "crv", missing{}), passedOver},
		keyCase{"RSA with a curve", with(publicJWK(rsaKey, "r", ""), "crv", "P-256"), passedOver},
		keyCase{"X25519", with(okp, "crv", "X25519"), passedOver},
		keyCase{"Ed448", with(okp, "crv", "Ed448"), passedOver},
		keyCase{"oct", m{"kty": "oct", "kid": "s"}, symmetric},
		keyCase{"oct with k", m{"kty": "oct", "k": b64(secretKey)}, `"/keys/0/k": is private: a key set holds public keys only`},
		keyCase{"oct for encryption", m{"kty": "oct", "use": "enc"}, symmetric},
		keyCase{"k in another kind", with(ec, "k", "AA"), `"/keys/0/k": is private: a key set holds public keys only`},
		keyCase{"duplicate kid", with(ec, "kid", "good"), `"/keys/1/kid": "good" stands twice`},
		keyCase{"duplicate kid, one passed over", with(ec, "kid", "good", "use", "enc"), `"/keys/1/kid": "good" stands twice`},
		keyCase{"kid of 256", with(ec, "kid", strings.Repeat("k", 256)), serves},
		keyCase{"kid of 257", with(ec, "kid", strings.Repeat("k", 257)), `"/keys/0/kid": is longer than 256 bytes`},
		keyCase{"kid empty", with(ec, "kid", ""), `"/keys/0/kid": is empty; leave it out instead`},
		keyCase{"kid a number", with(ec, "kid", 7), `"/keys/0/kid": a string expected`},
		keyCase{"kid null", with(ec, "kid", nil), `"/keys/0/kid": a string expected`},
		keyCase{"key_ops empty", with(ec, "key_ops", []string{}), `"/keys/0/key_ops": is empty; leave it out instead`},
		keyCase{"key_ops a string", with(ec, "key_ops", "verify"), `"/keys/0/key_ops": an array expected`},
		keyCase{"key_ops repeated", with(ec, "key_ops", []string{"verify", "verify"}), `"/keys/0/key_ops/1": "verify" stands twice`},
		keyCase{"nothing", m{}, `"/keys/0": is empty; leave it out instead`},
	)
	for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "oth"} {
		want := `"/keys/0/` + member + `": is private: a key set holds public keys only`
		for _, key := range []m{ec, okp, publicJWK(rsaKey, "r", ""), {"kty": "XXX"}} {
			eachKey(t, keyCase{"private " + member, with(key, member, "AA", "use", "enc"), want}, keyCase{"null " + member, with(key, member, nil), want})
		}
	}
	good := mustJSON(ec)
	many := func(n int) (list string) {
		for i := range n {
			list += "," + mustJSON(with(ec, "kid", fmt.Sprint(i)))
		}
		return `{"keys":[` + list[1:] + `]}`
	}
	rsa := mustJSON(publicJWK(rsaKey, "r", ""))
	for _, x := range []struct{ doc, algorithm, want string }{
		{`{"keys":[` + good + `]}`, "ES256", ""},
		{many(100), "ES256", ""},
		{many(101), "ES256", `"": holds 101 keys, more than 100`},
		{`{}`, "ES256", `"": is empty; leave it out instead` + "\n" + `"": "keys" is missing`},
		{`{"Keys":[` + good + `]}`, "ES256", `"": "keys" is missing`},
		{`{"keys":[]}`, "ES256", `"/keys": is empty; leave it out instead`},
		{`{"keys":null}`, "ES256", `"/keys": an array expected`},
		{`{"keys":` + good + `}`, "ES256", `"/keys": an array expected`},
		{`[` + good + `]`, "ES256", `"": an object expected`},
		{`{"keys":[1]}`, "ES256", `"/keys/0": an object expected` + "\n" + `"": has no key usable with the issuer's algorithms`},
		{`{"keys":[],"k\u0065ys":[]}`, "ES256", `"": name "keys" occurs twice at byte 23`},
		{`{"keys":[` + good + `]}`, "RS256", `"": has no key usable with the issuer's algorithms`},
		{`{"keys":[` + rsa + `]}`, "RS256 PS256", `"/keys/0": has no alg, and the issuer allows it for RS256 and PS256: one key, one algorithm` +
			"\n" + `"": has no key usable with the issuer's algorithms`},
	} {
		set, problems := readKeySet(x.doc, strings.Fields(x.algorithm)...)
		if got := problems.Error(); got != x.want || got == "" && len(set.Keys()) == 0 {
			t.Errorf("parseJWKS(%.60s) = %s, want %s", x.doc, got, x.want)
		}
	}
}
