package gate

import (
	"slices"
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
	Peer  authn.Peer // the client certificate, where Gate.KnowsPeers asks for it
}

// head is a Head read.
type head struct {
	inference.Request
	requestID string
	upgrade   bool // it asks for another protocol
	drops     bool // it has a later hop drop headers
	host      bool // it has a second authority, which no edit would reach
}

// single lists what a request has at most once. Two of them would let two
// readers choose differently; so would the one value, joined by a comma, that
// Envoy makes of some. Headers that carry tokens are held to the same by authn.
var single = [...]string{
	":method", ":path", ":authority", ":scheme", "host",
	"content-type", "content-encoding", "content-length", "transfer-encoding", "grpc-encoding",
}

// again notes that a header was seen, and reports whether it must not have been
// seen a second time.
func again(name, value string, seen *uint16) bool {
	bit := slices.Index(single[:], name)
	if bit < 0 {
		return false
	}
	before := *seen
	*seen |= 1 << bit
	return before == *seen || name != ":path" && strings.IndexByte(value, ',') >= 0
}

func readHead(pairs [][2]string) (h head, why reason.Reason) {
	var seen uint16
	h.Headers = pairs
	for i := range pairs {
		if again(pairs[i][0], pairs[i][1], &seen) {
			return h, reason.HeaderRepeated
		}
		h.read(pairs[i][0], pairs[i][1])
	}
	switch {
	case h.upgrade, h.Method == "CONNECT":
		return h, reason.UpgradeRefused
	case h.drops:
		return h, reason.ConnectionHeader
	case h.Authority == "":
		return h, reason.HostMissing
	case h.host:
		return h, reason.HeaderRepeated
	}
	return h, reason.Allowed
}

// read takes what there is to know from one header.
func (h *head) read(name, value string) {
	switch name {
	case ":method":
		h.Method = value
	case ":path":
		h.Path = value
	case ":authority":
		h.Authority = value
	case "host":
		h.host = true
	case "content-type":
		h.GRPC = isGRPC(value)
	case "upgrade", ":protocol", "http2-settings":
		h.upgrade = true
	case "connection":
		upgrade, drops := readConnection(value)
		h.upgrade, h.drops = h.upgrade || upgrade, h.drops || drops
	case "x-request-id":
		if h.requestID == "" {
			h.requestID = plainID(value)
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

// plainID lets a request id through to bodies and logs only if it cannot be
// anything but an id: a client may have written it.
func plainID(s string) string {
	if len(s) > 64 {
		return ""
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return ""
		}
	}
	return s
}
