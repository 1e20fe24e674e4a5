//go:build kubernetes

package kubernetes

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// Set once, before the tests: the repository, and in it or beside it what was built.
var root, tools, module, modelgate string

func TestMain(m *testing.M) {
	os.Exit(testbed.Run(m, func(repository, dir string) (err error) {
		root, module, modelgate = repository, filepath.Join(dir, "modelgate.wasm"), filepath.Join(dir, "modelgate")
		if tools, err = testbed.Tool(root, "kubernetes/build"); err != nil {
			return err
		}
		if err := testbed.BuildWasm(root, module); err != nil {
			return err
		}
		build := exec.Command("go", "build", "-o", modelgate, "./cmd/modelgate")
		build.Dir, build.Stderr = root, os.Stderr
		return build.Run()
	}))
}
