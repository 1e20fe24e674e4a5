// Package attacks tries to knock a gate out in a real Envoy, with what a caller
// without any right or with one grant can send. The others must be served meanwhile
// and afterwards, and the VM must live.
//
//	go test ./attacks -v                each attack once
//	go test ./attacks -v -args -full    with both failure policies, and stronger
package attacks

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

var full = flag.Bool("full", false, "run every attack under every failure policy")

var root, shipped string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "modelgate")
		if err == nil {
			defer os.RemoveAll(dir)
			root, err = testbed.Root()
		}
		if err == nil {
			shipped = filepath.Join(dir, "modelgate.wasm")
			err = testbed.BuildWasm(root, shipped)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}
