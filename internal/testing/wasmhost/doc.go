// Package wasmhost runs a Proxy-Wasm HTTP filter (ABI 0.2) in wazero the way
// Envoy runs it, so that unit tests can exercise the shipped module.
//
// It is a test host. It knows the contract between Envoy and a module: which
// host calls may be made when, what they answer, what a module sees of a
// stream and what becomes of its decisions. It knows nothing of any particular
// filter, and nothing of routing, upstreams or the network: tests hand it the
// headers and bodies Envoy would have delivered.
//
// Not modelled are buffer limits, the joining of headers that Envoy keeps once,
// trailers a filter adds to a message without any, and the gRPC form of local
// replies; queues and gRPC calls answer [Unimplemented]. Time does not pass by
// itself: tests let ticks come, and answer the calls a module makes.
//
// A [Module] is compiled once and shared; each [VM] made from it stands for the
// instance of one Envoy worker. A VM and its streams belong to one goroutine.
package wasmhost
