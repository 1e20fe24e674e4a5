package gate

import (
	"slices"
	"strings"
)

// names says what headers mean to the gate, by their folded names.
type names struct {
	classes map[string]class
	// some has, for each length of a name, the last letters of those that mean
	// something: most headers of a request mean nothing, and need not be looked up.
	some [64]uint32

	path, method, authority, scheme class
}

// class is what a header means to the gate by its name; the zero class is nothing.
type class struct {
	strip  kind
	routes bool // it names a model or a service
	field  field
	once   uint16 // the bit of a header that is there at most once
}

// kind is whether a header of a client reaches the upstream.
type kind uint8

const (
	kept       kind = iota
	credential      // goes on where the route says credentials: forward
	forged          // identities, overrides and routes: only the gate may set these
)

// single lists what a request has at most once. Two of them would let two
// readers choose differently; so would the one value, joined by a comma, that
// Envoy makes of some. Headers that carry tokens are held to the same by authn.
var single = [...]string{
	":method", ":path", ":authority", ":scheme", "host",
	"content-type", "content-encoding", "content-length", "transfer-encoding", "grpc-encoding",
}

func newNames(carriers, relayed, models []string, identity []identityHeader) names {
	n := names{classes: map[string]class{}}
	for i, name := range single {
		n.add(name, func(c *class) { c.once = 1 << i })
	}
	for name, f := range fields {
		n.add(name, func(c *class) { c.field = f })
	}
	for _, name := range slices.Concat(carriers, credentials) {
		n.add(name, func(c *class) { c.strip = credential })
	}
	for _, name := range slices.Concat(forgeries, relayed) {
		n.add(name, func(c *class) { c.strip = forged })
	}
	for _, name := range slices.Concat(routing, models) {
		n.add(name, func(c *class) { c.strip, c.routes = forged, true })
	}
	for _, h := range identity {
		n.add(h.name, func(c *class) { c.strip = forged })
	}
	n.path, n.method, n.authority, n.scheme = n.classes[":path"], n.classes[":method"], n.classes[":authority"], n.classes[":scheme"]
	return n
}

func (n *names) add(name string, change func(*class)) {
	if name == "" { // of a configuration with a problem
		return
	}
	name = fold(name)
	c := n.classes[name]
	change(&c)
	n.classes[name] = c
	length, letter := hint(name)
	n.some[length] |= letter
}

func hint(name string) (length int, letter uint32) {
	return len(name) % 64, 1 << (name[len(name)-1] % 32)
}

// of finds a header under every spelling that a server could take for it: CGI,
// WSGI and those after them read '_' and '-' and both cases alike. Only one that is
// spelt as it should be is a part of the head.
func (n *names) of(name string) class {
	if !folded(name) {
		c := n.classes[fold(name)]
		return class{strip: c.strip, routes: c.routes}
	}
	switch name { // what every request has is not looked up
	case "":
		return class{}
	case ":path":
		return n.path
	case ":method":
		return n.method
	case ":authority":
		return n.authority
	case ":scheme":
		return n.scheme
	}
	if length, letter := hint(name); n.some[length]&letter == 0 {
		return class{}
	}
	return n.classes[name]
}

func folded(name string) bool {
	for i := 0; i < len(name); i++ {
		if c := name[i]; c == '_' || c >= 'A' && c <= 'Z' || c >= 0x80 {
			return false
		}
	}
	return true
}

func fold(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "_", "-")
}
