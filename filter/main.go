//go:build wasip1

// Command filter is model gate as a Proxy-Wasm plugin: the policy enforcement
// point. It passes the headers and bodies of a request, as data, to internal/gate
// and performs the step that the gate returns. It contains no policy. It is the
// only package that knows the host, which it calls through filter/abi.
//
// # It fails closed
//
// Only the function action returns ActionContinue, and for a request only after a
// Forward step has been performed completely. A host call that fails, a panic, and
// a plugin that could not start: each refuses the request. See plugin.start for the
// case in which a host would let requests pass although the plugin failed.
//
// # What it logs
//
// A line that starts with "model gate: " is about the plugin: its start, its keys,
// a failed host call, a panic. Every other line is one JSON object about one
// request; internal/gate lists its fields. metrics.go lists the metrics.
package main

func main() {}
