package main_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// bearer is the scenario with the most algorithms: RS256, ES384, ES256, EdDSA
// and HS256.
func bearer(t *testing.T) *corpus.Scenario {
	t.Helper()
	s, err := corpus.Load("../examples/bearer")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// verifySignature is Envoy's foreign function, by the standard library: the key
// as SubjectPublicKeyInfo, ECDSA signatures in DER, RSA by PKCS #1 v1.5.
func verifySignature(argument []byte) ([]byte, wasmhost.Status) {
	fields := map[byte][]byte{}
	for len(argument) > 0 {
		number := argument[0] >> 3
		n, width := 0, 1
		for shift := 0; ; shift += 7 {
			n |= int(argument[width]&0x7f) << shift
			if width++; argument[width-1] < 0x80 {
				break
			}
		}
		fields[number], argument = argument[width:width+n], argument[width+n:]
	}
	key, err := x509.ParsePKIXPublicKey(fields[2])
	if err != nil {
		return nil, wasmhost.BadArgument
	}
	sum256, sum384 := sha256.Sum256(fields[4]), sha512.Sum384(fields[4])
	hash, sum := crypto.SHA256, sum256[:]
	if string(fields[1]) == "sha384" {
		hash, sum = crypto.SHA384, sum384[:]
	}
	ok := false
	switch k := key.(type) {
	case *rsa.PublicKey:
		ok = rsa.VerifyPKCS1v15(k, hash, sum, fields[3]) == nil
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(k, sum, fields[3])
	}
	if ok {
		return []byte{8, 1}, wasmhost.OK
	}
	return []byte("\x12\x1bFailed to verify digest."), wasmhost.OK
}

// TestHostVerifies runs the corpus with a host that verifies signatures, and
// counts that it was asked for RS and ES and for nothing else, each time anew.
func TestHostVerifies(t *testing.T) {
	s := bearer(t)
	asked := 0
	vm := start(t, shipped, wasmhost.Options{Env: s.Env, Foreign: map[string]func([]byte) ([]byte, wasmhost.Status){
		"verify_signature": func(b []byte) ([]byte, wasmhost.Status) { asked++; return verifySignature(b) },
	}})
	configure(t, vm, strings.Replace(s.Config, `"version": 1`, `"version": 1, "tokenCache": false`, 1))
	if asked != 5 { // two probes, and to warm up a good token twice and a forged one
		t.Fatalf("the host was asked %d times while starting, want 5", asked)
	}
	now := time.Now()
	for _, c := range s.Cases {
		r, err := s.Request(c, now)
		if err != nil {
			t.Fatal(err)
		}
		asked = 0
		if err := c.Check(r, ask(t, vm, r), corpus.Elsewhere); err != nil {
			t.Error(err)
		}
		allowed := c.Token != nil && strings.HasPrefix(c.Want, "allow ")
		native := c.Token != nil && c.Token.Issuer != "batch" && c.Token.Issuer != "federated"
		if allowed && (asked == 1) != native {
			t.Errorf("%s: the host was asked %d times", c.Name, asked)
		}
	}
}

// TestHostCannotVerify: a host without the function, one that fails, and one
// that says yes to everything or to nothing give the same answers, by Go.
func TestHostCannotVerify(t *testing.T) {
	s := bearer(t)
	for name, f := range map[string]func([]byte) ([]byte, wasmhost.Status){
		"fails":     func([]byte) ([]byte, wasmhost.Status) { return nil, wasmhost.InternalFailure },
		"empty":     func([]byte) ([]byte, wasmhost.Status) { return nil, wasmhost.OK },
		"yes man":   func([]byte) ([]byte, wasmhost.Status) { return []byte{8, 1}, wasmhost.OK },
		"naysayer":  func([]byte) ([]byte, wasmhost.Status) { return []byte{8, 0}, wasmhost.OK },
		"elsewhere": nil,
	} {
		o := wasmhost.Options{Env: s.Env}
		if f != nil {
			o.Foreign = map[string]func([]byte) ([]byte, wasmhost.Status){"verify_signature": f}
		}
		vm := start(t, shipped, o)
		configure(t, vm, s.Config)
		for _, c := range s.Cases[:12] {
			r, err := s.Request(c, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Check(r, ask(t, vm, r), corpus.Elsewhere); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
