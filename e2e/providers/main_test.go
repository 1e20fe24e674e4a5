//go:build providers

package providers

import (
	"flag"
	"os"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// tokens is how many mutated tokens of each provider are compared.
var tokens = flag.Int("tokens", 2000, "mutated tokens of each provider")

// Set once, before the tests.
var root, module string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(testbed.Run(m, func(repository, dir string) (err error) {
		root = repository
		module, err = testbed.Build(root, dir, "modelgate")
		return err
	}))
}

// installed returns what a script below build/tools prints: the path of what it installed.
func installed(t *testing.T, script string) string {
	t.Helper()
	path, err := testbed.Tool(root, script)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
