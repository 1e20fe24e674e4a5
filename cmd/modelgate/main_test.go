package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

const config = `{
	"version": 1,
	"issuers": [{
		"name": "corp", "issuer": "https://corp.example", "audiences": ["models"],
		"algorithms": ["HS256"], "symmetric": {"env": "CORP"}}],
	"routes": [
		{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kfserving"},
		{"protocol": "grpc", "service": "echo.Echo", "model": "prod/echo", "verb": "generate", "hosts": ["models.example.com", "a"]}],
	"grants": [
		{"name": "staff", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["prod/*"]},
		{"name": "showcase", "members": ["allUsers"], "verbs": ["predict"], "models": ["public/*"]}],
	"denies": [{"name": "frozen", "models": ["prod/frozen"]}]
}`

// writeScenario writes a configuration to a file. The scenario signs tokens of its
// issuers.
func writeScenario(t *testing.T, config string) (s *corpus.Scenario, file string) {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, dir, "cases.json", "[]")
	file = writeFile(t, dir, "config.json", config)
	s, err := corpus.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, file
}

func writeFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func noSecrets(string) (string, bool) { return "", false }

// result is what a command prints and returns.
type result struct {
	status   int
	out, err string
}

func runCommand(secrets authn.Secrets, in string, args ...string) result {
	var out, err strings.Builder
	status := run(args, strings.NewReader(in), &out, &err, secrets)
	return result{status, out.String(), err.String()}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args   string
		status int
		want   string // besides the usage
	}{
		{"", 2, `must be check, keys, apikey, decide or routes; got ""`},
		{"frob", 2, `must be check, keys, apikey, decide or routes; got "frob"`},
		{"check", 2, "the name of a configuration is missing"},
		{"check --mesh", 2, "flag needs an argument"},
		{"check --mesh x", 2, "the name of a configuration is missing"},
		{"check --frob x", 2, "flag provided but not defined: -frob"},
		{"keys", 2, "the name of a key set is missing"},
		{"keys --frob x", 2, "flag provided but not defined: -frob"},
		{"decide", 2, "--config FILE is missing"},
		{"decide --config", 2, "flag needs an argument"},
		{"decide --config=", 2, "--config FILE is missing"},
		{"decide --config x more", 2, `must have no arguments but flags; got "more"`},
		{"decide --frob x", 2, "flag provided but not defined: -frob"},
		{"decide --help", 2, ""},
		{"routes", 2, "--config FILE is missing"},
		{"help", 0, ""},
		{"-h", 0, ""},
		{"--help", 0, ""},
	} {
		t.Run("modelgate "+c.args, func(t *testing.T) {
			got := runCommand(noSecrets, "", strings.Fields(c.args)...)
			text, other := got.out, got.err
			if c.status != 0 {
				text, other = got.err, got.out
			}
			if got.status != c.status || !strings.Contains(text, "usage: ") || !strings.Contains(text, c.want) || other != "" {
				t.Errorf("status %d, out %q, err %q, want %d, %q and the usage", got.status, got.out, got.err, c.status, c.want)
			}
		})
	}
}
