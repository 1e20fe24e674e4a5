//go:build wasip1 && !faults

package abi

func poison([]byte) {}
