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
	"math/big"
	"testing"
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

// compareSPKI holds both directions to crypto/x509.
func compareSPKI(t *testing.T, der []byte) {
	t.Helper()
	want, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		want = nil // it may be a nil pointer
	}
	got := parseSubjectPublicKeyInfo(der)
	if got != nil {
		if equal, ok := want.(interface{ Equal(crypto.PublicKey) bool }); !ok || !equal.Equal(got) {
			t.Errorf("%x is read as %v, want %v, %v", der, got, want, err)
		}
		return
	}
	switch k := want.(type) { // x509 lets more stand at the end of a sequence
	case *rsa.PublicKey, ed25519.PublicKey:
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P224() {
			return
		}
	default:
		return
	}
	if bytes.Equal(marshalled(want), der) {
		t.Errorf("%x is not read, want %v", der, want)
	}
}

func TestSPKI(t *testing.T) {
	for _, public := range publicKeys() {
		der := marshalled(public)
		if _, ed := public.(ed25519.PublicKey); !ed {
			if got := subjectPublicKeyInfo(public); !bytes.Equal(got, der) {
				t.Errorf("%v is written as %x, want %x", public, got, der)
			}
		}
		if parseSubjectPublicKeyInfo(der) == nil {
			t.Errorf("%v is not read", public)
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

func TestSPKIRefused(t *testing.T) {
	x25519, _ := ecdh.X25519().GenerateKey(rand.Reader)
	p224, _ := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	compressed := append([]byte(spkiP256), 2)
	x := ecKey.PublicKey
	point, _ := x.Bytes()
	compressed = append(compressed, point[1:33]...)
	for name, der := range map[string][]byte{
		"empty": nil, "X25519": marshalled(x25519.Public()), "P-224": marshalled(p224.Public()), "PKCS #1": x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey),
		"compressed": compressed, "more after EC": append(marshalled(ecKey.Public()), 0), "more after RSA": append(marshalled(rsaKey.Public()), 0),
		"more after Ed25519": append(marshalled(edKey.Public()), 0), "no modulus": element(tagSequence, []byte(rsaAlgorithm), element(tagBitString, []byte{0}, element(tagSequence))),
		"exponent of 64 bits":  element(tagSequence, []byte(rsaAlgorithm), element(tagBitString, []byte{0}, element(tagSequence, integer(big.NewInt(5)), integer(new(big.Int).Lsh(big.NewInt(1), 63))))),
		"length of four bytes": append([]byte{tagSequence, 0x84, 0, 0, 0, 1}, 0),
	} {
		if got := parseSubjectPublicKeyInfo(der); got != nil {
			t.Errorf("%s is read as %v", name, got)
		}
	}
	for _, public := range []any{edKey.Public(), p224.Public(), []byte("secret")} {
		if got := subjectPublicKeyInfo(public); got != nil {
			t.Errorf("%T is written as %x", public, got)
		}
	}
}

func FuzzSPKI(f *testing.F) {
	for _, k := range []crypto.Signer{ecKey, p384Key, p521Key, edKey, rsaKey} {
		f.Add(marshalled(k.Public()))
	}
	f.Fuzz(func(t *testing.T, der []byte) { compareSPKI(t, der) })
}
