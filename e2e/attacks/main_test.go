//go:build attacks

package attacks

import (
	"flag"
	"os"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

var full = flag.Bool("full", false, "run every attack under every failure policy")

var root, shipped string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(testbed.Run(m, func(repository, dir string) (err error) {
		root = repository
		shipped, err = testbed.Build(root, dir, "modelgate")
		return err
	}))
}
