package testbed

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/modelgate/modelgate/e2e/internal/harness"
)

// authorizerDir is the source of the server of ext_authz. It is a Go module of its own.
const authorizerDir = "examples/external-authorizer/authorizer"

// BuildAuthorizer builds the server of ext_authz from its source into a file.
func BuildAuthorizer(root, out string) error {
	command := exec.Command("go", "build", "-o", out, ".")
	command.Dir = filepath.Join(root, authorizerDir)
	if text, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", authorizerDir, err, text)
	}
	return nil
}

// Authorizer is a running server of ext_authz.
type Authorizer struct {
	Addr    string
	command *exec.Cmd
	ended   sync.WaitGroup
	mu      sync.Mutex
	asked   []string
}

// StartAuthorizer starts a binary that BuildAuthorizer made. addr may have the port 0.
func StartAuthorizer(root, binary, addr string, args ...string) (*Authorizer, error) {
	a := &Authorizer{command: exec.Command(binary, append([]string{"-listen", addr}, args...)...)}
	a.command.Dir, a.command.Stderr = filepath.Join(root, authorizerDir), os.Stderr
	a.command.SysProcAttr = harness.DieWithParent()
	out, err := a.command.StdoutPipe()
	if err == nil {
		err = a.command.Start()
	}
	if err != nil {
		return nil, err
	}
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	if err != nil {
		a.command.Process.Kill()
		return nil, errors.Join(fmt.Errorf("the authorizer did not start: %w", err), a.command.Wait())
	}
	a.Addr = strings.TrimSpace(first)
	a.ended.Go(func() { a.read(lines) })
	return a, nil
}

func (a *Authorizer) read(lines *bufio.Reader) {
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			io.Copy(io.Discard, lines)
			return
		}
		a.mu.Lock()
		a.asked = append(a.asked, strings.TrimSpace(line))
		a.mu.Unlock()
	}
}

// Asked returns a line for each question so far. The server writes it before it answers.
func (a *Authorizer) Asked() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string{}, a.asked...)
}

// Stop ends the server.
func (a *Authorizer) Stop() {
	a.command.Process.Kill()
	a.ended.Wait()
	a.command.Wait()
}
