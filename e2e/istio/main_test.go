package istio

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"istio.io/istio/pilot/pkg/features"
	"istio.io/istio/pkg/log"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// Built once, from the sources.
var root, shipped string

// faulty is the module with the faults, built where a test asks for it.
var faulty = sync.OnceValues(func() (string, error) {
	file := shipped + ".faults"
	return file, testbed.BuildWasm(root, file, "-tags=faults")
})

func TestMain(m *testing.M) {
	// Filters of Istio's own build of Envoy, which upstream's does not know:
	// PILOT_ENABLE_METADATA_EXCHANGE and PILOT_ENABLE_ALPN_FILTER.
	features.MetadataExchange, features.ALPNFilter = false, false
	quiet := log.DefaultOptions()
	quiet.SetDefaultOutputLevel(log.OverrideScopeName, log.ErrorLevel)
	if err := log.Configure(quiet); err != nil {
		panic(err)
	}
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
