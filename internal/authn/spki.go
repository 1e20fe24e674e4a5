package authn

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// A SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) in DER is an
// AlgorithmIdentifier and a bit string. These are the AlgorithmIdentifiers
// (RFC 3279 section 2.3.1, RFC 5480 section 2.1.1 and RFC 8410 section 3).
const (
	algorithmRSA     = "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"
	algorithmP256    = "\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
	algorithmP384    = "\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22"
	algorithmP521    = "\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23"
	algorithmEd25519 = "\x30\x05\x06\x03\x2b\x65\x70"
)

// subjectPublicKeyInfo writes an RSA key or a key on P-256, P-384 or P-521; it
// returns nil for another.
func subjectPublicKeyInfo(public any) []byte {
	switch k := public.(type) {
	case *rsa.PublicKey:
		var b cryptobyte.Builder
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1BigInt(k.N)
			b.AddASN1BigInt(big.NewInt(int64(k.E)))
		})
		return publicKeyInfo(algorithmRSA, b.BytesOrPanic())
	case *ecdsa.PublicKey:
		algorithm := map[string]string{"P-256": algorithmP256, "P-384": algorithmP384, "P-521": algorithmP521}[k.Params().Name]
		if point, err := k.Bytes(); err == nil && algorithm != "" { // uncompressed, as RFC 5480 section 2.2 has it
			return publicKeyInfo(algorithm, point)
		}
	}
	return nil
}

func publicKeyInfo(algorithm string, key []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes([]byte(algorithm))
		b.AddASN1BitString(key)
	})
	return b.BytesOrPanic()
}

// parseSubjectPublicKeyInfo reads an RSA, EC or Ed25519 key; nil is none. It
// accepts nothing but DER, and no point that is compressed.
func parseSubjectPublicKeyInfo(der []byte) any {
	input := cryptobyte.String(der)
	var info, algorithm cryptobyte.String
	var key []byte
	if !input.ReadASN1(&info, asn1.SEQUENCE) || !input.Empty() ||
		!info.ReadASN1Element(&algorithm, asn1.SEQUENCE) || !info.ReadASN1BitStringAsBytes(&key) || !info.Empty() {
		return nil
	}
	switch string(algorithm) {
	case algorithmRSA:
		return parseRSA(key)
	case algorithmP256:
		return parsePoint(elliptic.P256(), key)
	case algorithmP384:
		return parsePoint(elliptic.P384(), key)
	case algorithmP521:
		return parsePoint(elliptic.P521(), key)
	case algorithmEd25519:
		if len(key) == ed25519.PublicKeySize {
			return ed25519.PublicKey(key)
		}
	}
	return nil
}

func parsePoint(curve elliptic.Curve, point []byte) any {
	if key, err := ecdsa.ParseUncompressedPublicKey(curve, point); err == nil {
		return key
	}
	return nil // and no typed nil
}

// parseRSA reads an RSAPublicKey (RFC 8017 appendix A.1.1).
func parseRSA(der []byte) any {
	input := cryptobyte.String(der)
	var key cryptobyte.String
	n, e := new(big.Int), 0
	if !input.ReadASN1(&key, asn1.SEQUENCE) || !input.Empty() ||
		!key.ReadASN1Integer(n) || !key.ReadASN1Integer(&e) || !key.Empty() || n.Sign() <= 0 || e <= 0 {
		return nil
	}
	return &rsa.PublicKey{N: n, E: e}
}
