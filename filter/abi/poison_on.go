//go:build wasip1 && faults

package abi

// poison makes whatever was not kept unusable.
func poison(b []byte) {
	for i := range b {
		b[i] = 0xdb
	}
}
