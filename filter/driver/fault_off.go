//go:build !faults

package driver

// The released module has none of the faults of fault_on.go.

// reportStep is by how many bytes the metric waiting_bytes may be wrong: a host call
// for each request would cost more than it tells.
const reportStep = 64 << 10

func faultInRequest([][2]string) {}

// Unguarded reports whether no panic is recovered.
func Unguarded() bool { return false }
