//go:build wasip1

package main

import (
	"bytes"
	"encoding/base64"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/authn"
)

// verifier has the host check signatures: Envoy's verify_signature runs in
// BoringSSL, ten times as fast as Go compiled to Wasm. It can do RS and ES, not
// PS, EdDSA or HMAC, and pins neither the type of the key nor the hash: both
// come from the Key here, which serves one algorithm only
// (source/common/crypto/utility_impl.cc of envoyproxy/envoy).
type verifier struct {
	works   bool // the host passed the probe
	metrics *vmMetrics
}

const verifyFunction = "verify_signature"

// newVerifier asks the host for the signature of RFC 7515 appendix A.3, once as
// it is and once tampered with. A host that does not tell the two apart is not
// asked again.
func newVerifier(m *vmMetrics) *verifier {
	v := &verifier{metrics: m}
	const (
		key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ"
		sig = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
		doc = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	)
	der, _ := base64.RawStdEncoding.DecodeString(key)
	signature, _ := base64.RawURLEncoding.DecodeString(sig)
	good, done := ask("sha256", der, asn1Signature(signature), doc)
	bad, doneToo := ask("sha256", der, asn1Signature(signature), doc+"x")
	v.works = done && doneToo && good && !bad
	return v
}

// verify is authn's port for signatures checked outside the module. What the
// host cannot check, Go does, and that is counted.
func (v *verifier) verify(k *authn.Key, signed string, signature []byte) (ok, done bool) {
	if ok, done = v.check(k, signed, signature); !done {
		add(v.metrics.fallbacks, 1)
	}
	return ok, done
}

func (v *verifier) check(k *authn.Key, signed string, signature []byte) (ok, done bool) {
	der := k.SubjectPublicKeyInfo()
	if !v.works || der == nil {
		return false, false
	}
	return v.ask(k.Algorithm(), der, signed, signature)
}

// ask has the host verify a signature of a JWS by RS or ES.
func (v *verifier) ask(algorithm string, key []byte, signed string, signature []byte) (ok, done bool) {
	if algorithm[0] == 'E' {
		signature = asn1Signature(signature)
	}
	return ask("sha"+algorithm[2:], key, signature, signed)
}

// ask calls the host. Only the exact encoding of {result: true} is a yes.
func ask(hash string, key, signature []byte, text string) (ok, done bool) {
	// VerifySignatureArguments of source/extensions/common/wasm/ext/
	// verify_signature.proto: four fields of wire type 2.
	b := make([]byte, 0, len(hash)+len(key)+len(signature)+len(text)+24)
	b = appendField(b, 1, hash)
	b = appendField(b, 2, string(key))
	b = appendField(b, 3, string(signature))
	b = appendField(b, 4, text)
	result, err := abi.CallForeignFunction(verifyFunction, b)
	return bytes.Equal(result, []byte{8, 1}), err == nil && len(result) > 0
}

// appendField writes a field of a protocol buffer, length first.
func appendField(b []byte, number byte, value string) []byte {
	b = append(b, number<<3|2)
	n := len(value)
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(append(b, byte(n)), value...)
}

// asn1Signature turns JOSE's r and s, two numbers of one length (RFC 7518
// section 3.4), into the DER sequence that BoringSSL reads.
func asn1Signature(jose []byte) []byte {
	half := len(jose) / 2
	body := appendInteger(appendInteger(nil, jose[:half]), jose[half:])
	if len(body) < 0x80 {
		return append([]byte{0x30, byte(len(body))}, body...)
	}
	return append([]byte{0x30, 0x81, byte(len(body))}, body...) // P-521: at most 138 octets
}

// appendInteger writes an unsigned number as a DER integer: without leading
// zeros, but for the one that keeps it positive.
func appendInteger(b, number []byte) []byte {
	number = bytes.TrimLeft(number, "\x00")
	if len(number) == 0 || number[0] >= 0x80 {
		number = append([]byte{0}, number...)
	}
	return append(append(b, 2, byte(len(number))), number...)
}
