package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// TestNativeReplaced puts another library in the place of the one that Envoy has loaded. Envoy
// goes on with that one, also by a configuration that comes later, and has the other when it starts
// again. They are told apart by a request at which the other panics.
func TestNativeReplaced(t *testing.T) {
	testbed.OnlyNative(t, "a library in Envoy's process")
	t.Parallel()
	s, file := load(t, "iap"), filepath.Join(t.TempDir(), "libmodelgate.so")
	replace := func(by string) {
		t.Helper()
		library, err := os.ReadFile(by)
		if err == nil {
			err = os.WriteFile(file+".new", library, 0o600)
		}
		if err == nil {
			err = os.Rename(file+".new", file)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	replace(shipped)
	options := harness.Options{Module: file, Discover: true, Env: map[string]string{"MODELGATE_FAULT": "request"}}
	probe := native(t, s, ana)
	probe.Headers = append(probe.Headers, [2]string{"x-fault", "1"})
	envoy := run(t, s, options)
	replace(faulty)
	if got := ask(t, envoy, probe).Line; got != passed {
		t.Errorf("after another library is there: %s, want %s", got, passed)
	}
	if err := envoy.Push(edit.Set(t, s.Config, "/audit", `"all"`)); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(harness.Patience); ; time.Sleep(20 * time.Millisecond) {
		taken, refused, err := envoy.Pushed()
		if err == nil && taken == 2 && refused == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d configurations are taken, %d refused: %v", taken, refused, err)
		}
	}
	if got := ask(t, envoy, probe).Line; got != passed {
		t.Errorf("with another configuration: %s, want %s", got, passed)
	}
	envoy.Stop()
	if got := ask(t, run(t, s, options), probe).Line; got != "500 internal" {
		t.Errorf("after a restart: %s, want 500 internal", got)
	}
}
