//go:build native

package main

/*
#include "shim.h"
*/
import "C"

import (
	"runtime/cgo"
	"sync/atomic"
	"unsafe"

	"github.com/modelgate/modelgate/filter/driver"
	"github.com/modelgate/modelgate/internal/gate"
)

// narrowings is how many documents of routes are loaded. While there are any, the gate keeps
// of each request what it must know once the route is chosen.
var narrowings atomic.Int64

// goRouteNew reads the document of a route. It returns 0 if Envoy must reject it.
//
//export goRouteNew
func goRouteNew(text unsafe.Pointer, size C.size_t) (handle C.uintptr_t) {
	defer func() {
		if p := recover(); p != nil {
			logLine(driver.Critical, "model gate: panic: ", driver.PanicText(p))
			handle = 0
		}
	}()
	d, err := gate.NewNarrowingDocument(C.GoStringN((*C.char)(text), C.int(size)))
	if err != nil {
		logLine(driver.Critical, "model gate: the narrowing of a route has errors:\n", err.Error())
		return 0
	}
	narrowings.Add(1)
	return C.uintptr_t(cgo.NewHandle(d))
}

//export goRouteDestroy
func goRouteDestroy(handle C.uintptr_t) {
	defer logPanic()
	narrowings.Add(-1)
	cgo.Handle(handle).Delete()
}

// goNarrow asks the narrowing of the stream's route, which is known now.
//
//export goNarrow
func goNarrow(c *C.struct_stream, handle C.uintptr_t) C.int {
	return hook(c, func(r *request) C.int {
		d, _ := cgo.Handle(handle).Value().(*gate.NarrowingDocument)
		return r.finishRequest(r.stream.Narrow(d))
	})
}
