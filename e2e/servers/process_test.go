//go:build servers || vllm

package servers

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// serve starts a server on n addresses and waits until it is ready. These servers have to be
// told their ports. One that is free when it is chosen may be taken when the server binds it:
// a server that ends is started again on others.
func serve(t *testing.T, name string, n int, command func(addrs []string) *exec.Cmd, ready func(addrs []string) error) []string {
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

// begin starts a command that ends with the test, and shows what it printed if the test
// fails. The channel is closed when the command has ended.
func begin(t *testing.T, command *exec.Cmd, name string) (ended <-chan struct{}) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout, command.Stderr = log, log
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
		command.Process.Signal(syscall.SIGTERM) // so that it ends its own workers
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			command.Process.Kill()
			<-done
		}
		log.Close()
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("%s printed:\n%s", name, text[max(0, len(text)-4000):])
		}
	})
	return done
}

var errEnded = errors.New("the process has ended")

// await waits until a process is ready or has ended.
func await(ended <-chan struct{}, ready func() error) error {
	late := time.After(harness.Patience)
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
