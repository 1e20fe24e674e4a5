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
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
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
	addrs := serve(t, "iris.py", 2, func(addrs []string) *exec.Cmd {
		return python(t, "-W", "ignore", "iris.py", string(l), "iris", "secret", "--http_port="+port(addrs[0]), "--grpc_port="+port(addrs[1]))
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
	addrs := serve(t, "litellm", 1, func(addrs []string) *exec.Cmd {
		command := python(t, "-W", "ignore", program,
			"--config", "litellm.yaml", "--host", "127.0.0.1", "--port", port(addrs[0]), "--telemetry", "False")
		command.Env = append(command.Env, "SEEN="+string(l))
		return command
	}, func(addrs []string) error {
		return answers(addrs[0], "/health/liveliness")
	})
	return addrs[0], l
}

// serve starts a server on n addresses and waits until it is ready. These servers
// have to be told their ports. One that is free when it is chosen may be taken when
// the server binds it: a server that ends is started again on others.
func serve(t *testing.T, name string, n int, command func([]string) *exec.Cmd, ready func([]string) error) []string {
	t.Helper()
	const tries = 5
	for try := 1; ; try++ {
		addrs := freeAddrs(t, n)
		err := await(begin(t, command(addrs), name), func() error { return ready(addrs) })
		if err == nil {
			return addrs
		}
		if !errors.Is(err, errEnded) || try == tries {
			t.Fatalf("%s, started %d times: %v", name, try, err)
		}
	}
}

var errEnded = errors.New("the process has ended")

// await waits until a process is ready or has ended.
func await(ended <-chan struct{}, ready func() error) error {
	late := time.After(patience)
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return errEnded
		case <-late:
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
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

// freeAddrs are different addresses on the loopback that were free a moment ago.
func freeAddrs(t *testing.T, n int) (addrs []string) {
	t.Helper()
	for len(addrs) < n {
		p, err := testbed.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		if addr := "127.0.0.1:" + p; !slices.Contains(addrs, addr) {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

func port(addr string) string {
	_, p, _ := net.SplitHostPort(addr)
	return p
}
