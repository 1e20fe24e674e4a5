package gate

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/headers"
)

// headerTable says what each header means to the gate.
type headerTable struct {
	classes  map[string]headerClass // by folded name
	prefixes []prefixClass          // of the folded names that are not in classes
	upgrades bool                   // a route takes upgrades to WebSocket
	kept     []headers.Pattern      // what reaches the upstream all the same, in this spelling only
	// lastLetters has, for each length of a name, the last letters of the names in
	// classes, and prefixLetters has, for the third and the
	// fourth letter of a name, the fifth ones of the prefixes. Most headers of a request mean
	// nothing to the gate, and these tell so without a look-up.
	lastLetters, prefixLetters [64]uint32
	// The classes of the headers that every request has.
	path, method, authority, scheme headerClass
}

// prefixClass is the class of all names with a prefix.
type prefixClass struct {
	prefix string
	headerClass
}

// headerClass is what a header means to the gate. The zero value is nothing.
type headerClass struct {
	safety safety
	names  headers.Kind // if it names a model, a service or a namespace: what it names
	field  field        // what it fills
	single uint16       // the bit of a header that may be there once at most; 0 for others
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

// configuredHeaders are the headers that a configuration names.
type configuredHeaders struct {
	tokens   []string // that carry tokens
	relayed  []string // by which a gateway in front names the caller
	models   []string // that name a model
	identity []identityHeader
	signed   bool // requests may be signed
	// activator reports whether requests may come from Knative's activator.
	activator bool
	rules     headerRules
}

// newHeaderTable makes the table of a configuration.
func newHeaderTable(c *configuredHeaders) headerTable {
	t := headerTable{classes: map[string]headerClass{}, kept: c.rules.keep}
	for i, name := range singleHeaders {
		t.add(name, func(c *headerClass) { c.single = 1 << i })
	}
	for name, f := range headerFields {
		t.add(name, func(c *headerClass) { c.field = f })
	}
	for _, name := range c.tokens {
		t.add(name, func(c *headerClass) { c.safety = credential })
	}
	if c.signed { // who has a signature can send it to another proxy: so it is a credential
		for _, name := range []string{"signature", "signature-input"} {
			t.add(name, func(c *headerClass) { c.safety, c.field = credential, fieldSignature })
		}
		t.add("accept-signature", func(c *headerClass) { c.field = fieldAcceptSignature })
	}
	if c.activator {
		t.add(originalHostHeader, func(c *headerClass) { c.field = fieldOriginalHost })
		t.add(proxyHeader, func(c *headerClass) { c.safety = spoofable })
	}
	for _, h := range headers.Known {
		t.addKnown(h)
	}
	for _, name := range c.relayed {
		t.add(name, func(c *headerClass) { c.safety = spoofable })
	}
	for _, p := range c.rules.strip {
		t.addKnown(headers.Header{Name: string(p), Kind: headers.Identity})
		for name, c := range t.classes {
			if p.Covers(name) {
				c.safety = spoofable
				t.classes[name] = c
			}
		}
	}
	for _, name := range slices.Concat(c.models, c.rules.models) {
		t.add(name, func(c *headerClass) { c.safety, c.names = spoofable, headers.Model })
	}
	for _, h := range c.identity {
		t.add(h.name, func(c *headerClass) { c.safety = spoofable })
	}
	t.path, t.method, t.authority, t.scheme = t.classes[":path"], t.classes[":method"], t.classes[":authority"], t.classes[":scheme"]
	return t
}

// addKnown adds a header, or all headers with its prefix.
func (t *headerTable) addKnown(h headers.Header) {
	change := func(c *headerClass) {
		if c.safety = spoofable; h.Kind == headers.Credential {
			c.safety = credential
		}
		if h.Kind.Names() {
			c.names = h.Kind
		}
	}
	prefix, ok := h.Prefix()
	if !ok {
		t.add(h.Name, change)
		return
	}
	p := prefixClass{prefix: headers.Fold(prefix)}
	change(&p.headerClass)
	t.prefixes = append(t.prefixes, p)
	index, letter := prefixBits(p.prefix)
	t.prefixLetters[index] |= letter
}

func (t *headerTable) add(name string, change func(*headerClass)) {
	if name == "" { // the configuration has a problem, and is refused
		return
	}
	name = headers.Fold(name)
	c := t.classes[name]
	change(&c)
	t.classes[name] = c
	length, letter := nameBits(name)
	t.lastLetters[length] |= letter
}

// nameBits returns the index and the bit of a name in lastLetters.
func nameBits(name string) (length int, letter uint32) {
	return len(name) % 64, 1 << (name[len(name)-1] % 32)
}

// prefixBits returns the index and the bit of a name or a prefix, of five bytes at least,
// in prefixLetters.
func prefixBits(name string) (index int, fifth uint32) {
	return (int(name[2]) + 5*int(name[3])) % 64, 1 << (name[4] % 32)
}

// lookup finds a header under every spelling that a server could take for it. Only a
// header in the usual spelling fills a field.
func (t *headerTable) lookup(name string) headerClass {
	var c headerClass
	if headers.IsFolded(name) {
		c = t.find(name)
	} else {
		c = t.find(headers.Fold(name))
		c.field, c.single = fieldNone, 0
	}
	if c.safety == spoofable && t.keeps(name) {
		c.safety = safe
	}
	return c
}

// find finds a header by its folded name.
func (t *headerTable) find(name string) headerClass {
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
	if length, letter := nameBits(name); t.lastLetters[length]&letter != 0 {
		if c, ok := t.classes[name]; ok {
			return c
		}
	}
	if len(name) < headers.MinPrefix {
		return headerClass{}
	}
	if index, letter := prefixBits(name); t.prefixLetters[index]&letter != 0 {
		return t.findPrefix(name)
	}
	return headerClass{}
}

// findPrefix returns the class of the longest prefix of a name.
func (t *headerTable) findPrefix(name string) (c headerClass) {
	longest := 0
	for i := range t.prefixes {
		if p := &t.prefixes[i]; len(p.prefix) > longest && strings.HasPrefix(name, p.prefix) {
			longest, c = len(p.prefix), p.headerClass
		}
	}
	return c
}

// keeps reports whether the configuration lets a header through in this spelling.
func (t *headerTable) keeps(name string) bool {
	return slices.ContainsFunc(t.kept, func(p headers.Pattern) bool { return p.Covers(name) })
}
