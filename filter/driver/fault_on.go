//go:build faults

package driver

import "syscall"

// This file is only in the modules that tests build with the tag "faults", to show
// what a fault does in a real proxy. The environment of the VM or the proxy selects the fault:
//
//	MODELGATE_FAULT=worker-start  every start after the first two panics: Envoy's
//	                              base VM and main thread start, its workers panic
//	MODELGATE_FAULT=request       a request with the header x-fault panics
//	MODELGATE_FAULT=memory        a request with the header x-fault allocates all memory
//	MODELGATE_FAULT=handle        a dynamic module's later hooks of a request with the
//	                              header x-fault come with a handle that no stream has
//	MODELGATE_FAULT=verify        a request with the header x-fault lets the host
//	                              verify signatures: see FaultVerify
//	MODELGATE_UNGUARDED=1         no panic is recovered, to show what recovering is for

// reportStep makes the metric waiting_bytes exact, for tests.
const reportStep = 1

// Fault reports whether the environment selects a fault.
func Fault(name string) bool {
	value, _ := syscall.Getenv("MODELGATE_FAULT")
	return value == name
}

// Unguarded reports whether no panic is recovered.
func Unguarded() bool {
	value, _ := syscall.Getenv("MODELGATE_UNGUARDED")
	return value == "1"
}

// FaultVerify is what the fault "verify" runs, if the host has it.
var FaultVerify func(pairs [][2]string)

func faultInRequest(pairs [][2]string) {
	for _, p := range pairs {
		if p[0] != "x-fault" {
			continue
		}
		if Fault("verify") && FaultVerify != nil {
			FaultVerify(pairs)
		}
		if Fault("request") {
			panic("fault: request")
		}
		for blocks := [][]byte{}; Fault("memory"); {
			blocks = append(blocks, make([]byte, 64<<20))
		}
	}
}
