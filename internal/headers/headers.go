// Package headers knows what request headers mean to model servers and to the routers,
// gateways and proxies before them: which carry a credential, which say who calls, which
// name a model, and which choose a server.
package headers

import (
	"slices"
	"strings"
)

// Header is one row of Known.
type Header struct {
	Name   string // in its usual spelling, or a prefix that ends in *
	Kind   Kind
	Source string
}

// Prefix returns the prefix of the names that a row covers; ok is false if the row has
// one name.
func (h Header) Prefix() (prefix string, ok bool) { return strings.CutSuffix(h.Name, "*") }

// Kind is what a header does where it arrives.
type Kind uint8

const (
	Unknown     Kind = iota
	Credential       // it carries a credential
	Assertion        // it carries a token by which a proxy in front says who calls
	Identity         // it says who calls
	Model            // it names a model
	ModelBase64      // it names a model, in base64
	Service          // it names an InferenceService
	Namespace        // it names the namespace of an InferenceService
	Destination      // it chooses a server
	Override         // it overrides the method, the path or the host
	Framing          // it frames, types or routes the message
)

// String describes a header of this kind, for example "carries a credential".
func (k Kind) String() string {
	switch k {
	case Credential:
		return "carries a credential"
	case Assertion:
		return "carries a token by which a proxy in front says who calls"
	case Identity:
		return "says who calls"
	case Model:
		return "names a model"
	case ModelBase64:
		return "names a model in base64"
	case Service:
		return "names a service"
	case Namespace:
		return "names a namespace"
	case Destination:
		return "chooses a server"
	case Override:
		return "overrides the method, the path or the host"
	case Framing:
		return "frames, types or routes the message"
	}
	return "means nothing to the gate"
}

// Names reports whether a header of this kind names a model, a service or a namespace,
// and so must agree with the call.
func (k Kind) Names() bool { return k >= Model && k <= Namespace }

// framing are the headers that say how a message is framed, typed or routed (RFC 9110
// sections 7.2, 7.6.1, 7.8, 8.3, 8.4 and 10.1; RFC 9112 section 6; gRPC over HTTP2).
var framing = []string{
	"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer",
	"content-type", "content-encoding", "grpc-encoding", "keep-alive", "proxy-connection", "http2-settings", "expect",
}

// KindOf returns the kind of a header, in any spelling. An exact row comes before a
// prefix.
func KindOf(name string) Kind {
	name = Fold(name)
	if slices.Contains(framing, name) || strings.HasPrefix(name, ":") {
		return Framing
	}
	kind := Unknown
	for _, h := range Known {
		if prefix, ok := h.Prefix(); !ok && Fold(h.Name) == name {
			return h.Kind
		} else if ok && strings.HasPrefix(name, prefix) {
			kind = h.Kind
		}
	}
	return kind
}

// Fold returns the one spelling for all that a server could take for the same header: CGI,
// WSGI and their successors do not tell '_' from '-', nor upper case from lower case.
func Fold(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "_", "-")
}

// IsFolded reports whether Fold would leave a name as it is.
func IsFolded(name string) bool {
	for i := 0; i < len(name); i++ {
		if c := name[i]; c == '_' || c >= 'A' && c <= 'Z' || c >= 0x80 {
			return false
		}
	}
	return true
}

// MinPrefix is the least length of a Pattern's prefix, in bytes. A shorter one, such as
// "x-", covers headers that the gate and the servers need.
const MinPrefix = 5

// Pattern is a header's name in a configuration, or a prefix that ends in *.
type Pattern string

// Valid reports whether p is a name in lower case, of letters, digits and hyphens, or a
// prefix of at least five such characters that ends in "-*".
func (p Pattern) Valid() bool {
	name := string(p)
	if prefix, ok := strings.CutSuffix(name, "*"); ok {
		if name = prefix; len(prefix) < MinPrefix || !strings.HasSuffix(prefix, "-") {
			return false
		}
	}
	for i := 0; i < len(name); i++ {
		if c := name[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return name != ""
}

// Covers reports whether p is the name, or a prefix of it.
func (p Pattern) Covers(name string) bool {
	if prefix, ok := strings.CutSuffix(string(p), "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return string(p) == name
}

// CoversFraming returns a framing header that p covers, or "".
func (p Pattern) CoversFraming() string {
	for _, name := range framing {
		if p.Covers(name) {
			return name
		}
	}
	return ""
}
