//go:build wasip1 && !faults

package main

// The released module has none of the faults of fault_on.go.

func faultAtStart(string)        {}
func faultInRequest([][2]string) {}
func unguarded() bool            { return false }
