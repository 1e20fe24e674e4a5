//go:build native

package main

import (
	"runtime/debug"
	"testing"
)

// TestTheMemoryLimitIsThatOfTheConfigurationWhichLetsMostWait also holds that a smaller configuration
// does not lower it: requests may still wait by the larger one.
func TestTheMemoryLimitIsThatOfTheConfigurationWhichLetsMostWait(t *testing.T) {
	for _, c := range []struct {
		before, wanted int64 // bytes
	}{
		{0, 4*(256+64)<<20 + 128<<20},
		{8 << 30, 8 << 30},
	} {
		t.Run("", func(t *testing.T) {
			unlimited := debug.SetMemoryLimit(-1)
			defer debug.SetMemoryLimit(unlimited)
			defer func() { memory.limit = 0 }()
			memory.limit = c.before
			debug.SetMemoryLimit(max(c.before, 1))
			limitMemory(4, 256<<20)
			limitMemory(4, 1<<20)
			if got := debug.SetMemoryLimit(-1); got != c.wanted {
				t.Errorf("the limit must be %d; got %d", c.wanted, got)
			}
		})
	}
	t.Run("GOMEMLIMIT", func(t *testing.T) {
		before := debug.SetMemoryLimit(-1)
		t.Setenv("GOMEMLIMIT", "1GiB")
		limitMemory(4, 256<<20)
		if got := debug.SetMemoryLimit(-1); got != before || memory.limit != 0 {
			t.Errorf("the limit must stay %d, which the environment gives; got %d", before, got)
		}
	})
}
