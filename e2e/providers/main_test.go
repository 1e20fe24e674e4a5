//go:build providers

package providers

import (
	"flag"
	"fmt"
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
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "modelgate")
		if err == nil {
			defer os.RemoveAll(dir)
			root, err = testbed.Root()
		}
		if err == nil {
			wasm = filepath.Join(dir, "modelgate.wasm")
			err = testbed.BuildWasm(root, wasm)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
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
