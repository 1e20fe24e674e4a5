//go:build wasip1 && !head

package main

import "github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"

// A host enters the module for each of these callbacks, for a request that they do nothing
// about too. A build for heads only does without them.

//go:wasmexport proxy_on_request_body
func onRequestBody(id, size uint32, end bool) types.Action {
	return actions[streamFor(id).RequestBody(int(size), end)]
}

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(id, _ uint32, end bool) types.Action {
	return actions[streamFor(id).ResponseHeaders(end)]
}

//go:wasmexport proxy_on_response_body
func onResponseBody(id, size uint32, end bool) types.Action {
	return actions[streamFor(id).ResponseBody(int(size), end)]
}

//go:wasmexport proxy_on_response_trailers
func onResponseTrailers(id, _ uint32) types.Action { return actions[streamFor(id).ResponseTrailers()] }
