//go:build wasip1

// Command filter is model gate as a Proxy-Wasm plugin: the policy enforcement
// point. It hands a request's headers, as data, to internal/gate and performs
// the step that comes back. It holds no policy, and it is the only package that
// knows the host, by filter/abi.
//
// # It fails closed
//
// The word for letting anything go on stands once, in let: for a request only
// after a step that says so has been performed whole. A failed host call, a
// panic, a plugin that could not start: each refuses. See plugin.start for the
// case in which a host would let requests pass although the plugin failed.
package main

func main() {}
