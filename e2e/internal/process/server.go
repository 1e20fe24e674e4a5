// Package process runs the programs of others that tests need: model servers, and readers
// that answer what they are asked on their standard input.
package process

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// ErrEnded is what a program's end is reported as while it is still wanted.
var ErrEnded = errors.New("the process has ended")

// Serve starts a server on n addresses and waits until it is ready. These servers have to be
// told their ports. One that is free when it is chosen may be taken when the server binds it:
// a server that ends is started again on others. stop is as for Begin.
func Serve(t *testing.T, name string, n int, stop os.Signal, command func(addrs []string) *exec.Cmd, ready func(addrs []string) error) []string {
	t.Helper()
	const tries = 5
	for try := 1; ; try++ {
		addrs := freeAddrs(t, n)
		err := await(Begin(t, command(addrs), name, stop), func() error { return ready(addrs) })
		if err == nil {
			return addrs
		}
		if !errors.Is(err, ErrEnded) || try == tries {
			t.Fatalf("%s, started %d times: %v", name, try, err)
		}
	}
}

// Begin starts a command that ends with the test, and shows what it printed if the test
// fails. stop is the signal that ends it: SIGTERM where it has workers of its own to end; it
// is killed if it takes longer than ten seconds. The channel is closed when the command has
// ended.
func Begin(t *testing.T, command *exec.Cmd, name string, stop os.Signal) (ended <-chan struct{}) {
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
		command.Process.Signal(stop)
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
			return ErrEnded
		case <-late:
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
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

// Port is the port of an address.
func Port(addr string) string {
	_, p, _ := net.SplitHostPort(addr)
	return p
}
