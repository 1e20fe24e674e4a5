//go:build wasip1

package main

import (
	"encoding/base64"
	"runtime"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/authn"
)

// verifier has the host verify signatures: Envoy's verify_signature runs in
// BoringSSL, ten times as fast as Go compiled to Wasm. It can do RS and ES, not
// PS, EdDSA or HMAC, and pins neither the type of the key nor the hash: both
// come from the Key here, which serves one algorithm only
// (source/common/crypto/utility_impl.cc of envoyproxy/envoy).
type verifier struct {
	works    bool   // the host passed the probe
	fallback func() // counts a signature that is left to Go
	message  []byte // memory for the argument of the host's function
	verified int    // signatures so far
}

const verifyFunction = "verify_signature"

// newVerifier probes the host with the signature of RFC 7515 appendix A.3, once as
// it is and once over another text. It uses no host that does not tell the two
// apart.
func newVerifier(fallback func()) *verifier {
	v := &verifier{fallback: fallback}
	const (
		key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ"
		sig = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
		doc = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	)
	der, _ := base64.RawStdEncoding.DecodeString(key)
	signature, _ := base64.RawURLEncoding.DecodeString(sig)
	good, done := v.ask("ES256", der, doc, string(signature))
	bad, doneToo := v.ask("ES256", der, doc+"x", string(signature))
	v.works = done && doneToo && good && !bad
	return v
}

// verify is the gate's Verify: the host verifies, or done is false and Go has to.
// A metric counts what is left to Go.
func (v *verifier) verify(k *authn.Key, signed, signature string) (ok, done bool) {
	if ok, done = v.check(k, signed, signature); !done {
		v.fallback()
	}
	v.yield()
	return ok, done
}

// yield lets the garbage collector's goroutine run, which it can only while a
// callback yields. An unfinished collection makes each write of a pointer dearer:
// all requests then take the module up to twice as long. New tokens allocate, so
// yield is called for them. At each of them it would cost too much as well.
func (v *verifier) yield() {
	if v.verified++; v.verified%16 == 0 {
		runtime.Gosched()
	}
}

func (v *verifier) check(k *authn.Key, signed, signature string) (ok, done bool) {
	der := k.SubjectPublicKeyInfo()
	if !v.works || der == nil {
		return false, false
	}
	return v.ask(k.Algorithm(), der, signed, signature)
}

// ask has the host verify a signature of a JWS by RS or ES. Only the exact
// encoding of {result: true} is a yes.
func (v *verifier) ask(algorithm string, key []byte, signed, signature string) (ok, done bool) {
	// VerifySignatureArguments of source/extensions/common/wasm/ext/verify_signature.proto
	// has four fields: the hash's name, the key, the signature and the signed text.
	b := protowire.AppendTag(v.message[:0], 1, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(len("sha256")))
	b = append(append(b, "sha"...), algorithm[2:]...)
	b = appendField(b, 2, key)
	if algorithm[0] == 'E' {
		var buf [maxASN1]byte
		b = appendField(b, 3, asn1Signature(&buf, signature))
	} else {
		b = appendField(b, 3, signature)
	}
	b = appendField(b, 4, signed)
	v.message = b
	result, err := abi.CallForeignFunction(verifyFunction, b)
	return string(result) == "\x08\x01", err == nil && len(result) > 0
}

// appendField appends a field of a protocol buffer that is a string or bytes.
func appendField[T string | []byte](b []byte, number protowire.Number, value T) []byte {
	b = protowire.AppendTag(b, number, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(len(value)))
	return append(b, value...)
}

// asn1Signature turns JOSE's r and s, two numbers of one length (RFC 7518 section
// 3.4), into the DER sequence that BoringSSL reads. It writes to buf, since
// cryptobyte.Builder would allocate four times for each new token. Where the
// numbers are longer than any curve's, it returns nil, which is no signature.
func asn1Signature(buf *[maxASN1]byte, jose string) []byte {
	if len(jose) > maxJOSE {
		return nil
	}
	half, start := len(jose)/2, 1
	body := appendInteger(appendInteger(buf[3:3], jose[:half]), jose[half:])
	if len(body) >= 0x80 { // of P-521 only
		buf[1], start = 0x81, 0
	}
	buf[start], buf[2] = 0x30, byte(len(body))
	return buf[start : 3+len(body)]
}

// The most that P-521 needs: two numbers of 66 bytes, in DER each with a tag, a
// length and maybe a zero, after a tag and a length of two bytes for both.
const (
	maxJOSE = 2 * 66
	maxASN1 = 3 + 2*(3+66)
)

// appendInteger appends an unsigned number as a DER integer: without leading
// zeros, except for the one that keeps it positive.
func appendInteger(b []byte, number string) []byte {
	number = strings.TrimLeft(number, "\x00")
	if number == "" || number[0] >= 0x80 {
		return append(append(b, 2, byte(1+len(number)), 0), number...)
	}
	return append(append(b, 2, byte(len(number))), number...)
}
