package mutate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"reflect"
	"testing"
)

// valid returns two signatures each of ES256 and RS256, by one key each.
func valid(t *testing.T) (vectors []Vector) {
	t.Helper()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		text := fmt.Sprintf("text %d", i)
		sum := sha256.Sum256([]byte(text))
		r, s, err := ecdsa.Sign(rand.Reader, ec, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		der, _ := x509.MarshalPKIXPublicKey(&ec.PublicKey)
		pair := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		vectors = append(vectors, Vector{"ES256", der, elliptic.P256().Params().N.Bytes(), []byte(text), pair})
		sig, err := rsa.SignPKCS1v15(rand.Reader, rs, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		der, _ = x509.MarshalPKIXPublicKey(&rs.PublicKey)
		vectors = append(vectors, Vector{"RS256", der, rs.N.Bytes(), []byte(text), sig})
	}
	return vectors
}

// TestAt: the same seed makes the same vectors, the valid ones stay as they are,
// and no length changes.
func TestAt(t *testing.T) {
	vectors, before := valid(t), 0
	same := map[string]int{}
	for _, v := range vectors {
		before += len(v.Signature)
		same[string(v.Signature)] = 0
	}
	for i := range uint64(5000) {
		a, b := At(vectors, 1, i), At(vectors, 1, i)
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("At(1, %d) returned two different vectors", i)
		}
		if want := map[string]int{"ES256": 64, "RS256": 256}[a.Algorithm]; len(a.Signature) != want {
			t.Fatalf("At(1, %d) has a signature of %d bytes, want %d", i, len(a.Signature), want)
		}
		if _, ok := same[string(a.Signature)]; ok {
			same[string(a.Signature)]++
		}
	}
	unchanged, after := 0, 0
	for _, v := range vectors {
		after += len(v.Signature)
		unchanged += same[string(v.Signature)]
	}
	// Four of the twelve ways leave the signature alone or take another's.
	if after != before || unchanged < 800 || unchanged > 3000 {
		t.Errorf("%d of 5000 signatures are unchanged, want 800 to 3000", unchanged)
	}
	if reflect.DeepEqual(At(vectors, 1, 0), At(vectors, 2, 0)) && reflect.DeepEqual(At(vectors, 1, 1), At(vectors, 2, 1)) &&
		reflect.DeepEqual(At(vectors, 1, 2), At(vectors, 2, 2)) {
		t.Error("seeds 1 and 2 make the same vectors")
	}
}

func TestBits(t *testing.T) {
	b := NewBits(17)
	for _, i := range []int{0, 7, 8, 16} {
		b.Set(i)
	}
	for i := range 17 {
		if want := i == 0 || i == 7 || i == 8 || i == 16; b.Get(i) != want {
			t.Errorf("Get(%d) = %v, want %v", i, b.Get(i), want)
		}
	}
	if len(b) != 3 {
		t.Errorf("NewBits(17) has %d bytes, want 3", len(b))
	}
}
