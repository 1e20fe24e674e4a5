//go:build clients

package clients

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// Set once, before the tests. installed is the directory with the clients.
var root, installed, module string

func TestMain(m *testing.M) {
	os.Exit(testbed.Run(m, func(repository, dir string) (err error) {
		root = repository
		if module, err = testbed.Build(root, dir, "modelgate"); err == nil {
			installed, err = testbed.Tool(root, "clients")
		}
		return err
	}))
}

// startGate runs a gate in front of a server, and mints a token of a caller who may use one
// model. Each library puts the token where it puts its API's key.
func startGate(t *testing.T, server *llm) (addr, token string) {
	t.Helper()
	s, err := corpus.LoadConfig(filepath.Join(root, "e2e", "clients", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	envoy, err := harness.StartEnvoy(harness.Options{
		Bootstrap: filepath.Join(root, "examples", "vllm", "envoy.yaml"), PluginConfig: s.Config, Module: module,
		Upstreams: map[string]string{"llm": server.addr}, LogLevel: "warning",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		envoy.Stop()
		if log := envoy.Log(); t.Failed() {
			t.Logf("Envoy wrote:\n%s", log[max(0, len(log)-4000):])
		}
	})
	claims := map[string]any{"email": "ana@example.com", "email_verified": true, "exp": "now+30m"}
	token, err = s.Mint(corpus.Token{Issuer: "corp", Claims: claims}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return envoy.Addr(), token
}

// result is what a call came to: an answer, or the class of a library's error.
type result struct{ Answer, Error, Says string }

// run runs the calls in one program, and returns what each came to.
func run(t *testing.T, addr, token string, program *exec.Cmd, own []call) (results []result) {
	t.Helper()
	asked, err := json.Marshal(map[string]any{"addr": addr, "token": token, "calls": own})
	if err != nil {
		t.Fatal(err)
	}
	var errors bytes.Buffer
	program.Stdin, program.Stderr = bytes.NewReader(asked), &errors
	out, err := program.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", program, err, errors.String())
	}
	for line := range strings.Lines(string(out)) {
		var r result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		results = append(results, r)
	}
	if len(results) != len(own) {
		t.Fatalf("%v: %d results of %d calls: %v", program, len(results), len(own), results)
	}
	return results
}

// program returns the command that makes a library's calls.
func program(t *testing.T, library string) *exec.Cmd {
	t.Helper()
	directory := filepath.Join(root, "e2e", "clients")
	if library == "node" {
		return exec.CommandContext(t.Context(), "node", filepath.Join(directory, "node", "clients.mjs"), installed)
	}
	if library == "cohere" || library == "gemini" {
		library = "others"
	}
	command := exec.CommandContext(t.Context(), filepath.Join(installed, "bin", "python"), "-W", "ignore",
		filepath.Join(directory, "python", library+"_clients.py"))
	command.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "LANGCHAIN_TRACING_V2=false", "ANONYMIZED_TELEMETRY=False")
	return command
}
