//go:build wasip1 && faults

package abi

// poison overwrites memory, so that a test fails if something still uses it.
func poison(b []byte) {
	for i := range b {
		b[i] = 0xdb
	}
}
