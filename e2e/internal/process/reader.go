package process

import (
	"io"
	"os"
	"os/exec"
	"testing"
)

// Reader starts a program that answers on its standard output what comes on its standard
// input, and ends with that. The test fails if the program does.
func Reader(t *testing.T, command *exec.Cmd) (in io.WriteCloser, out io.Reader) {
	t.Helper()
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err = command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := command.Wait(); err != nil {
			t.Error(err)
		}
	})
	return in, out
}
