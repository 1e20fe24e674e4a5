package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// oauth2Clients runs the client of examples/oauth2 before its Envoy: it learns from the
// answers where the metadata is and which scope it needs. Over both versions of HTTP, HEAD
// has the metadata's headers.
func oauth2Clients(t *testing.T, s *corpus.Scenario, envoy *harness.Envoy) {
	dir := t.TempDir()
	file := func(scope string) string {
		token, err := s.Mint(corpus.Token{
			Issuer: "login", Header: map[string]any{"typ": "at+jwt"},
			Claims: map[string]any{"client_id": "app-1", "jti": "t-1", "scope": scope},
		}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, scope)
		if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
		return scope + "=" + path
	}
	for _, c := range []struct {
		model string
		want  string
		more  []string
	}{
		{"fraud", "200 with the scope models.predict", []string{"--token", file("models.predict")}},
		{"fraud", "there is no token with that scope", nil},
		{"nowhere", "needs more than a scope", []string{"--token", file("models.predict")}},
	} {
		t.Run(c.model+" "+c.want, func(t *testing.T) {
			arguments := []string{filepath.Join(s.Dir, "client.py"), envoy.Addr(),
				"https://models.example.com/kfserving/prod/" + c.model + ":predict", "--token", file("openid")}
			output, _ := exec.CommandContext(t.Context(), "python3", append(arguments, c.more...)...).CombinedOutput()
			if got := string(output); !strings.Contains(got, c.want) || !strings.Contains(got, "tokens are from https://login.example.com") {
				t.Errorf("the client says\n%s\nwant %s", got, c.want)
			}
		})
	}
	for _, proto := range []rawhttp.Proto{rawhttp.H1, rawhttp.H2} {
		conn, err := rawhttp.Dial(t.Context(), envoy.Addr(), nil, proto)
		if err != nil {
			t.Fatal(err)
		}
		r, err := conn.Do(t.Context(), rawhttp.Request{
			Method: "HEAD", Path: "/.well-known/oauth-protected-resource", Authority: "models.example.com",
		})
		if err != nil || r.Status != 200 || r.Headers.Get("content-type") != "application/json" || len(r.Body) > 0 {
			t.Errorf("HEAD has %d %v %q, %v", r.Status, r.Headers, r.Body, err)
		}
		conn.Close()
	}
}
