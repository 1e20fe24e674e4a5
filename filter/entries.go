//go:build wasip1

package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/filter/driver"
	"github.com/modelgate/modelgate/internal/headonly"
	"github.com/modelgate/modelgate/internal/reason"
)

// This file and entries_body.go have the callbacks that the host calls. Each finds the
// plugin or stream that it is about, and calls its method. proxy_on_done and proxy_on_log
// are absent: they are optional, and the host would call both for every request.

// The package doc of abi, "One thread", says why these variables need no lock.
var (
	thisVM     vm
	plugins    = map[uint32]*plugin{}        // by context
	streams    = map[uint32]*driver.Stream{} // by context
	lastStream *driver.Stream                // the newest stream, until it ends: most callbacks are about it
)

//go:wasmexport proxy_abi_version_0_2_0
func abiVersion() {}

//go:wasmexport proxy_on_vm_start
func onVMStart(uint32, uint32) types.OnVMStartStatus { return types.OnVMStartStatusOK }

//go:wasmexport proxy_on_configure
func onConfigure(id, size uint32) types.OnPluginStartStatus {
	abi.BeginCallback()
	if p := plugins[id]; p != nil {
		return p.start(int(size))
	}
	return types.OnPluginStartStatusFailed
}

// onContextCreate creates a plugin, or a stream of the plugin parent.
//
//go:wasmexport proxy_on_context_create
func onContextCreate(id, parent uint32) {
	abi.BeginCallback()
	if parent == 0 {
		plugins[id] = newPlugin(&thisVM, id)
	} else if p := plugins[parent]; p != nil {
		lastStream = p.worker.NewStream(id, request{p})
		streams[id] = lastStream
	}
}

//go:wasmexport proxy_on_delete
func onDelete(id uint32) {
	abi.BeginCallback()
	if s := streams[id]; s != nil {
		delete(streams, id)
		if s == lastStream {
			lastStream = nil
		}
		s.End()
	} else {
		delete(plugins, id)
	}
}

//go:wasmexport proxy_on_tick
func onTick(id uint32) {
	abi.BeginCallback()
	if p := plugins[id]; p != nil {
		p.tick()
	}
}

//go:wasmexport proxy_on_http_call_response
func onHTTPCallResponse(id, call, _, bodySize, _ uint32) {
	abi.BeginCallback()
	if p := plugins[id]; p != nil {
		p.httpCallResponse(call, int(bodySize))
	}
}

// streamFor returns the stream of a context. If the host names a context that it
// has never created, the request is refused.
func streamFor(id uint32) *driver.Stream {
	abi.BeginCallback()
	if lastStream != nil && lastStream.ID == id {
		return lastStream
	}
	if s := streams[id]; s != nil {
		return s
	}
	abi.Log(abi.Critical, "model gate: the host called back for an unknown context")
	p := newPlugin(&thisVM, 0)
	s := p.worker.NewStream(id, request{p})
	s.Refuse(reason.Internal)
	return s
}

// actions are the host's words for driver's. 3 is Envoy's StopIterationNoBuffer, for which the
// SDK has no name.
var actions = [...]types.Action{driver.Pause: types.ActionPause, driver.Forward: types.ActionContinue, driver.NoBuffer: 3}

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(id, _ uint32, end bool) types.Action {
	a := streamFor(id).RequestHeaders(end)
	if headonly.Enabled && a != driver.Forward {
		return stopAll
	}
	return actions[a]
}

// stopAll is Envoy's StopAllIterationAndWatermark, for which the SDK has no name. Where
// allow_on_headers_stop_iteration is set, Envoy goes on to a body although the headers wait,
// and without a callback for bodies that would let the whole request pass.
const stopAll types.Action = 4

//go:wasmexport proxy_on_request_trailers
func onRequestTrailers(id, _ uint32) types.Action { return actions[streamFor(id).RequestTrailers()] }
