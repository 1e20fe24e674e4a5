//go:build kserve

package kserve

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience with a server that starts: LiteLLM alone takes twenty seconds of a
// processor.
const patience = 5 * time.Minute

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
	rest, grpc = freeAddr(t), freeAddr(t)
	begin(t, python(t, "-W", "ignore", "iris.py", string(l), "iris", "secret", "--http_port="+port(rest), "--grpc_port="+port(grpc)), "iris.py")
	await(t, rest, "/v2/health/ready")
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		if c, err := net.Dial("tcp", grpc); err == nil {
			c.Close()
			return rest, grpc, l
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// startLiteLLM runs the proxy as its users do.
func startLiteLLM(t *testing.T) (addr string, l log) {
	t.Helper()
	l = log(filepath.Join(t.TempDir(), "arrived"))
	addr = freeAddr(t)
	command := python(t, "-W", "ignore", filepath.Join(filepath.Dir(interpreter), "litellm"), "--config", "litellm.yaml", "--host", "127.0.0.1", "--port", port(addr), "--telemetry", "False")
	command.Env = append(command.Env, "SEEN="+string(l))
	begin(t, command, "litellm")
	await(t, addr, "/health/liveliness")
	return addr, l
}

func await(t *testing.T, addr, path string) {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second}
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		response, err := client.Get("http://" + addr + path)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
			err = fmt.Errorf("%s", response.Status)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s%s: %v", addr, path, err)
		}
	}
}

// freeAddr is an address on the loopback that was free a moment ago.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func port(addr string) string {
	_, p, _ := net.SplitHostPort(addr)
	return p
}
