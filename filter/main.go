//go:build wasip1

// Command filter is model gate as a Proxy-Wasm plugin: the host of package driver that calls
// the Proxy-Wasm ABI, by filter/abi. See plugin.start for the case in which Envoy would let
// requests pass although the plugin failed.
package main

func main() {}
