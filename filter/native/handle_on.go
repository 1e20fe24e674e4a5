//go:build native && faults

package main

import "github.com/modelgate/modelgate/filter/driver"

// toldHandle returns the handle that Envoy's side gets: with the fault "handle" one that no
// stream has.
func (r *request) toldHandle() uint64 {
	for _, p := range r.pairs {
		if p[0] == "x-fault" && driver.Fault("handle") {
			return ^r.handle()
		}
	}
	return r.handle()
}
