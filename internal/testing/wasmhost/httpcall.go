package wasmhost

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"time"
)

// HTTPCall is a pending HTTP call of the guest to a cluster. It belongs to the root
// context: it outlives the stream in whose callback it was made, and ends with the
// root context.
type HTTPCall struct {
	Cluster  string
	Headers  [][2]string
	Body     []byte
	Trailers [][2]string
	Timeout  time.Duration // zero is none; a test that needs it calls Respond with a 504

	root  *Stream
	token uint32
}

// callReply is the response that the callback of a call can read.
type callReply struct {
	headers, trailers headerMap
	body              []byte
}

// lookup returns a header map of the response. A nil callReply has none.
func (a *callReply) lookup(kind uint32) (*headerMap, Status) {
	switch {
	case a == nil:
	case kind == callHeaders:
		return &a.headers, OK
	case a.trailers.received:
		return &a.trailers, OK
	}
	return nil, BadArgument
}

// errNotPending is the error for a call that has a response or was cancelled.
var errNotPending = errors.New("wasmhost: the call is not pending")

// PendingCalls returns the calls without a response, in the order they were made.
func (vm *VM) PendingCalls() []*HTTPCall { return slices.Clone(vm.calls) }

// Respond delivers the response to the call. If a cluster cannot be reached or does
// not respond in time, Envoy delivers a response of its own, with 503 or 504, which
// the guest cannot distinguish.
func (c *HTTPCall) Respond(headers [][2]string, body []byte, trailers ...[2]string) error {
	a := &callReply{headers: newHeaderMap(headers, false), body: bytes.Clone(body)}
	if len(trailers) > 0 {
		a.trailers = newHeaderMap(trailers, false)
	}
	return c.finish(a, uint64(len(headers)), uint64(len(body)), uint64(len(trailers)))
}

// Fail resets the call's stream. The guest gets a response without headers.
func (c *HTTPCall) Fail() error { return c.finish(nil, 0, 0, 0) }

func (c *HTTPCall) finish(a *callReply, sizes ...uint64) error {
	vm := c.root.vm
	at := slices.Index(vm.calls, c)
	if at < 0 {
		return errNotPending
	}
	vm.calls = slices.Delete(vm.calls, at, at+1)
	c.root.plugin.reply = a
	// The response is no longer readable in callbacks that this one causes, such as
	// those of a resumed stream.
	vm.deferEffect(func() { c.root.plugin.reply = nil })
	vm.runCallback(c.root, "proxy_on_http_call_response", 0, append([]uint64{uint64(c.token)}, sizes...)...)
	c.root.plugin.reply = nil
	return vm.failure
}

// cancelCalls removes the calls of a root context.
func (vm *VM) cancelCalls(root *Stream) {
	vm.calls = slices.DeleteFunc(vm.calls, func(c *HTTPCall) bool { return c.root == root })
}

// httpCall makes a call. The call belongs to the root context, whichever context the
// guest acts for. For a cluster without a healthy host Envoy returns InternalFailure
// at once; [Options.Fail] models that.
func httpCall(c call) Status {
	const longest = 1<<31 - 1 // milliseconds; beyond it Envoy reads a negative number
	c.put32(9, 0)             // checks the address before the call is made
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
