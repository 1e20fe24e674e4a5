// Command native is model gate as a dynamic module of Envoy: a shared library that Envoy loads
// into its own process. It is a host of package driver, as package filter is for Proxy-Wasm.
// build/tools/native builds it, with the build tag native.
//
// # Two sides
//
// Envoy's interface is one of C (abi.h of the Go module
// github.com/envoyproxy/envoy/source/extensions/dynamic_modules). Its hooks are in hooks.c and
// config.c. A hook that a stream does not need is answered there. Any other enters Go once: with
// the headers of a request as they are in Envoy's memory, which are Go strings already by their
// layout. Go answers with an action and a list of commands (commands.go), which perform.c performs
// after Go has returned. No function of Go is on the stack while Envoy performs something that may
// destroy the stream. C holds integers for what is Go's, and Go keeps no pointer of C's longer
// than a hook, except those of a configuration and of a scheduler, which are closed under a lock.
//
// # It fails closed
//
// A hook returns Continue for a part of a request only if Go has said so. A panic refuses the one
// request. So do an unknown handle, a command that fails, and memory that runs out. What
// cannot be recovered from in Go ends the process: a stack that overflows, a map that is written
// by two threads at once, and memory that runs out in Go.
//
// # Threads
//
// Envoy calls the hooks of a stream on its worker's thread, and those of a configuration on its
// main thread. Each worker has a thread of its own in Go, which no other thread uses. A
// driver.Plugin belongs to a configuration, and is shared.
package main

func main() {}
