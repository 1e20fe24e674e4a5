package gate

import (
	"slices"
	"strings"
)

// headerTable says what each header means to the gate.
type headerTable struct {
	classes map[string]headerClass // by folded name
	// lastLetters has, for each length of a name, the last letters of the names in
	// classes. Most headers of a request mean nothing to the gate, and this tells so
	// without a look-up in the map.
	lastLetters [64]uint32
	// The classes of the headers that every request has.
	path, method, authority, scheme headerClass
}

// headerClass is what a header means to the gate. The zero value is nothing.
type headerClass struct {
	safety     safety
	namesModel bool   // it names a model or a service
	field      field  // what it fills
	single     uint16 // the bit of a header that may be there once at most; 0 for others
}

// safety says whether a client's header may reach the upstream.
type safety uint8

const (
	safe       safety = iota
	credential        // only if the route says credentials: forward
	spoofable         // never: only the gate may set it
)

// singleHeaders are those that a request has once at most. With two of them, two readers
// could choose differently; the same is true of one value with a comma, into which Envoy
// joins some. Package authn checks the headers that carry tokens.
var singleHeaders = [...]string{
	":method", ":path", ":authority", ":scheme", "host",
	"content-type", "content-encoding", "content-length", "transfer-encoding", "grpc-encoding",
}

// newHeaderTable makes the table of a configuration: tokens are the headers that carry
// tokens, relayed those by which a gateway in front names the caller, and models those
// that name a model.
func newHeaderTable(tokens, relayed, models []string, identity []identityHeader) headerTable {
	t := headerTable{classes: map[string]headerClass{}}
	for i, name := range singleHeaders {
		t.add(name, func(c *headerClass) { c.single = 1 << i })
	}
	for name, f := range headerFields {
		t.add(name, func(c *headerClass) { c.field = f })
	}
	for _, name := range slices.Concat(tokens, credentialHeaders) {
		t.add(name, func(c *headerClass) { c.safety = credential })
	}
	for _, name := range slices.Concat(spoofableHeaders, relayed) {
		t.add(name, func(c *headerClass) { c.safety = spoofable })
	}
	for _, name := range slices.Concat(routingHeaders, models) {
		t.add(name, func(c *headerClass) { c.safety, c.namesModel = spoofable, true })
	}
	for _, h := range identity {
		t.add(h.name, func(c *headerClass) { c.safety = spoofable })
	}
	t.path, t.method, t.authority, t.scheme = t.classes[":path"], t.classes[":method"], t.classes[":authority"], t.classes[":scheme"]
	return t
}

func (t *headerTable) add(name string, change func(*headerClass)) {
	if name == "" { // the configuration has a problem, and is refused
		return
	}
	name = foldName(name)
	c := t.classes[name]
	change(&c)
	t.classes[name] = c
	length, letter := prefilterBits(name)
	t.lastLetters[length] |= letter
}

// prefilterBits returns the index and the bit of a name in lastLetters.
func prefilterBits(name string) (length int, letter uint32) {
	return len(name) % 64, 1 << (name[len(name)-1] % 32)
}

// lookup finds a header under every spelling that a server could take for it: CGI, WSGI
// and their successors do not tell '_' from '-', nor upper case from lower case. Only a
// header in the usual spelling fills a field.
func (t *headerTable) lookup(name string) headerClass {
	if !isFolded(name) {
		c := t.classes[foldName(name)]
		return headerClass{safety: c.safety, namesModel: c.namesModel}
	}
	switch name {
	case "":
		return headerClass{}
	case ":path":
		return t.path
	case ":method":
		return t.method
	case ":authority":
		return t.authority
	case ":scheme":
		return t.scheme
	}
	if length, letter := prefilterBits(name); t.lastLetters[length]&letter == 0 {
		return headerClass{}
	}
	return t.classes[name]
}

// foldName is the one spelling for all that a server could take for the same header.
func foldName(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "_", "-")
}

// isFolded reports whether foldName would leave an ASCII name as it is.
func isFolded(name string) bool {
	for i := 0; i < len(name); i++ {
		if c := name[i]; c == '_' || c >= 'A' && c <= 'Z' || c >= 0x80 {
			return false
		}
	}
	return true
}
