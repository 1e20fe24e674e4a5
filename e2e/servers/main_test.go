//go:build servers || vllm

package servers

import (
	"flag"
	"os"
	"sync"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

var (
	requests = flag.Int("requests", 30_000, "how many requests the oracle generates")
	send     = flag.Int("send", 6000, "how many of those that are allowed go to the servers, at most")
	seed     = flag.Uint64("seed", 1, "of the requests: the same seed makes the same requests")
	one      = flag.Int("one", -1, "only the request of this number")
)

// Set once, before the tests.
var (
	root, module string
	python       = map[string]string{} // of each server
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(testbed.Run(m, func(repository, dir string) (err error) {
		root = repository
		if module, err = testbed.Build(root, dir, "modelgate"); err != nil {
			return err
		}
		return install()
	}))
}

// names are the servers that the tests of this build want.
var names []string

// install has build/tools/modelserver install the servers at the same time. The first time
// it takes a minute and the network.
func install() error {
	var group sync.WaitGroup
	paths, errs := make([]string, len(names)), make([]error, len(names))
	for i, name := range names {
		group.Go(func() {
			paths[i], errs[i] = testbed.Tool(root, "modelserver", name)
		})
	}
	group.Wait()
	for i, name := range names {
		if errs[i] != nil {
			return errs[i]
		}
		python[name] = paths[i]
	}
	return nil
}
