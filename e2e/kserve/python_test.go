//go:build kserve

package kserve

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// Set once, before the tests.
var root, interpreter, wasm string

func TestMain(m *testing.M) {
	os.Exit(testbed.Run(m, func(repository, dir string) (err error) {
		root, wasm = repository, filepath.Join(dir, "modelgate.wasm")
		if err = testbed.BuildWasm(root, wasm); err == nil {
			interpreter, err = install(root)
		}
		return err
	}))
}

// install returns the Python that build/tools/kserve prints. It may install it first,
// which takes minutes and the network.
func install(root string) (string, error) {
	script := exec.Command(filepath.Join(root, "build", "tools", "kserve"))
	script.Stderr = os.Stderr
	path, err := script.Output()
	if err != nil {
		return "", fmt.Errorf("build/tools/kserve: %w", err)
	}
	return strings.TrimSpace(string(path)), nil
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

// begin starts a command that ends with the test, and shows what it printed if
// the test fails. The channel is closed when the command has ended.
func begin(t *testing.T, command *exec.Cmd, name string) (ended <-chan struct{}) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	if command.Stderr = log; command.Stdout == nil {
		command.Stdout = log
	}
	command.SysProcAttr = harness.DieWithParent()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		command.Wait()
	}()
	t.Cleanup(func() {
		command.Process.Kill()
		<-done
		log.Close()
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("%s printed:\n%s", name, text[max(0, len(text)-4000):])
		}
	})
	return done
}
