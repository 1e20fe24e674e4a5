//go:build kserve

package kserve

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/process"
)

// patience bounds every wait for what has to come.
const patience = harness.Patience

// log is what a server wrote about all that arrived.
type log string

// arrival is one line of it.
type arrival struct {
	Via   string `json:"via"`
	Call  string `json:"call"`
	Model string `json:"model"`
	Bytes int    `json:"bytes"`
}

func (a arrival) String() string { return strings.TrimSpace(a.Via + " " + a.Call + " " + a.Model) }

// since returns what has arrived after the first n lines.
func (l log) since(t *testing.T, n int) (list []arrival) {
	t.Helper()
	text, err := os.ReadFile(string(l))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasSuffix(line, "\n") { // it is being written
			break
		}
		var a arrival
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		list = append(list, a)
	}
	return list[min(n, len(list)):]
}

// startKServe serves the sample as iris and as secret.
func startKServe(t *testing.T) (rest, grpc string, l log) {
	t.Helper()
	l = log(filepath.Join(t.TempDir(), "arrived"))
	addrs := process.Serve(t, "iris.py", 2, os.Kill, func(addrs []string) *exec.Cmd {
		return python(t, "-W", "ignore", "iris.py", string(l), "iris", "secret", "--http_port="+process.Port(addrs[0]), "--grpc_port="+process.Port(addrs[1]))
	}, func(addrs []string) error {
		return errors.Join(answers(addrs[0], "/v2/health/ready"), accepts(addrs[1]))
	})
	return addrs[0], addrs[1], l
}

// startLiteLLM runs the proxy as its users do.
func startLiteLLM(t *testing.T) (addr string, l log) {
	t.Helper()
	l = log(filepath.Join(t.TempDir(), "arrived"))
	program := filepath.Join(filepath.Dir(interpreter), "litellm")
	addrs := process.Serve(t, "litellm", 1, os.Kill, func(addrs []string) *exec.Cmd {
		command := python(t, "-W", "ignore", program,
			"--config", "litellm.yaml", "--host", "127.0.0.1", "--port", process.Port(addrs[0]), "--telemetry", "False")
		command.Env = append(command.Env, "SEEN="+string(l))
		return command
	}, func(addrs []string) error {
		return answers(addrs[0], "/health/liveliness")
	})
	return addrs[0], l
}

// answers reports whether a server answers 200.
func answers(addr, path string) error {
	client := http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	response, err := client.Get("http://" + addr + path)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s%s: %s", addr, path, response.Status)
	}
	return nil
}

// accepts reports whether a server takes connections.
func accepts(addr string) error {
	c, err := net.Dial("tcp", addr)
	if err == nil {
		c.Close()
	}
	return err
}
