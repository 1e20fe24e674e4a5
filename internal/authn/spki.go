package authn

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"
)

// A SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) in DER is, for a key on a
// curve, what is the same for all of them and then the point: uncompressed (RFC
// 5480 section 2.2), and for Ed25519 as RFC 8410 section 4 has it.
const (
	spkiP256    = "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"
	spkiP384    = "\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00"
	spkiP521    = "\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00"
	spkiEd25519 = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"
)

// rsaAlgorithm is the AlgorithmIdentifier of RFC 3279 section 2.3.1.
const rsaAlgorithm = "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"

// The tags of DER that occur.
const (
	tagInteger   = 0x02
	tagBitString = 0x03
	tagSequence  = 0x30
)

// subjectPublicKeyInfo writes an RSA or an EC key.
func subjectPublicKeyInfo(public any) []byte {
	switch k := public.(type) {
	case *rsa.PublicKey:
		key := element(tagSequence, integer(k.N), integer(big.NewInt(int64(k.E))))
		return element(tagSequence, []byte(rsaAlgorithm), element(tagBitString, []byte{0}, key))
	case *ecdsa.PublicKey:
		prefix := map[string]string{"P-256": spkiP256, "P-384": spkiP384, "P-521": spkiP521}[k.Params().Name]
		if point, err := k.Bytes(); err == nil && prefix != "" {
			return append([]byte(prefix), point...)
		}
	}
	return nil
}

// parseSubjectPublicKeyInfo reads an RSA, EC or Ed25519 key; nil is none. Of RSA
// it reads only what subjectPublicKeyInfo would have written.
func parseSubjectPublicKeyInfo(der []byte) any {
	for _, c := range []struct {
		prefix string
		curve  elliptic.Curve
	}{{spkiP256, elliptic.P256()}, {spkiP384, elliptic.P384()}, {spkiP521, elliptic.P521()}} {
		if point, ok := bytes.CutPrefix(der, []byte(c.prefix)); ok {
			if key, err := ecdsa.ParseUncompressedPublicKey(c.curve, point); err == nil {
				return key
			}
			return nil
		}
	}
	if point, ok := bytes.CutPrefix(der, []byte(spkiEd25519)); ok && len(point) == ed25519.PublicKeySize {
		return ed25519.PublicKey(point)
	}
	info, _ := content(der, tagSequence)
	info, _ = bytes.CutPrefix(info, []byte(rsaAlgorithm))
	bits, _ := content(info, tagBitString)
	bits, _ = bytes.CutPrefix(bits, []byte{0})
	key, _ := content(bits, tagSequence)
	n, rest := content(key, tagInteger)
	e, _ := content(rest, tagInteger)
	exponent := new(big.Int).SetBytes(e)
	if !exponent.IsInt64() {
		return nil
	}
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}
	if public.N.Sign() == 0 || public.E == 0 || !bytes.Equal(subjectPublicKeyInfo(public), der) {
		return nil
	}
	return public
}

// element writes tag, length and contents.
func element(tag byte, contents ...[]byte) []byte {
	content := bytes.Join(contents, nil)
	length := big.NewInt(int64(len(content))).Bytes()
	head := []byte{tag, 0x80 | byte(len(length))}
	if len(content) < 0x80 {
		head, length = []byte{tag}, []byte{byte(len(content))}
	}
	return bytes.Join([][]byte{head, length, content}, nil)
}

// integer writes a number that is not negative.
func integer(n *big.Int) []byte {
	octets := make([]byte, n.BitLen()/8+1) // one bit more, for the sign
	return element(tagInteger, n.FillBytes(octets))
}

// content reads an element, and returns what follows it too; nil where it is
// another or ends early.
func content(b []byte, want byte) (content, rest []byte) {
	if len(b) < 2 || b[0] != want {
		return nil, nil
	}
	length, b := int(b[1]), b[2:]
	if octets := length - 0x80; octets >= 0 {
		if octets > 3 || octets > len(b) {
			return nil, nil
		}
		length = 0
		for _, c := range b[:octets] {
			length = length<<8 | int(c)
		}
		b = b[octets:]
	}
	if length > len(b) {
		return nil, nil
	}
	return b[:length], b[length:]
}
