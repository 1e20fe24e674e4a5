//go:build !head

package headonly

// Enabled reports whether no body of a request and no reply is read.
const Enabled = false
