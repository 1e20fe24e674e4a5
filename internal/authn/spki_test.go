package authn

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

func marshalled(public any) []byte {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic(err)
	}
	return der
}

// publicKeys are keys of every kind, moduli and exponents of every length and
// both values of the first bit among them.
func publicKeys() (keys []any) {
	for _, k := range []crypto.Signer{ecKey, p384Key, p521Key, edKey, rsaKey} {
		keys = append(keys, k.Public())
	}
	for _, bits := range []int{1, 7, 8, 15, 16, 1000, 1016, 1024, 2047, 2048, 2049, 8192, 70000, 600000} {
		n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
		for _, e := range []int{1, 3, 127, 128, 255, 256, 65537, 1<<31 - 1, 1 << 31, 1<<63 - 1} {
			keys = append(keys, &rsa.PublicKey{N: new(big.Int).SetBit(n, 0, 1), E: e})
		}
	}
	for _, c := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		for range 20 {
			k, err := ecdsa.GenerateKey(c, rand.Reader)
			if err != nil {
				panic(err)
			}
			keys = append(keys, k.Public())
		}
	}
	return keys
}

// compareSPKI compares what is read from der with what crypto/x509 reads.
func compareSPKI(t *testing.T, der []byte) {
	t.Helper()
	want, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		want = nil // it may be a nil pointer
	}
	got := parseSubjectPublicKeyInfo(der)
	if got != nil {
		if equal, ok := want.(interface{ Equal(crypto.PublicKey) bool }); !ok || !equal.Equal(got) {
			t.Errorf("parseSubjectPublicKeyInfo(%x) = %v, want %v, %v", der, got, want, err)
		}
		return
	}
	switch k := want.(type) { // x509 accepts more at the end of a sequence
	case *rsa.PublicKey, ed25519.PublicKey:
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P224() {
			return
		}
	default:
		return
	}
	if bytes.Equal(marshalled(want), der) {
		t.Errorf("parseSubjectPublicKeyInfo(%x) = nil, want %v", der, want)
	}
}

func TestSPKI(t *testing.T) {
	for _, public := range publicKeys() {
		der := marshalled(public)
		if _, ed := public.(ed25519.PublicKey); !ed {
			if got := subjectPublicKeyInfo(public); !bytes.Equal(got, der) {
				t.Errorf("subjectPublicKeyInfo(%v) = %x, want %x", public, got, der)
			}
		}
		if parseSubjectPublicKeyInfo(der) == nil {
			t.Errorf("parseSubjectPublicKeyInfo(%x) = nil, want %v", der, public)
		}
		compareSPKI(t, der)
		if len(der) > 400 {
			continue
		}
		for i := range der {
			compareSPKI(t, der[:i])
			for bit := range 8 {
				mutant := bytes.Clone(der)
				mutant[i] ^= 1 << bit
				compareSPKI(t, mutant)
			}
			compareSPKI(t, append(append(bytes.Clone(der[:i]), 0), der[i:]...))
		}
	}
}

// rsaInfo is a SubjectPublicKeyInfo of an RSAPublicKey with these numbers.
func rsaInfo(numbers ...*big.Int) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, n := range numbers {
			b.AddASN1BigInt(n)
		}
	})
	return publicKeyInfo(algorithmRSA, b.BytesOrPanic())
}

func TestSPKIRefused(t *testing.T) {
	x25519, _ := ecdh.X25519().GenerateKey(rand.Reader)
	p224, _ := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	point, _ := ecKey.PublicKey.Bytes()
	five, wide := big.NewInt(5), new(big.Int).Lsh(big.NewInt(1), 63)
	for _, c := range []struct {
		name string
		der  []byte
	}{
		{"empty", nil},
		{"X25519", marshalled(x25519.Public())},
		{"P-224", marshalled(p224.Public())},
		{"PKCS #1", x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey)},
		{"compressed", publicKeyInfo(algorithmP256, append([]byte{2}, point[1:33]...))},
		{"more after EC", append(marshalled(ecKey.Public()), 0)},
		{"more after RSA", append(marshalled(rsaKey.Public()), 0)},
		{"more after Ed25519", append(marshalled(edKey.Public()), 0)},
		{"no modulus", rsaInfo()},
		{"no exponent", rsaInfo(five)},
		{"more than an exponent", rsaInfo(five, five, five)},
		{"a modulus of zero", rsaInfo(new(big.Int), five)},
		{"a modulus below zero", rsaInfo(big.NewInt(-5), five)},
		{"an exponent of zero", rsaInfo(five, new(big.Int))},
		{"an exponent below zero", rsaInfo(five, big.NewInt(-5))},
		{"an exponent of 64 bits", rsaInfo(five, wide)},
		{"a short Ed25519 key", publicKeyInfo(algorithmEd25519, make([]byte, 31))},
		{"a length of four bytes", []byte{0x30, 0x84, 0, 0, 0, 1, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := parseSubjectPublicKeyInfo(c.der); got != nil {
				t.Errorf("parseSubjectPublicKeyInfo(%x) = %v, want nil", c.der, got)
			}
		})
	}
	for _, public := range []any{edKey.Public(), p224.Public(), []byte("secret")} {
		if got := subjectPublicKeyInfo(public); got != nil {
			t.Errorf("subjectPublicKeyInfo(%T) = %x, want nil", public, got)
		}
	}
}

func FuzzSPKI(f *testing.F) {
	for _, k := range []crypto.Signer{ecKey, p384Key, p521Key, edKey, rsaKey} {
		f.Add(marshalled(k.Public()))
	}
	f.Fuzz(func(t *testing.T, der []byte) { compareSPKI(t, der) })
}

// TestCertifiedKey: the key of a certificate is what crypto/x509 finds.
func TestCertifiedKey(t *testing.T) {
	for _, key := range []crypto.Signer{ecKey, p384Key, p521Key, rsaKey, edKey} {
		block, _ := pem.Decode([]byte(certificatePEM(key)))
		if got := certifiedKey(block.Bytes); !bytes.Equal(got, marshalled(key.Public())) {
			t.Errorf("certifiedKey = %x, want the key of %T", got, key)
		}
		for i := range block.Bytes {
			compareCertificate(t, block.Bytes[:i])
		}
		compareCertificate(t, append(block.Bytes, 0))
	}
}

// compareCertificate compares the key that is read from a certificate with that of
// crypto/x509, which checks more of it.
func compareCertificate(t *testing.T, der []byte) {
	t.Helper()
	got := certifiedKey(der)
	if want, err := x509.ParseCertificate(der); err == nil && !bytes.Equal(got, want.RawSubjectPublicKeyInfo) {
		t.Errorf("certifiedKey(%x) = %x, want %x", der, got, want.RawSubjectPublicKeyInfo)
	}
}

func FuzzCertificate(f *testing.F) {
	for _, key := range []crypto.Signer{ecKey, rsaKey, edKey} {
		block, _ := pem.Decode([]byte(certificatePEM(key)))
		f.Add(block.Bytes)
	}
	f.Fuzz(compareCertificate)
}
