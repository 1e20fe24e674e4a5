package scan_test

import (
	"testing"

	"github.com/modelgate/modelgate/internal/scan"
	"github.com/modelgate/modelgate/internal/testing/watch"
)

// TestTables: what the tests of this package watch is usable.
func TestTables(t *testing.T) {
	keys, fields := scan.Tables()
	for _, k := range keys {
		if err := watch.CheckKeys(k); err != nil {
			t.Error(err)
		}
	}
	for _, f := range fields {
		if err := watch.CheckFields(f); err != nil {
			t.Error(err)
		}
	}
}
