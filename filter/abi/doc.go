// Package abi calls the Proxy-Wasm host: it wraps the host functions of ABI 0.2
// that this filter uses, and manages the memory in which the host returns results
// (github.com/proxy-wasm/spec, abi-versions/v0.2.1; for details that the
// specification leaves open, src/exports.cc of proxy-wasm-cpp-host). The callbacks
// that the host calls are in filter/entries.go.
//
// # Why not the SDK
//
// The SDK's proxywasm package does the same for every kind of filter. On the hot
// path it costs more than the decision itself. It exports callbacks that this
// filter does not need, so the host enters the module for nothing. It looks each
// context up in up to four maps. It allocates all results on the heap, about two
// kilobytes for each request, which must then be collected. And it panics when a
// host call fails, which ends the VM. The SDK's types package has none of these
// costs, so the filter uses it.
//
// # Memory
//
// The host writes its results into buffers that each callback uses again.
// A string or slice that a function here returns is valid until the callback ends.
// After that it shows other bytes, unless [KeepResults] was called. A build with
// the tag "faults" overwrites the buffers after each callback, and the whole corpus
// runs with that build.
//
// # One thread
//
// This package and package filter keep state in package variables without locks.
// That is correct because a Wasm instance has one thread, and because the host
// waits for a callback to return before it calls the next one. The only callback
// inside a callback is proxy_on_memory_allocate, which the host calls while it
// performs a host function that returns bytes. The filter starts no goroutines.
package abi
