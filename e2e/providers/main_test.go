//go:build providers

package providers

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// tokens is how many mutated tokens of each provider are compared.
var tokens = flag.Int("tokens", 2000, "mutated tokens of each provider")

// Set once, before the tests.
var root, wasm string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(testbed.Run(m, func(repository, dir string) error {
		root, wasm = repository, filepath.Join(dir, "modelgate.wasm")
		return testbed.BuildWasm(root, wasm)
	}))
}

// installed returns what a script below build/tools prints: the path of what it installed.
func installed(t *testing.T, script string) string {
	t.Helper()
	command := exec.Command(filepath.Join(root, "build", "tools", script))
	command.Stderr = os.Stderr
	path, err := command.Output()
	if err != nil {
		t.Fatalf("build/tools/%s: %v", script, err)
	}
	return strings.TrimSpace(string(path))
}
