//go:build native && !faults

package main

// toldHandle returns the handle that Envoy's side gets.
func (r *request) toldHandle() uint64 { return r.handle() }
