// Package abi is the Proxy-Wasm ABI 0.2 as this filter uses it: the functions of
// the host, and the memory in which the host hands things over
// (github.com/proxy-wasm/spec, abi-versions/v0.2.1; the fine print is
// proxy-wasm-cpp-host's src/exports.cc). What the host calls stands in
// filter/entries.go.
//
// # Why not the SDK
//
// The SDK's proxywasm package does the same, for filters of every kind. On the
// way of each request its share is larger than that of the decision: it has the
// host enter the module for callbacks in which this filter has nothing to do,
// looks each context up in up to four maps, and takes all it is given from the
// heap, some two kilobytes a request that are then to be collected. It ends the
// VM with a panic where a call goes wrong. Its package types, which has none of
// that, is used.
//
// # Memory
//
// What the host hands over lies in one block, which is used anew in each
// callback. Strings and slices made of it are the caller's until the callback
// ends; after that they show something else, unless Keep was called. A build
// with the tag "faults" fills the block with garbage in between, and the whole
// corpus is run with that.
package abi
