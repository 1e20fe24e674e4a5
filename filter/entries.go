//go:build wasip1

package main

import (
	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// What the host calls. There is no proxy_on_done and no proxy_on_log: a host does
// without them, and each would be entered once more for every request. Nothing
// here is policy: an entry finds who it is about.

var (
	machine vm
	plugins = map[uint32]*plugin{}
	streams = map[uint32]*stream{}
	latest  *stream // of those that were made, until it ends: mostly the one that is asked for
)

//go:wasmexport proxy_abi_version_0_2_0
func abiVersion() {}

//go:wasmexport proxy_on_vm_start
func onVMStart(uint32, uint32) types.OnVMStartStatus { return types.OnVMStartStatusOK }

//go:wasmexport proxy_on_configure
func onConfigure(id, size uint32) types.OnPluginStartStatus {
	abi.Enter()
	if p := plugins[id]; p != nil {
		return p.start(int(size))
	}
	return types.OnPluginStartStatusFailed
}

// onContextCreate makes a plugin, or a stream of one.
//
//go:wasmexport proxy_on_context_create
func onContextCreate(id, parent uint32) {
	abi.Enter()
	if parent == 0 {
		plugins[id] = &plugin{vm: &machine, id: id}
	} else if p := plugins[parent]; p != nil {
		latest = newStream(p, id)
		streams[id] = latest
	}
}

//go:wasmexport proxy_on_delete
func onDelete(id uint32) {
	abi.Enter()
	if s := streams[id]; s != nil {
		delete(streams, id)
		if s == latest {
			latest = nil
		}
		s.end()
	} else {
		delete(plugins, id)
	}
}

//go:wasmexport proxy_on_tick
func onTick(id uint32) {
	abi.Enter()
	if p := plugins[id]; p != nil {
		p.tick()
	}
}

//go:wasmexport proxy_on_http_call_response
func onCallResponse(id, call, _, size, _ uint32) {
	abi.Enter()
	if p := plugins[id]; p != nil {
		p.called(call, int(size))
	}
}

// of is the stream of a context. Where there is none the request is refused: the
// host has called for one that it never announced.
func of(id uint32) *stream {
	abi.Enter()
	if latest != nil && latest.id == id {
		return latest
	}
	if s := streams[id]; s != nil {
		return s
	}
	abi.Log(abi.Critical, "model gate: a context that is not known")
	s := &stream{plugin: &plugin{vm: &machine}, id: id}
	s.refuse(reason.Internal)
	return s
}

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(id, _ uint32, end bool) types.Action { return of(id).requestHeaders(end) }

//go:wasmexport proxy_on_request_body
func onRequestBody(id, size uint32, end bool) types.Action { return of(id).requestBody(int(size), end) }

//go:wasmexport proxy_on_request_trailers
func onRequestTrailers(id, _ uint32) types.Action { return of(id).requestTrailers() }

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(id, _ uint32, end bool) types.Action { return of(id).responseHeaders(end) }

//go:wasmexport proxy_on_response_body
func onResponseBody(id, size uint32, end bool) types.Action {
	return of(id).responseBody(int(size), end)
}

//go:wasmexport proxy_on_response_trailers
func onResponseTrailers(id, _ uint32) types.Action { return of(id).responseTrailers() }
