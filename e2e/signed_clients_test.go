package e2e

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// client is one of the clients in examples/signed.
type client struct {
	keyid, email string
	secret       bool // the key is in SIGNING_KEY, not in a file
	command      func(c *client, key, token, data, url string) []string
}

var signingClients = map[string]*client{
	"go":     {"ana-laptop", "ana@example.com", false, goClient},
	"python": {"ana-phone", "ana@example.com", false, pythonClient},
	"shell":  {"sam-shell", "sam@example.com", true, shellClient},
}

// signedClients runs the clients of examples/signed before its Envoy: by each, a request is
// signed as the gate asks for, and none with another key.
func signedClients(t *testing.T, s *corpus.Scenario, envoy *harness.Envoy) {
	for name, c := range signingClients {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write := func(name, text string) string {
				path := filepath.Join(dir, name)
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}
			claims := map[string]any{"email": c.email, "email_verified": true}
			jwt, err := s.Mint(corpus.Token{Issuer: "corp", Claims: claims}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			token, data := write("token.jwt", jwt+"\n"), write("body.json", `{"instances": [[5.1, 3.5, 1.4, 0.2]]}`)
			for want, id := range map[string]string{"200\n": c.keyid, `"request_signature_invalid"`: ""} {
				key := ""
				if !c.secret {
					key = write("key.pem", pemOf(t, s, id, c.keyid))
				}
				command := c.command(c, key, token, data, "http://"+envoy.Addr()+"/serving/pay/fraud:predict")
				if out := runClient(t, s, id, command); !strings.Contains(out, want) {
					t.Errorf("with the key %q: %s", id, out)
				}
				if name == "python" && id != "" {
					answeredClient(t, s, command, write)
				}
			}
		})
	}
}

// answeredClient runs the Python client, which wants the answer signed by the key of this gate:
// it takes that, and none that another key should have signed.
func answeredClient(t *testing.T, s *corpus.Scenario, command []string, write func(name, text string) string) {
	t.Helper()
	for _, own := range []bool{true, false} {
		seed, err := base64.RawURLEncoding.DecodeString(s.Env["GATE_SIGNING_KEY"])
		if err != nil {
			t.Fatal(err)
		}
		if !own {
			seed[0] ^= 1
		}
		der, err := x509.MarshalPKIXPublicKey(ed25519.NewKeyFromSeed(seed).Public())
		if err != nil {
			t.Fatal(err)
		}
		answers := write("gate.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})))
		cmd := exec.CommandContext(t.Context(), command[0], append(command[1:], "--answers="+answers)...)
		if out, err := cmd.CombinedOutput(); (err == nil) != own || strings.Contains(string(out), "InvalidSignature") == own {
			t.Errorf("own key %v: %v: %s", own, err, out)
		}
	}
}

// pemOf returns a key as PEM of PKCS #8; without an id, another key of the same kind.
func pemOf(t *testing.T, s *corpus.Scenario, id, like string) string {
	t.Helper()
	key := s.MessageKey(id)
	if id == "" {
		key = load(t, s.Name).MessageKey(like) // each has keys of its own
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// runClient returns what a client prints.
func runClient(t *testing.T, s *corpus.Scenario, id string, command []string) string {
	t.Helper()
	secret, ok := s.MessageKey(id).([]byte)
	if !ok {
		secret = make([]byte, 32)
	}
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "SIGNING_KEY="+base64.RawURLEncoding.EncodeToString(secret))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		t.Errorf("%q: %v", command, err)
	}
	return out.String()
}

// clientFile returns the path of a file in examples/signed.
func clientFile(name string) string { return filepath.Join(root, "examples", "signed", name) }

func goClient(c *client, key, token, data, url string) []string {
	return []string{"go", "run", "-C", clientFile("client"), ".", "-keyid=" + c.keyid, "-key=" + key, "-token=" + token, "-data=" + data, url}
}

// pythonClient finds its own Python.
func pythonClient(c *client, key, token, data, url string) []string {
	arguments := []string{clientFile("client.py"), "--keyid=" + c.keyid, "--key=" + key, "--token=" + token, "--data=" + data, url}
	return append([]string{"sh", "-c", `exec "$("$0")" "$@"`, filepath.Join(root, "build", "tools", "httpsig")}, arguments...)
}

func shellClient(c *client, _, token, data, url string) []string {
	command := `exec "$0" "$1" "$2" "$3" -H "authorization: Bearer $(cat "$4")" -H 'content-type: application/json'`
	return []string{"sh", "-c", command, clientFile("sign.sh"), c.keyid, url, data, token}
}
