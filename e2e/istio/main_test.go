package istio

import (
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
	os.Exit(testbed.Run(m, func(repository, dir string) error {
		root, shipped = repository, filepath.Join(dir, "modelgate.wasm")
		return testbed.BuildWasm(root, shipped)
	}))
}
