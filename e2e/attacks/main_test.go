//go:build attacks

package attacks

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

var full = flag.Bool("full", false, "run every attack under every failure policy")

var root, shipped string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "modelgate")
		if err == nil {
			defer os.RemoveAll(dir)
			root, err = testbed.Root()
		}
		if err == nil {
			shipped = filepath.Join(dir, "modelgate.wasm")
			err = testbed.BuildWasm(root, shipped)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}
