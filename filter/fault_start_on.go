//go:build wasip1 && faults

package main

import (
	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/filter/driver"
)

// faultAtStart is the fault "worker-start".
func faultAtStart() {
	if !driver.Fault("worker-start") {
		return
	}
	const key = "modelgate/fault/starts"
	starts, _, _ := abi.SharedData(key)
	if err := abi.SetSharedData(key, append(starts, 1), 0); err != nil {
		panic(err)
	}
	if len(starts) >= 2 {
		panic("fault: start")
	}
}
