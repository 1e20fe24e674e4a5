package signatures

import (
	"bufio"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/modelgate/modelgate/internal/signature"
)

// examples has the examples of RFC 9421 and its keys.
const examples = "../../internal/signature/testdata/rfc9421"

// keyOf is a key of RFC 9421 section B.1 for each algorithm.
var keyOf = map[string]string{
	signature.HMACSHA256:      "test-shared-secret",
	signature.ECDSAP256SHA256: "test-key-ecc-p256",
	signature.Ed25519:         "test-key-ed25519",
	signature.RSAPSSSHA512:    "test-key-rsa-pss",
	signature.RSAv15SHA256:    "test-key-rsa",
}

var privateKeys sync.Map

// privateKey reads a key of RFC 9421 section B.1.
func privateKey(t *testing.T, id string) any {
	t.Helper()
	if key, ok := privateKeys.Load(id); ok {
		return key
	}
	key := readKey(t, id)
	privateKeys.Store(id, key)
	return key
}

func readKey(t *testing.T, id string) any {
	t.Helper()
	if id == "test-shared-secret" {
		raw, err := os.ReadFile(examples + "/" + id + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		secret, err := base64.StdEncoding.DecodeString(string(raw))
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	raw, err := os.ReadFile(examples + "/" + id + ".pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(raw)
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func verificationKey(t *testing.T, algorithm, id string) *signature.Key {
	t.Helper()
	public := privateKey(t, id)
	if private, ok := public.(crypto.Signer); ok {
		public = private.Public()
	}
	key, err := signature.NewKey(algorithm, public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signer(t *testing.T, algorithm string) *signature.Signer {
	t.Helper()
	s, err := signature.NewSigner(algorithm, privateKey(t, keyOf[algorithm]), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// example reads a request among the examples of RFC 9421.
func example(t *testing.T, name, algorithm string) *request {
	t.Helper()
	raw, err := os.ReadFile(examples + "/" + name + ".http")
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(string(raw), "\n\n")
	lines := bufio.NewScanner(strings.NewReader(head))
	lines.Scan()
	first := strings.Fields(lines.Text())
	r := &request{method: first[0], path: first[1], body: body, algorithm: algorithm, keyID: keyOf[algorithm]}
	for lines.Scan() {
		header, value, _ := strings.Cut(lines.Text(), ": ")
		if header = strings.ToLower(header); header == "host" {
			r.authority = value
		}
		if header == "signature" {
			r.label, _, _ = strings.Cut(value, "=")
		}
		r.headers = append(r.headers, [2]string{header, value})
	}
	return r
}
