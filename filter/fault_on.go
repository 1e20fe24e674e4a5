//go:build wasip1 && faults

package main

import (
	"syscall"

	"github.com/modelgate/modelgate/filter/abi"
)

// This file is built only into the module of the tests that show what a fault
// does in a real proxy. The faults come from the VM's environment:
//
//	MODELGATE_FAULT=worker-start  every start after the first two panics, which
//	                              is past Envoy's base VM and its main thread
//	MODELGATE_FAULT=request       a request with the header x-fault panics
//	MODELGATE_FAULT=memory        a request with the header x-fault takes all memory
//	MODELGATE_FAULT=verify        a request with the header x-fault has signatures
//	                              verified by the host
//	MODELGATE_UNGUARDED=1         the guards are off, to show what they are for

func fault(name string) bool {
	value, _ := syscall.Getenv("MODELGATE_FAULT")
	return value == name
}

func unguarded() bool {
	value, _ := syscall.Getenv("MODELGATE_UNGUARDED")
	return value == "1"
}

func faultAtStart(string) {
	if !fault("worker-start") {
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

func faultInRequest(pairs [][2]string) {
	for _, p := range pairs {
		if p[0] != "x-fault" {
			continue
		}
		if fault("verify") {
			faultVerify(pairs)
		}
		if fault("request") {
			panic("fault: request")
		}
		for taken := [][]byte{}; fault("memory"); {
			taken = append(taken, make([]byte, 64<<20))
		}
	}
}
