package signature_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"strings"
	"testing"
	"time"

	. "github.com/modelgate/modelgate/internal/signature"
)

// The examples of RFC 9421 are in testdata/rfc9421, each named for its section, with the signature bases that
// it prints; the keys of its section B.1 are there as PEM. test-key-rsa-pss is written
// as PKCS #1, which crypto/x509 reads.

// vector is one of the examples, and what becomes of its signatures.
type vector struct {
	file      string
	algorithm string
	want      string // "", or the error of the last signature
}

var vectors = []vector{
	{"2.4.1", ECDSAP256SHA256, ""},
	{"2.4.2", ECDSAP256SHA256, ""},
	{"2.4.2.request", RSAPSSSHA512, ""},
	{"4.3.1", ECDSAP256SHA256, ""},
	{"4.3.2", RSAv15SHA256, ""}, // the client's own signature does not hold for the changed authority
	{"b.2.1", RSAPSSSHA512, ""},
	{"b.2.2", RSAPSSSHA512, ""},
	{"b.2.3", RSAPSSSHA512, ""},
	{"b.2.4", ECDSAP256SHA256, ""},
	{"b.2.5", HMACSHA256, ""},
	{"b.2.6", Ed25519, ""},
	{"b.3", ECDSAP256SHA256, ""},
	{"b.4.1", Ed25519, ""},
	{"b.4.2", Ed25519, ""},                                      // a header and a query parameter more
	{"b.4.3", Ed25519, ""},                                      // headers joined
	{"b.4.4", Ed25519, ""},                                      // other headers in another order
	{"b.4.5", Ed25519, "signature: transform: does not verify"}, // another method and authority
	{"b.4.6", Ed25519, "signature: transform: does not verify"}, // the same header in another order
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.file, func(t *testing.T) {
			m := readMessage(t, v.file)
			signatures, err := Parse(m.Headers)
			if err != nil {
				t.Fatal(err)
			}
			s := &signatures[len(signatures)-1]
			if want, err := os.ReadFile("testdata/rfc9421/" + v.file + ".base"); err == nil {
				if got, err := s.Base(m); err != nil || got != strings.TrimSuffix(string(want), "\n") {
					t.Errorf("Base = %v\n%s\nwant\n%s", err, got, want)
				}
			}
			key, err := NewKey(v.algorithm, public(readKey(t, s.KeyID)))
			if err != nil {
				t.Fatal(err)
			}
			if got := text(s.Verify(m, key, nil)); got != v.want {
				t.Errorf("Verify = %q, want %q", got, v.want)
			}
			signAgain(t, m, s, v)
		})
	}
}

// signAgain makes the signature anew: the same, if the algorithm is deterministic.
func signAgain(t *testing.T, m *Message, s *Signature, v vector) {
	t.Helper()
	signer, err := NewSigner(v.algorithm, readKey(t, s.KeyID), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	input, value, err := signer.Sign(m, s.Label, s.Components, s.Params)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse([][2]string{{"signature-input", input}, {"signature", value}})
	if err != nil {
		t.Fatal(err)
	}
	key, _ := NewKey(v.algorithm, public(readKey(t, s.KeyID)))
	if err := again[0].Verify(m, key, nil); err != nil {
		t.Errorf("Verify of a signature of our own: %v", err)
	}
	deterministic := v.algorithm == HMACSHA256 || v.algorithm == Ed25519
	if deterministic && v.want == "" && !bytes.Equal(again[0].Value, s.Value) {
		t.Errorf("Sign = %s, want the value of the RFC", value)
	}
}

func TestSecondSignatureOfRFC(t *testing.T) {
	m := readMessage(t, "4.3.2")
	signatures, err := Parse(m.Headers)
	if err != nil || len(signatures) != 2 {
		t.Fatal(signatures, err)
	}
	key, _ := NewKey(ECDSAP256SHA256, public(readKey(t, "test-key-ecc-p256")))
	if got := text(signatures[0].Verify(m, key, nil)); got != "signature: sig1: does not verify" {
		t.Error(got)
	}
	m.Authority = "example.com"
	if err := signatures[0].Verify(m, key, nil); err != nil {
		t.Error(err)
	}
	if err := signatures[1].CheckTimes(time.Unix(1618884540, 0), Times{}); text(err) != "signature: created, expires: expired" {
		t.Error(err)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// readMessage reads an example as HTTP/1.1, as sent over TLS; a response with its request.
func readMessage(t testing.TB, name string) *Message {
	t.Helper()
	raw, err := os.ReadFile("testdata/rfc9421/" + name + ".http")
	if err != nil {
		t.Fatal(err)
	}
	m := &Message{Scheme: "https"}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Scan()
	first := strings.Fields(lines.Text())
	if strings.HasPrefix(first[0], "HTTP/") {
		m = &Message{Status: first[1]}
		if _, err := os.Stat("testdata/rfc9421/" + name + ".request.http"); err == nil {
			m.Request = readMessage(t, name+".request")
		}
	} else {
		m.Method, m.Path = first[0], first[1]
	}
	for lines.Scan() && lines.Text() != "" {
		header, value, _ := strings.Cut(lines.Text(), ": ")
		if header = strings.ToLower(header); header == "host" {
			m.Authority = value
		}
		m.Headers = append(m.Headers, [2]string{header, value})
	}
	return m
}

// readKey reads a private key of RFC 9421 section B.1.
func readKey(t testing.TB, id string) any {
	t.Helper()
	if id == "test-shared-secret" {
		raw, err := os.ReadFile("testdata/rfc9421/" + id + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		secret, err := base64.StdEncoding.DecodeString(string(raw))
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	raw, err := os.ReadFile("testdata/rfc9421/" + id + ".pem")
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

// public returns what verifies what a private key signs.
func public(private any) any {
	switch k := private.(type) {
	case *rsa.PrivateKey:
		return &k.PublicKey
	case *ecdsa.PrivateKey:
		return &k.PublicKey
	case ed25519.PrivateKey:
		return k.Public()
	}
	return private
}
