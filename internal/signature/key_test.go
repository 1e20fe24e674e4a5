package signature_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"strings"
	"testing"

	. "github.com/modelgate/modelgate/internal/signature"
)

// algorithms are all, with a key of RFC 9421 section B.1.
var algorithms = []struct{ name, key string }{
	{HMACSHA256, "test-shared-secret"},
	{ECDSAP256SHA256, "test-key-ecc-p256"},
	{Ed25519, "test-key-ed25519"},
	{RSAPSSSHA512, "test-key-rsa-pss"},
	{RSAv15SHA256, "test-key-rsa"},
}

func TestNewKey(t *testing.T) {
	for _, a := range algorithms {
		for _, b := range algorithms {
			private := readKey(t, b.key)
			bothRSA := strings.HasPrefix(a.name, "rsa") && strings.HasPrefix(b.name, "rsa")
			key, err := NewKey(a.name, public(private))
			if (err == nil) != (a == b || bothRSA) || err == nil && key.Algorithm() != a.name {
				t.Errorf("NewKey(%s, %s) = %v", a.name, b.key, err)
			}
			signer, err := NewSigner(a.name, private, rand.Reader)
			if (err == nil) != (a == b || bothRSA) || err == nil && signer.Algorithm() != a.name {
				t.Errorf("NewSigner(%s, %s) = %v", a.name, b.key, err)
			}
		}
	}
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	for _, tt := range []struct {
		algorithm string
		public    any
	}{
		{HMACSHA256, make([]byte, 31)},
		{HMACSHA256, []byte{}},
		{HMACSHA256, nil},
		{HMACSHA256, "a string of thirty-two characters"},
		{ECDSAP256SHA256, &p384.PublicKey},
		{"ecdsa-p384-sha384", &p384.PublicKey},
		{Ed25519, ed25519.PublicKey{1}},
		{RSAPSSSHA512, &rsa.PublicKey{N: big.NewInt(1 << 40), E: 65537}},
		{"", make([]byte, 64)},
		{"HMAC-SHA256", make([]byte, 64)},
		{"none", nil},
	} {
		if _, err := NewKey(tt.algorithm, tt.public); text(err) == "" {
			t.Errorf("NewKey(%s, %T) = nil, want an error", tt.algorithm, tt.public)
		}
	}
}

// signed returns a request signed by an algorithm over the components, and the key that verifies it.
func signed(t testing.TB, algorithm, keyID, components string) (*Message, *Key) {
	t.Helper()
	m := request("/v1/models/fraud:predict?version=3")
	private := readKey(t, keyID)
	signer, err := NewSigner(algorithm, private, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := Params{KeyID: keyID, Created: 1_700_000_000, Nonce: "n", Tag: "t"}
	input, value, err := signer.Sign(m, "a", parsed(t, components).Components, p)
	if err != nil {
		t.Fatal(err)
	}
	m.Headers = append(m.Headers, [2]string{"signature-input", input}, [2]string{"signature", value})
	key, err := NewKey(algorithm, public(private))
	if err != nil {
		t.Fatal(err)
	}
	return m, key
}

// verify parses and verifies the only signature of a message.
func verify(m *Message, k *Key) error {
	signatures, err := Parse(m.Headers)
	if err != nil {
		return err
	}
	return signatures[0].Verify(m, k, nil)
}

const usual = `"@method" "@authority" "@path" "@query" "content-digest" "date"`

// No bit of a signature can be changed, and no byte of it left out or added.
func TestChangedSignature(t *testing.T) {
	for _, a := range algorithms {
		m, key := signed(t, a.name, a.key, usual)
		if err := verify(m, key); err != nil {
			t.Fatalf("%s: %v", a.name, err)
		}
		signatures, _ := Parse(m.Headers)
		s := &signatures[0]
		value := s.Value
		for i := 0; i < len(value)*8; i += 5 {
			s.Value = append([]byte{}, value...)
			s.Value[i/8] ^= 1 << (i % 8)
			if text(s.Verify(m, key, nil)) != "signature: a: does not verify" {
				t.Errorf("%s: without bit %d: %v", a.name, i, s.Verify(m, key, nil))
			}
		}
		for _, other := range [][]byte{
			nil, {}, value[1:], value[:len(value)-1], append([]byte{0}, value...), append(value[:len(value):len(value)], 0),
			make([]byte, len(value)),
		} {
			if s.Value = other; s.Verify(m, key, nil) == nil {
				t.Errorf("%s: %d bytes are taken", a.name, len(other))
			}
		}
		s.Value = value
		for _, b := range algorithms {
			if k, _ := NewKey(b.name, public(readKey(t, b.key))); b != a && s.Verify(m, k, nil) == nil {
				t.Errorf("a signature by %s is taken for one by %s", a.name, b.name)
			}
		}
	}
}

// r and s of ECDSA are from 1 to n-1 (CVE-2022-21449).
func TestECDSARange(t *testing.T) {
	m, key := signed(t, ECDSAP256SHA256, "test-key-ecc-p256", usual)
	signatures, _ := Parse(m.Headers)
	n := elliptic.P256().Params().N
	one := big.NewInt(1)
	edges := []*big.Int{new(big.Int), one, new(big.Int).Sub(n, one), n, new(big.Int).Add(n, one), elliptic.P256().Params().P}
	for _, r := range edges {
		for _, s := range edges {
			signatures[0].Value = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
			if signatures[0].Verify(m, key, nil) == nil {
				t.Errorf("r = %x, s = %x is taken", r, s)
			}
		}
	}
}

func TestChangedMessage(t *testing.T) {
	for name, change := range map[string]func(m *Message){
		"method":            func(m *Message) { m.Method = "PUT" },
		"case of method":    func(m *Message) { m.Method = "post" },
		"authority":         func(m *Message) { m.Authority = "www.example.org" },
		"port":              func(m *Message) { m.Authority += ":8443" },
		"path":              func(m *Message) { m.Path = "/v1/models/other:predict?version=3" },
		"end of path":       func(m *Message) { m.Path = "/v1/models/fraud:predict/?version=3" },
		"query":             func(m *Message) { m.Path = "/v1/models/fraud:predict?version=4" },
		"longer query":      func(m *Message) { m.Path += "&x" },
		"no query":          func(m *Message) { m.Path = "/v1/models/fraud:predict" },
		"empty query":       func(m *Message) { m.Path = "/v1/models/fraud:predict?" },
		"percent":           func(m *Message) { m.Path = "/v1/models/fr%61ud:predict?version=3" },
		"digest":            func(m *Message) { set(m, "content-digest", "sha-256=:AQ==:") },
		"second digest":     func(m *Message) { m.Headers = append(m.Headers, [2]string{"content-digest", "md5=:AQ==:"}) },
		"no digest":         func(m *Message) { set(m, "content-digest") },
		"repeated header":   func(m *Message) { m.Headers = append(m.Headers, [2]string{"date", "now"}) },
		"component removed": func(m *Message) { edit(m, "signature-input", ` "date"`, "") },
		"component added":   func(m *Message) { edit(m, "signature-input", ` "date"`, ` "date" "x-twice"`) },
		"order":             func(m *Message) { edit(m, "signature-input", `"@method" "@authority"`, `"@authority" "@method"`) },
		"another component": func(m *Message) { edit(m, "signature-input", `"@path"`, `"@request-target"`) },
		"keyid":             func(m *Message) { edit(m, "signature-input", `keyid="test`, `keyid="best`) },
		"created":           func(m *Message) { edit(m, "signature-input", "1700000000", "1700000001") },
		"expires":           func(m *Message) { edit(m, "signature-input", ";created", ";expires=1700000001;created") },
		"nonce":             func(m *Message) { edit(m, "signature-input", `"n"`, `"m"`) },
		"no nonce":          func(m *Message) { edit(m, "signature-input", `;nonce="n"`, "") },
		"tag":               func(m *Message) { edit(m, "signature-input", `tag="t"`, `tag="u"`) },
		"label":             func(m *Message) { edit(m, "signature-input", "a=", "b=") },
		"alg":               func(m *Message) { edit(m, "signature-input", ";tag", `;alg="none";tag`) },
		"no signature":      func(m *Message) { set(m, "signature") },
		"second signature":  func(m *Message) { m.Headers = append(m.Headers, [2]string{"signature", "b=:AA==:"}) },
		"unknown parameter": func(m *Message) { edit(m, "signature-input", ";tag", ";x=1;tag") },
	} {
		for _, a := range algorithms {
			m, key := signed(t, a.name, a.key, usual)
			if change(m); verify(m, key) == nil {
				t.Errorf("%s: %s: the signature still verifies", a.name, name)
			}
		}
	}
}

// What a signature does not cover may change, and so may what means the same.
func TestUnchangedMessage(t *testing.T) {
	for name, change := range map[string]func(m *Message){
		"a header that is not covered": func(m *Message) { set(m, "cache-control", "no-store") },
		"white space":                  func(m *Message) { edit(m, "date", "Tue", " Tue") },
		"white space in the list":      func(m *Message) { edit(m, "signature-input", `"@method" "@authority"`, `  "@method"   "@authority"`) },
		"white space at parameters":    func(m *Message) { edit(m, "signature-input", ";created", "; created") },
		"case of the host":             func(m *Message) { m.Authority = "WWW.example.com:443" },
		"label in both":                func(m *Message) { edit(m, "signature-input", "a=", "b="); edit(m, "signature", "a=", "b=") },
	} {
		m, key := signed(t, Ed25519, "test-key-ed25519", usual)
		change(m)
		if err := verify(m, key); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// set gives a header other values.
func set(m *Message, name string, values ...string) {
	var kept [][2]string
	for _, h := range m.Headers {
		if h[0] != name {
			kept = append(kept, h)
		}
	}
	for _, v := range values {
		kept = append(kept, [2]string{name, v})
	}
	m.Headers = kept
}

// edit replaces a part of a header.
func edit(m *Message, name, old, new string) {
	for i := range m.Headers {
		if m.Headers[i][0] == name {
			m.Headers[i][1] = strings.Replace(m.Headers[i][1], old, new, 1)
		}
	}
}

func TestAlgorithmParameter(t *testing.T) {
	for _, a := range algorithms {
		private := readKey(t, a.key)
		signer, _ := NewSigner(a.name, private, rand.Reader)
		key, _ := NewKey(a.name, public(private))
		for _, b := range algorithms {
			m := request("/")
			input, value, err := signer.Sign(m, "a", nil, Params{Algorithm: b.name})
			if (err == nil) != (a == b) {
				t.Errorf("Sign by %s with alg %s = %v", a.name, b.name, err)
			}
			if err == nil {
				m.Headers = headersOf("signature-input: "+input, "signature: "+value)
				if err := verify(m, key); err != nil {
					t.Errorf("%s: %v", a.name, err)
				}
			}
		}
		m, _ := signed(t, a.name, a.key, usual)
		edit(m, "signature-input", ";tag", `;alg="rsa";tag`)
		if got := text(verify(m, key)); got != "signature: alg: another algorithm than the key's" {
			t.Errorf("%s: Verify = %q", a.name, got)
		}
	}
}

// The host verifies in place of the package, unless it cannot.
func TestVerifyByHost(t *testing.T) {
	m, key := signed(t, ECDSAP256SHA256, "test-key-ecc-p256", usual)
	signatures, _ := Parse(m.Headers)
	s := &signatures[0]
	base, _ := s.Base(m)
	for _, tt := range []struct{ ok, done, genuine, want bool }{
		{true, true, true, true}, {true, true, false, true}, {false, true, true, false},
		{false, false, true, true}, {true, false, true, true}, {true, false, false, false},
	} {
		s.Value[0] ^= 1
		if tt.genuine {
			s.Value[0] ^= 1
		}
		got := s.Verify(m, key, func(b string, value []byte) (ok, done bool) {
			if b != base || len(value) != 64 {
				t.Errorf("host is asked about %q, %d bytes", b, len(value))
			}
			return tt.ok, tt.done
		})
		if (got == nil) != tt.want {
			t.Errorf("%+v: Verify = %v", tt, got)
		}
		if !tt.genuine {
			s.Value[0] ^= 1
		}
	}
	s.Value = s.Value[1:]
	if s.Verify(m, key, func(string, []byte) (ok, done bool) { t.Error("asked"); return true, true }) == nil {
		t.Error("a signature that is too short is taken")
	}
}

func TestSignRefuses(t *testing.T) {
	signer, _ := NewSigner(HMACSHA256, make([]byte, 32), nil)
	method := parsed(t, `"@method"`).Components
	for _, tt := range []struct {
		label      string
		components []Component
		params     Params
		want       string
	}{
		{"", method, Params{}, "label: malformed"},
		{"A", method, Params{}, "label: malformed"},
		{"a b", method, Params{}, "label: malformed"},
		{"a", append(method, method...), Params{}, `"@method": malformed`},
		{"a", []Component{{Name: "@method"}}, Params{}, "malformed"},
		{"a", parsed(t, `"x-none"`).Components, Params{}, `"x-none": absent`},
		{"a", parsed(t, `"@status"`).Components, Params{}, `"@status": unsupported`},
		{"a", nil, Params{Created: -1}, "created: malformed"},
		{"a", nil, Params{Expires: 1e15}, "expires: malformed"},
		{"a", nil, Params{Nonce: "\n"}, "nonce: malformed"},
		{"a", nil, Params{Nonce: "\t"}, "nonce: malformed"},
		{"a", nil, Params{KeyID: "é"}, "keyid: malformed"},
		{"a", nil, Params{Tag: strings.Repeat("t", 257)}, "tag: malformed"},
	} {
		if _, _, err := signer.Sign(request("/"), tt.label, tt.components, tt.params); strings.TrimPrefix(text(err), "signature: ") != tt.want {
			t.Errorf("Sign(%q, %v, %v) = %v, want %s", tt.label, tt.components, tt.params, err, tt.want)
		}
	}
}
