package gate

import (
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// Head is the head of a request as the host has it: every header in order,
// repeats kept, names in lower case, pseudo-headers of HTTP/2 among them.
type Head struct {
	Pairs [][2]string
	End   bool       // nothing follows: neither a body nor trailers
	Peer  authn.Peer // the client certificate, where Gate.NeedsPeer asks for it
}

// head is a Head read.
type head struct {
	inference.Request
	id      requestID
	marked  []mark // the pairs that may not go on
	routed  bool   // some of them name a model or a service
	upgrade bool   // it asks for another protocol
	drops   bool   // it has a later hop drop headers
	host    bool   // it has a second authority, which no edit would reach
}

// mark is a pair that may not go on.
type mark struct {
	at   int
	kind kind
}

// field is what there is to know from a header.
type field uint8

const (
	nothing field = iota
	fieldMethod
	fieldPath
	fieldAuthority
	fieldHost
	fieldType
	fieldUpgrade
	fieldConnection
	fieldID
)

var fields = map[string]field{
	":method": fieldMethod, ":path": fieldPath, ":authority": fieldAuthority, "host": fieldHost, "content-type": fieldType,
	"upgrade": fieldUpgrade, ":protocol": fieldUpgrade, "http2-settings": fieldUpgrade, "connection": fieldConnection, "x-request-id": fieldID,
}

func (h *head) readAll(g *Gate, pairs [][2]string) reason.Reason {
	var seen uint16
	h.Headers = pairs
	for i := range pairs {
		c := g.names.of(pairs[i][0])
		if c == (class{}) {
			continue
		}
		value := pairs[i][1]
		if c.once != 0 && (seen&c.once != 0 || c.field != fieldPath && strings.IndexByte(value, ',') >= 0) {
			return reason.HeaderRepeated
		}
		seen |= c.once
		if c.strip != kept {
			h.marked = append(h.marked, mark{i, c.strip})
			h.routed = h.routed || c.routes
		}
		h.read(c.field, value)
	}
	switch {
	case h.upgrade, h.Method == "CONNECT":
		return reason.UpgradeRefused
	case h.drops:
		return reason.ConnectionHeader
	case h.Authority == "":
		return reason.HostMissing
	case h.host:
		return reason.HeaderRepeated
	}
	return reason.Allowed
}

// read takes what there is to know from one header.
func (h *head) read(what field, value string) {
	switch what {
	case fieldMethod:
		h.Method = value
	case fieldPath:
		h.Path = value
	case fieldAuthority:
		h.Authority = value
	case fieldHost:
		h.host = true
	case fieldType:
		h.GRPC = isGRPC(value)
	case fieldUpgrade:
		h.upgrade = true
	case fieldConnection:
		upgrade, drops := readConnection(value)
		h.upgrade, h.drops = h.upgrade || upgrade, h.drops || drops
	case fieldID:
		if h.id.size == 0 {
			h.id.read(value)
		}
	}
}

// readConnection reads a Connection header (RFC 9110 section 7.6.1). Whatever it
// names besides the connection itself, a later hop is to drop: by that a client
// could take away a header that the gate writes.
func readConnection(value string) (upgrade, drops bool) {
	for option := range strings.SplitSeq(value, ",") {
		switch strings.ToLower(strings.TrimSpace(option)) {
		case "", "close", "keep-alive":
		case "upgrade", "http2-settings":
			upgrade = true
		default:
			drops = true
		}
	}
	return upgrade, drops
}

// isGRPC is the rule of the gRPC over HTTP/2 protocol, "Content-Type".
func isGRPC(contentType string) bool {
	rest, ok := strings.CutPrefix(contentType, "application/grpc")
	return ok && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

// requestID is a copy: it may be asked for when the head is gone.
type requestID struct {
	size   int
	octets [64]byte
}

func (id *requestID) String() string { return string(id.octets[:id.size]) }

// read lets a request id through to bodies and logs only if it cannot be anything
// but an id: a client may have written it.
func (id *requestID) read(s string) {
	if len(s) > len(id.octets) {
		return
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return
		}
		id.octets[i] = c
	}
	id.size = len(s)
}
