//go:build wasip1 && !faults

package main

// The released module has none of the faults of fault_on.go.

// reportStep is by how many bytes the metric waiting_bytes may be wrong: a host call
// for each request would cost more than it tells.
const reportStep = 64 << 10

func faultAtStart(string)        {}
func faultInRequest([][2]string) {}
func unguarded() bool            { return false }
