//go:build wasip1 && !faults

package main

// What fault_on.go provokes, the module that ships cannot.

func faultAtStart(string)        {}
func faultInRequest([][2]string) {}
func unguarded() bool            { return false }
