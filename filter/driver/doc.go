// Package driver is what a proxy and a gate say to each other, whatever the proxy's interface
// to its plugins is: it passes the headers and bodies of a request, as data, to internal/gate,
// and performs the step that the gate returns, by Host and Request. It contains no policy.
// Package filter is the host of Proxy-Wasm, and package native that of Envoy's dynamic modules.
//
// # It fails closed
//
// Only the function action returns Forward, and for a request only after a Forward step has
// been performed completely. A host call that fails, a panic, and a plugin without a gate: each
// refuses the request.
//
// # Threads
//
// The callbacks of one Stream, and of all streams of one Thread, come one after the other. A
// Plugin may have many threads: what they share is immutable, atomic, or under Plugin.mu or
// tally.mu.
//
// # What it logs
//
// A line that starts with "model gate: " is about the plugin: its start, its keys, a failed
// host call, a panic. Every other line is one JSON object about one request; internal/gate
// lists its fields. metrics.go lists the metrics.
package driver
