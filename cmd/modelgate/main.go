// Command modelgate checks a configuration of model gate, tells offline what the
// filter would answer, and writes the routes that Istio needs. It runs the same
// code as the filter.
package main

import (
	"io"
	"os"
	"syscall"

	"github.com/modelgate/modelgate/internal/authn"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, syscall.Getenv))
}

// terminal is what a command has of the world.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	secrets  authn.Secrets // the environment variables with symmetric keys
}

// run runs the command that args name and returns the exit status.
func run(args []string, in io.Reader, out, err io.Writer, secrets authn.Secrets) int {
	t := &terminal{in, out, err, secrets}
	root := newRoot(t)
	root.SetArgs(args)
	command, failure := root.ExecuteC()
	return t.end(command, failure)
}
