package signatures

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/signature"
)

// clients are those of examples/signed, with the key of RFC 9421 that each is given.
var clients = []struct {
	name, algorithm string
	command         func(t *testing.T, key string) []string // without the URL
}{
	{"go", signature.Ed25519, goClient},
	{"python", signature.ECDSAP256SHA256, pythonClient},
	{"shell", signature.HMACSHA256, shellClient},
}

const body = `{"instances": [[5.1, 3.5, 1.4, 0.2]]}`

// Each client signs what a gate asks for by default, in a way that it takes.
func TestClients(t *testing.T) {
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			key := keyOf[c.algorithm]
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := verify(t, r, c.algorithm, key); err != nil {
					http.Error(w, err.Error(), http.StatusUnauthorized)
					return
				}
				fmt.Fprint(w, r.Header.Get("Content-Type"), " ", r.Header.Get("Authorization"), " ")
			}))
			defer server.Close()
			for _, path := range []string{"/v1/models/fraud:predict", "/v2/models/fraud/infer?a=b&c=d%20e", "/"} {
				if got := run(t, c.command(t, key), server.URL+path); got != "application/json Bearer the-token 200\n" {
					t.Errorf("%s: %s", path, got)
				}
			}
			if c.name == "shell" { // which only knows POST
				return
			}
			if got := run(t, withoutData(c.command(t, key)), server.URL+"/v1/models/fraud"); got != " Bearer the-token 200\n" {
				t.Errorf("GET: %s", got)
			}
		})
	}
}

// verify checks a request as a gate does.
func verify(t *testing.T, r *http.Request, algorithm, key string) error {
	m := &signature.Message{Method: r.Method, Scheme: "http", Authority: r.Host, Path: r.RequestURI}
	for name, values := range r.Header {
		for _, v := range values {
			m.Headers = append(m.Headers, [2]string{strings.ToLower(name), v})
		}
	}
	signatures, err := signature.Parse(m.Headers)
	if err != nil || len(signatures) != 1 {
		return fmt.Errorf("%d signatures: %w", len(signatures), err)
	}
	s := &signatures[0]
	var minimum []signature.Component
	for _, name := range []string{"@method", "@authority", "@path", "@query", "content-digest"} {
		if name == "content-digest" && r.Method == http.MethodGet {
			continue
		}
		c, err := signature.ParseComponent(name)
		if err != nil {
			return err
		}
		minimum = append(minimum, c)
	}
	if err := s.Covers(minimum); err != nil {
		return err
	}
	if err := s.CheckTimes(time.Now(), signature.Times{Skew: time.Second, MaxAge: time.Minute}); err != nil {
		return err
	}
	if s.Nonce == "" || s.KeyID != key {
		return fmt.Errorf("nonce %q, keyid %q", s.Nonce, s.KeyID)
	}
	if err := s.Verify(m, verificationKey(t, algorithm, key), nil); err != nil {
		return err
	}
	digest, err := signature.ParseDigest(m.Headers)
	if digest == nil {
		return err
	}
	content, err := io.ReadAll(r.Body)
	digest.Write(content)
	if err == nil {
		err = digest.Check()
	}
	return err
}

// run runs a client on a URL, and returns what it prints.
func run(t *testing.T, command []string, url string) string {
	t.Helper()
	cmd := exec.Command(command[0], append(command[1:], url)...)
	if at := slices.Index(command, "URL"); at > 0 {
		command[at] = url
		cmd = exec.Command(command[0], command[1:]...)
	}
	cmd.Env = append(os.Environ(), "SIGNING_KEY="+base64.RawURLEncoding.EncodeToString(privateKey(t, "test-shared-secret").([]byte)))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("%q: %v", command, err)
	}
	return out.String()
}

func withoutData(command []string) []string {
	return slices.DeleteFunc(command, func(arg string) bool { return strings.Contains(arg, "-data") })
}

// files writes the token and the body, and returns their paths.
func files(t *testing.T) (token, data string) {
	t.Helper()
	dir := t.TempDir()
	token, data = filepath.Join(dir, "token.jwt"), filepath.Join(dir, "body.json")
	for name, text := range map[string]string{token: "the-token\n", data: body} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return token, data
}

const clientsDir = "../../examples/signed/"

func goClient(t *testing.T, key string) []string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "client")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = clientsDir + "client"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	token, data := files(t)
	return []string{binary, "-keyid=" + key, "-key=" + examples + "/" + key + ".pem", "-token=" + token, "-data=" + data}
}

func pythonClient(t *testing.T, id string) []string {
	t.Helper()
	token, data := files(t)
	key := "--key=" + examples + "/" + id + ".pem"
	return []string{findPython(t), clientsDir + "client.py", "--keyid=" + id, key, "--token=" + token, "--data=" + data}
}

func shellClient(t *testing.T, key string) []string {
	t.Helper()
	_, data := files(t)
	return []string{clientsDir + "sign.sh", key, "URL", data, "-H", "authorization: Bearer the-token", "-H", "content-type: application/json"}
}
