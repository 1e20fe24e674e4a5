//go:build kserve

package kserve

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// Set once, before the tests.
var root, interpreter, module string

func TestMain(m *testing.M) {
	os.Exit(testbed.Run(m, func(repository, dir string) (err error) {
		root = repository
		if module, err = testbed.Build(root, dir, "modelgate"); err == nil {
			interpreter, err = testbed.Tool(root, "kserve")
		}
		return err
	}))
}

// python is a command that runs one of the programs in the directory python.
func python(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	command := exec.Command(interpreter, arguments...)
	command.Dir = filepath.Join(root, "e2e", "kserve", "python")
	command.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1", "PYTHONFAULTHANDLER=1",
		"LITELLM_LOCAL_MODEL_COST_MAP=True") // not from the network
	return command
}
