//go:build native

package main

/*
#include "shim.h"
*/
import "C"

import (
	"runtime/cgo"
	"unsafe"

	"github.com/modelgate/modelgate/filter/driver"
)

// This file has what the hooks in C call.

//export goInit
func goInit(workers C.uint32_t) { threads = make([]*thread, workers) }

// goRequestHeaders begins a stream. The headers are an array of envoy_http_header, which has the
// layout of an array of pairs of strings.
//
//export goRequestHeaders
func goRequestHeaders(c *C.struct_stream, headers unsafe.Pointer, count C.size_t, end C.bool) (result C.int) {
	defer recoverHook(&result)
	t := threadOf(c.worker)
	t.begin(c.worker)
	r := t.add()
	r.begin(c)
	r.config = cgo.Handle(c.config.plugin).Value().(*config)
	r.open, r.ended, r.replied = false, bool(end), false
	r.stream = r.config.worker(int(c.worker.index), t).NewStream(0, r)
	if narrowings.Load() > 0 {
		r.stream.AwaitRoute()
	}
	r.pairs = unsafe.Slice((*[2]string)(headers), count)
	c.handle = C.uint64_t(r.toldHandle())
	result = r.finishRequest(r.stream.RequestHeaders(bool(end)))
	t.yield()
	return result
}

// recoverHook is deferred by each hook. It recovers a panic of this package: those of the driver
// it recovers itself.
func recoverHook(result *C.int) {
	if driver.Unguarded() {
		return
	}
	if p := recover(); p != nil {
		logLine(driver.Critical, "model gate: panic: ", driver.PanicText(p))
		*result = C.RESULT_FAILED
	}
}

// hook runs a hook of a stream that has begun.
func hook(c *C.struct_stream, call func(r *request) C.int) (result C.int) {
	defer recoverHook(&result)
	t := threadOf(c.worker)
	t.begin(c.worker)
	r := t.find(uint64(c.handle))
	if r == nil {
		logLine(driver.Critical, "model gate: the host called back for an unknown stream")
		return C.RESULT_FAILED
	}
	r.begin(c)
	return call(r)
}

// finishRequest is finish for a hook of the request.
func (r *request) finishRequest(action driver.Action) C.int {
	r.open = action == driver.Forward && !r.stream.NeedsRequestBody()
	return r.done(action)
}

// done is finish, with the number of bytes of the commands, and with what is lost of them.
func (r *request) done(action driver.Action) C.int {
	c := r.c
	result := r.finish(action)
	commands := &r.thread.commands
	c.worker.used = C.size_t(commands.used)
	r.thread.copies.overwrite()
	if commands.failed {
		result |= C.RESULT_FAILED
	}
	return result
}

// headGone says before a later part of the request that the head has gone on, if it has.
func (r *request) headGone() {
	if r.c.sent {
		r.stream.HeadGone()
	}
}

//export goRequestBody
func goRequestBody(c *C.struct_stream, size C.size_t, end C.bool) C.int {
	return hook(c, func(r *request) C.int {
		r.headGone()
		r.ended = r.ended || bool(end)
		return r.finishRequest(r.stream.RequestBody(int(size), bool(end)))
	})
}

//export goRequestTrailers
func goRequestTrailers(c *C.struct_stream) C.int {
	return hook(c, func(r *request) C.int {
		r.headGone()
		r.ended = true
		return r.finishRequest(r.stream.RequestTrailers())
	})
}

//export goResponseHeaders
func goResponseHeaders(c *C.struct_stream, end C.bool) C.int {
	return hook(c, func(r *request) C.int { return r.done(r.stream.ResponseHeaders(bool(end))) })
}

//export goResponseBody
func goResponseBody(c *C.struct_stream, size C.size_t, end C.bool) C.int {
	return hook(c, func(r *request) C.int { return r.done(r.stream.ResponseBody(int(size), bool(end))) })
}

//export goResponseTrailers
func goResponseTrailers(c *C.struct_stream) C.int {
	return hook(c, func(r *request) C.int { return r.done(r.stream.ResponseTrailers()) })
}

//export goScheduled
func goScheduled(c *C.struct_stream, event C.uint64_t) C.int {
	return hook(c, func(r *request) C.int { return r.finishRequest(r.stream.Wake(uint64(event))) })
}

//export goEnd
func goEnd(c *C.struct_stream) {
	hook(c, func(r *request) C.int {
		r.end()
		c.worker.used = C.size_t(r.thread.commands.used)
		return 0
	})
}
