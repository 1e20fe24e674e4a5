package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

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

// TestUsage: wrong arguments have the exit status 2, a text that says what is wrong, and the
// usage of the command on standard error.
func TestUsage(t *testing.T) {
	const names = "must be apikey, check, decide, diff, explain, import, keys, matrix, render, replay, routes, test, token, version, what-can or who-can"
	for _, c := range []struct{ args, want string }{
		{"", names + `; got ""`},
		{"frob", names + `; got "frob"`},
		{"chekc", `got "chekc"; did you mean check?`},
		{"frob check", names + `; got "frob check"`},
		{"--frob", "unknown flag: --frob"},
		{"check", "the name of a configuration is missing"},
		{"check --mesh", "flag needs an argument: --mesh"},
		{"check --mesh x", "the name of a configuration is missing"},
		{"check --frob x", "unknown flag: --frob"},
		{"check -o xml x", `invalid argument "xml" for "-o, --output" flag: must be text, json or yaml; got "xml"`},
		{"keys", "the name of a key set is missing"},
		{"keys --frob x", "unknown flag: --frob"},
		{"decide", "--config FILE is missing"},
		{"decide --config", "flag needs an argument: --config"},
		{"decide --config=", "--config FILE is missing"},
		{"decide --config x more", `must have no arguments but flags; got "more"`},
		{"decide --frob x", "unknown flag: --frob"},
		{"routes", "--config FILE is missing"},
		{"routes -o text", "must be yaml or json"},
		{"version more", `must have no arguments but flags; got "more"`},
	} {
		t.Run("modelgate "+c.args, func(t *testing.T) {
			got := runCommand(noSecrets, "", strings.Fields(c.args)...)
			if got.status != 2 || got.out != "" || !strings.Contains(got.err, c.want) || !strings.Contains(got.err, "\nusage: modelgate") {
				t.Errorf("status %d, out %q, err %q, want 2, %q and the usage", got.status, got.out, got.err, c.want)
			}
		})
	}
}

// TestHelp: every command says what it is for, with an example, on standard output.
func TestHelp(t *testing.T) {
	root := newRoot(&terminal{})
	token, _, err := root.Find([]string{"token"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range slices.Concat(root.Commands(), token.Commands(), []*cobra.Command{root}) {
		if c.Name() == "help" || c.Name() == "completion" { // cobra's own
			continue
		}
		t.Run(c.CommandPath(), func(t *testing.T) {
			args := strings.Fields(c.CommandPath())[1:]
			got := runCommand(noSecrets, "", append(args, "--help")...)
			if got.status != 0 || got.err != "" || c.Short == "" || !strings.HasPrefix(got.out, c.Long) ||
				!strings.Contains(c.Example, "modelgate ") || !strings.Contains(got.out, c.Example) {
				t.Errorf("%s --help = %+v\nwant 0, its description and an example", c.CommandPath(), got)
			}
			if by := runCommand(noSecrets, "", append([]string{"help"}, args...)...); by != got {
				t.Errorf("modelgate help %q = %+v\nwant what --help prints", args, by)
			}
			for i, line := range strings.Split(got.out, "\n") {
				if len(line) > 130 {
					t.Errorf("line %d has %d columns: %s", i+1, len(line), line)
				}
			}
		})
	}
}
