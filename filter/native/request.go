//go:build native

package main

/*
#include "shim.h"
*/
import "C"

import (
	"errors"
	"time"
	"unsafe"

	"github.com/modelgate/modelgate/filter/driver"
	"github.com/modelgate/modelgate/internal/gate"
)

// request is a stream as driver.Request. Its methods are called in the stream's hooks.
type request struct {
	thread     *thread
	stream     *driver.Stream // nil if it is no stream's
	config     *config
	index      uint32
	generation uint32
	open       bool // the request goes on, and no more of its body is needed
	ended      bool // nothing more of the request comes
	replied    bool
	alarm      *alarm // or nil

	// Of the hook that runs.
	c     *C.struct_stream
	pairs [][2]string // the request's headers, in their hook
	parts [2]bodyPart
	whole []byte // what Bytes has returned from the start of a body
	edit  [2]bodyEdit
}

// bodyPart is what is known of a body in the hook that runs.
type bodyPart struct {
	known  bool
	pieces []piece
}

var (
	errHeaders    = errors.New("the host has no such headers")
	errEmptyValue = errors.New("a header's value is empty")
	errBody       = errors.New("the host has no such body")
)

// begin prepares the request for a hook.
func (r *request) begin(c *C.struct_stream) {
	r.c, r.pairs, r.whole = c, nil, nil
	r.parts, r.edit = [2]bodyPart{}, [2]bodyEdit{}
}

// maps are the header maps of Envoy.
var maps = [...]uint32{
	driver.RequestHeaders:  C.envoy_dynamic_module_type_http_header_type_RequestHeader,
	driver.RequestTrailers: C.envoy_dynamic_module_type_http_header_type_RequestTrailer,
	driver.ResponseHeaders: C.envoy_dynamic_module_type_http_header_type_ResponseHeader,
}

func (r *request) Headers(m driver.Map, most int) ([][2]string, error) {
	pairs := r.pairs
	if m != driver.RequestHeaders || pairs == nil {
		pairs = make([][2]string, C.shim_headers_size(r.c, C.int(maps[m])))
		if len(pairs) > 0 && !bool(C.shim_headers(r.c, C.int(maps[m]), unsafe.Pointer(&pairs[0]))) {
			return nil, errHeaders
		}
	}
	return r.thread.copies.pairs(pairs[:min(len(pairs), most)]), nil
}

func (r *request) Edit(m driver.Map, e *gate.Edit) error {
	if !r.thread.commands.edit(maps[m], m == driver.RequestHeaders, e) {
		return errEmptyValue
	}
	return nil
}

func (r *request) Chunk(b driver.Buffer, start, size int) ([]byte, error) {
	pieces, err := r.pieces(b)
	if err != nil {
		return nil, err
	}
	return r.thread.copies.bytes(chunkOf(pieces, start, size)), nil
}

func (r *request) Bytes(b driver.Buffer, start, size int) ([]byte, error) {
	pieces, err := r.pieces(b)
	if err != nil {
		return nil, err
	}
	content := chunkOf(pieces, start, size)
	if len(content) < size {
		r.thread.scratch = appendPieces(r.thread.scratch[:0], pieces, start, size)
		content = r.thread.scratch
	}
	content = r.thread.copies.bytes(content)
	if start == 0 {
		r.whole = content
	}
	return content, nil
}

// pieces returns where the bytes of a body are.
func (r *request) pieces(b driver.Buffer) ([]piece, error) {
	p := &r.parts[b]
	if p.known {
		return p.pieces, nil
	}
	n := int(C.shim_body_slices(r.c, C.int(b)))
	if cap(r.thread.pieces) < n {
		r.thread.pieces = make([]piece, n, 2*n)
	}
	pieces := r.thread.pieces[:n]
	if n > 0 && !bool(C.shim_body(r.c, C.int(b), unsafe.Pointer(&pieces[0]))) {
		return nil, errBody
	}
	p.known, p.pieces = true, pieces
	return pieces, nil
}

func (r *request) Replace(b driver.Buffer, content []byte) error {
	r.edit[b].replace(content, r.whole)
	return nil
}

func (r *request) Prepend(b driver.Buffer, content []byte) error {
	r.edit[b].prepend(content)
	return nil
}

func (r *request) Reply(reply gate.Reply) error {
	r.replied = true
	p := appendReply(nil, reply)
	copy(r.thread.commands.reserve(commandReply, 0, 0, len(p)), p)
	return nil
}

func (r *request) Waker(*driver.Stream) driver.Waker {
	return waker{C.shim_scheduler_new(r.c.filter)}
}

// soon is how long the refusal of a message waits for those before it: Envoy may have to connect
// to their server first.
const soon = 10 * time.Millisecond

func (r *request) WakeSoon(s *driver.Stream, event uint64) {
	r.alarm = newAlarm(r.Waker(s), soon, event)
}

// waker wakes a stream by a scheduler of Envoy's, which it owns.
type waker struct{ scheduler unsafe.Pointer }

func (w waker) Wake(event uint64) {
	C.shim_scheduler_commit(w.scheduler, C.uint64_t(event))
	w.Drop()
}

func (w waker) Drop() { C.shim_scheduler_delete(w.scheduler) }

// finish writes what the hook has left to do to its commands, and returns the result for C.
func (r *request) finish(action driver.Action) C.int {
	for b := range r.edit {
		if e := &r.edit[b]; e.edited {
			c := &r.thread.commands
			copy(c.reserve(commandBody, uint32(b), e.keep, len(e.front)), e.front)
		}
	}
	result := C.int(action)
	if r.open {
		result |= C.RESULT_OPEN
	}
	needsResponse := r.stream.NeedsResponse()
	if needsResponse {
		result |= C.RESULT_NEEDS_RESPONSE
	}
	if r.replied || r.open && r.ended && !needsResponse && !r.stream.AwaitsRoute() {
		r.end()
		result |= C.RESULT_ENDED
	}
	if cap(r.thread.scratch) > maxScratch {
		r.thread.scratch = nil
	}
	return result
}
