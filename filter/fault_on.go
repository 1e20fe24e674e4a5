//go:build wasip1 && faults

package main

import (
	"syscall"

	"github.com/modelgate/modelgate/filter/abi"
)

// This file is only in the module that tests build with the tag "faults", to show
// what a fault does in a real proxy. The VM's environment selects the fault:
//
//	MODELGATE_FAULT=worker-start  every start after the first two panics: Envoy's
//	                              base VM and main thread start, its workers panic
//	MODELGATE_FAULT=request       a request with the header x-fault panics
//	MODELGATE_FAULT=memory        a request with the header x-fault allocates all memory
//	MODELGATE_FAULT=verify        a request with the header x-fault lets the host
//	                              verify signatures: see faultVerify
//	MODELGATE_UNGUARDED=1         no panic is recovered, to show what recovering is for

// reportStep makes the metric waiting_bytes exact, for tests.
const reportStep = 1

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
		for blocks := [][]byte{}; fault("memory"); {
			blocks = append(blocks, make([]byte, 64<<20))
		}
	}
}
