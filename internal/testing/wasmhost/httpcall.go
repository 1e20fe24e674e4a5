package wasmhost

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"time"
)

// HTTPCall is a call to a cluster that the guest has made and that has not been
// answered. It belongs to the root context, so it outlives the stream in whose
// callback it was made, and it is gone once the root context is.
type HTTPCall struct {
	Cluster  string
	Headers  [][2]string
	Body     []byte
	Trailers [][2]string
	Timeout  time.Duration // zero is none; keeping it is up to the test

	root  *Stream
	token uint32
}

// callReply is what a call's callback can read.
type callReply struct {
	headers, trailers headerMap
	body              []byte
}

// of is a header map of the reply; nil has none.
func (a *callReply) of(kind uint32) (*headerMap, Status) {
	switch {
	case a == nil:
	case kind == callHeaders:
		return &a.headers, OK
	case a.trailers.received:
		return &a.trailers, OK
	}
	return nil, BadArgument
}

// errNotPending is returned for a call that was answered or cancelled.
var errNotPending = errors.New("wasmhost: the call is not pending")

// Calls are the calls that wait for an answer, in the order they were made.
func (vm *VM) Calls() []*HTTPCall { return slices.Clone(vm.calls) }

// Respond answers the call. Envoy answers for a cluster that cannot be reached
// (503) or does not answer in time (504), and the guest cannot tell.
func (c *HTTPCall) Respond(headers [][2]string, body []byte, trailers ...[2]string) error {
	a := &callReply{headers: newHeaderMap(headers, false), body: bytes.Clone(body)}
	if len(trailers) > 0 {
		a.trailers = newHeaderMap(trailers, false)
	}
	return c.finish(a, uint64(len(headers)), uint64(len(body)), uint64(len(trailers)))
}

// Fail has the call's stream reset. The guest gets no headers.
func (c *HTTPCall) Fail() error { return c.finish(nil, 0, 0, 0) }

func (c *HTTPCall) finish(a *callReply, sizes ...uint64) error {
	vm := c.root.vm
	at := slices.Index(vm.calls, c)
	if at < 0 {
		return errNotPending
	}
	vm.calls = slices.Delete(vm.calls, at, at+1)
	c.root.plugin.reply = a
	// Out of reach for what the callback has caused, as resumed streams.
	vm.after(func() { c.root.plugin.reply = nil })
	vm.run(c.root, "proxy_on_http_call_response", 0, append([]uint64{uint64(c.token)}, sizes...)...)
	c.root.plugin.reply = nil
	return vm.failure
}

// cancel drops the calls of a root context.
func (vm *VM) cancel(root *Stream) {
	vm.calls = slices.DeleteFunc(vm.calls, func(c *HTTPCall) bool { return c.root == root })
}

// httpCall makes a call, on the root context whichever context asks. A cluster
// without a healthy host, for which Envoy answers InternalFailure at once, is
// modelled by [Options.Fail].
func httpCall(c call) Status {
	const longest = 1<<31 - 1 // milliseconds; beyond it Envoy reads a negative number
	c.put32(9, 0)             // the memory is tried before the call is made
	request := newHeaderMap(decodePairs(c.bytes(2)), true)
	if c.u32(8) > longest || !slices.Contains(c.vm.options.Clusters, c.text(0)) {
		return BadArgument
	}
	for _, name := range []string{":path", ":method", ":authority"} {
		if _, ok := request.get(name); !ok {
			return BadArgument
		}
	}
	body := bytes.Clone(c.bytes(4))
	if len(body) > 0 {
		request.replace("content-length", strconv.Itoa(len(body)))
	}
	trailers := newHeaderMap(decodePairs(c.bytes(6)), false)
	c.vm.nextCall++
	c.vm.calls = append(c.vm.calls, &HTTPCall{
		Cluster: c.text(0), Headers: request.pairs, Body: body, Trailers: trailers.pairs,
		Timeout: time.Duration(c.u32(8)) * time.Millisecond, root: c.root(), token: c.vm.nextCall,
	})
	c.put32(9, c.vm.nextCall)
	return OK
}
