//go:build servers || vllm

package servers

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/process"
)

// serve starts a server, which ends its own workers.
func serve(t *testing.T, name string, n int, command func(addrs []string) *exec.Cmd, ready func(addrs []string) error) []string {
	t.Helper()
	return process.Serve(t, name, n, syscall.SIGTERM, command, ready)
}

// client asks the servers. A request to a worker of TorchServe that restarts has no end.
var client = http.Client{Timeout: 20 * time.Second}

// answers reports whether a server answers 200.
func answers(method, url string) error {
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

// write writes a file and the directories it is in.
func write(t *testing.T, path, text string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// testdata is a file of the directory testdata.
func testdata(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
