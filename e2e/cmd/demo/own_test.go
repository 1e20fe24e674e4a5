package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

var root, module string

func TestMain(m *testing.M) {
	os.Exit(testbed.Run(m, func(repository, dir string) (err error) {
		root = repository
		module, err = testbed.Build(root, dir, "modelgate")
		return err
	}))
}

const ownConfig = `
version: 1
issuers:
  - name: corp
    issuer: https://login.example.com
    audiences: [models]
    algorithms: [ES256]
    jwks: { remote: { uri: "%s/keys", cluster: keys } }
routes:
  - { protocol: openai, service: prod/llm, hosts: [models.example.com] }
grants:
  - { name: ana, issuers: [corp], members: ["sub:ana"], role: invoker, models: [prod/llm/tiny] }
`

// TestOwn runs a configuration in YAML whose keys a server publishes, before one that answers with
// what it got.
func TestOwn(t *testing.T) {
	dir := t.TempDir()
	private := filepath.Join(dir, "key.json")
	key := command(t, "token", "key")
	var jwk map[string]any
	if err := json.Unmarshal([]byte(key), &jwk); err != nil {
		t.Fatal(err)
	}
	delete(jwk, "d")
	public, err := json.Marshal(map[string]any{"keys": []any{jwk}})
	if err != nil {
		t.Fatal(err)
	}
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(public) }))
	defer keys.Close()
	config := filepath.Join(dir, "config.yaml")
	for file, text := range map[string]string{private: key, config: fmt.Sprintf(ownConfig, keys.URL)} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	token := strings.TrimSpace(command(t, "token", "mint", "--key", private, "--config", config, "--issuer", "corp", "--subject", "ana"))
	o, err := startOwn(root, module, config, "")
	defer o.stage.stop()
	if err != nil {
		t.Fatal(err)
	}
	addr := o.stage.envoys[ownName].Addr()
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
		if status, _ := chat(t, addr, token, "tiny"); status != http.StatusServiceUnavailable {
			break // the keys have been fetched, which takes its time on a busy machine
		}
	}
	for _, c := range []struct {
		token, model string
		status       int
		contains     string
	}{
		{"", "tiny", 401, "credential_missing"},
		{token, "secret", 403, "grant_missing"},
		{token, "tiny", 200, "/v1/chat/completions"},
	} {
		status, body := chat(t, addr, c.token, c.model)
		if status != c.status || !strings.Contains(body, c.contains) {
			t.Errorf("a chat with %s answers %d %s, want %d and %s", c.model, status, body, c.status, c.contains)
		}
	}
	if _, err := startOwn(root, module, filepath.Join(dir, "none.yaml"), ""); err == nil {
		t.Error("a configuration that is not there starts")
	}
}

// command runs modelgate.
func command(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"run", "./cmd/modelgate"}, args...)...)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("modelgate %q: %v", args, err)
	}
	return string(out)
}

func chat(t *testing.T, addr, token, model string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+"/v1/chat/completions",
		strings.NewReader(`{"model": "`+model+`", "messages": []}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "models.example.com"
	r.Header.Set("content-type", "application/json")
	if token != "" {
		r.Header.Set("authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}
