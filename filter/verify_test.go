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

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
	"github.com/modelgate/modelgate/internal/testing/wasmhost"
)

// bearerScenario returns the scenario with the most algorithms: RS256, ES384, ES256,
// EdDSA and HS256.
func bearerScenario(t *testing.T) *corpus.Scenario {
	t.Helper()
	s, err := corpus.Load("../examples/bearer")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// verifyingHost returns a host whose verify_signature is f.
func verifyingHost(f func([]byte) ([]byte, wasmhost.Status)) wasmhost.Options {
	return wasmhost.Options{Foreign: map[string]func([]byte) ([]byte, wasmhost.Status){"verify_signature": f}}
}

// verifySignature is Envoy's verify_signature on the standard library. The key is a
// SubjectPublicKeyInfo, an ECDSA signature is DER, and RSA is PKCS #1 v1.5.
func verifySignature(argument []byte) ([]byte, wasmhost.Status) {
	fields := map[protowire.Number][]byte{}
	for len(argument) > 0 {
		number, kind, n := protowire.ConsumeTag(argument)
		value, m := protowire.ConsumeBytes(argument[max(n, 0):])
		if n < 0 || m < 0 || kind != protowire.BytesType {
			return nil, wasmhost.BadArgument
		}
		fields[number], argument = value, argument[n+m:]
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

// TestHostVerifies runs the corpus with a host that verifies signatures. Without the
// token cache, the host verifies each signature by RS or ES, and no other.
func TestHostVerifies(t *testing.T) {
	s := bearerScenario(t)
	calls := 0
	host := verifyingHost(func(b []byte) ([]byte, wasmhost.Status) { calls++; return verifySignature(b) })
	host.Env = s.Env
	vm := start(t, shipped, host)
	configure(t, vm, edit.Set(t, s.Config, "/tokenCache", `false`))
	if calls != 5 { // two probes, and the warm-up: a good token twice and a forged one
		t.Fatalf("the host verified %d signatures during the start, want 5", calls)
	}
	now := time.Now()
	for _, c := range s.Cases {
		t.Run(c.Name, func(t *testing.T) {
			r, err := s.Request(c, now)
			if err != nil {
				t.Fatal(err)
			}
			calls = 0
			if err := c.Check(r, send(t, vm, r), corpus.Elsewhere); err != nil {
				t.Error(err)
			}
			if c.Token == nil || !strings.HasPrefix(c.Want, "allow ") {
				return
			}
			byHost := c.Token.Issuer != "batch" && c.Token.Issuer != "federated" // these sign by HS and EdDSA
			if (calls == 1) != byHost {
				t.Errorf("the host verified %d signatures, want one: %v", calls, byHost)
			}
		})
	}
}

// TestHostCannotVerify: with a host whose verify_signature is absent or wrong, the
// module verifies the signatures, and the outcomes are the same.
func TestHostCannotVerify(t *testing.T) {
	s := bearerScenario(t)
	always := func(result []byte, status wasmhost.Status) func([]byte) ([]byte, wasmhost.Status) {
		return func([]byte) ([]byte, wasmhost.Status) { return result, status }
	}
	for _, c := range []struct {
		name string
		host wasmhost.Options
	}{
		{"absent", wasmhost.Options{}},
		{"fails", verifyingHost(always(nil, wasmhost.InternalFailure))},
		{"returns nothing", verifyingHost(always(nil, wasmhost.OK))},
		{"accepts everything", verifyingHost(always([]byte{8, 1}, wasmhost.OK))},
		{"rejects everything", verifyingHost(always([]byte{8, 0}, wasmhost.OK))},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.host.Env = s.Env
			vm := start(t, shipped, c.host)
			configure(t, vm, s.Config)
			for _, corpusCase := range s.Cases[:12] {
				r, err := s.Request(corpusCase, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				if err := corpusCase.Check(r, send(t, vm, r), corpus.Elsewhere); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
