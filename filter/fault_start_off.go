//go:build wasip1 && !faults

package main

func faultAtStart() {}
