// Package wasmhost runs a Proxy-Wasm HTTP filter (ABI 0.2) in wazero the way Envoy
// runs it, so that unit tests can run the module that ships.
//
// It is a test host. It knows the contract between Envoy and a module: which host
// calls a module may make at which time, what they return, which part of a stream a
// module sees, and what follows from the action that it returns. It knows nothing
// about any particular filter, and nothing about routing, upstreams or the network:
// a test passes the headers and bodies that Envoy would have delivered.
//
// # Why not the SDK's proxytest
//
// The proxytest package of proxy-wasm-go-sdk cannot show what these tests are for:
//
//   - Its clock is fake. It leaves wazero's default, which starts in 2022 and moves
//     by one millisecond with each reading, so a token minted now is not valid yet.
//   - It offers all of WASI. An Envoy that lacks a function refuses to load the
//     module, or the module fails when it calls the function.
//   - It has no restricted callbacks. Envoy traps most host calls that are made
//     while a module initializes or allocates memory.
//   - Its emulator holds a process-wide mutex until it is reset, so tests cannot run
//     two VMs at once, and it knows one plugin. Here VMs share data and metrics, as
//     Envoy's workers do.
//
// # What it does not model
//
// It does not model buffer limits, the joining of repeated headers, trailers that a
// filter adds to a message without trailers, and the gRPC form of local replies.
// Queues and gRPC calls return [Unimplemented]. Time does not pass by itself: a test
// calls [VM.Tick], and responds to the HTTP calls that a module makes.
//
// A [Module] is compiled once and shared. Each [VM] made from it is the instance of
// one Envoy worker. A VM and its streams belong to one goroutine.
package wasmhost
