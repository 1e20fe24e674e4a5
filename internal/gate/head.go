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
	Peer  authn.Peer // the validated client certificate, or zero
	Host  Abilities
}

// Abilities are what a host can do beyond letting a head pass or answering it.
type Abilities struct{ HoldHeaders, HoldResponse bool }

// head is a Head read.
type head struct {
	inference.Request
	requestID string
}

// single lists what a request has at most once. Two of them would let two
// readers choose differently; so would the one value, joined by a comma, that
// Envoy makes of some. Headers that carry tokens are held to the same by authn.
var single = [...]string{
	":method", ":path", ":authority", ":scheme", "host",
	"content-type", "content-encoding", "content-length", "transfer-encoding", "grpc-encoding",
}

func readHead(pairs [][2]string) (h head, why reason.Reason) {
	var seen uint16
	upgrade, host := false, false
	for i := range pairs {
		name, value := pairs[i][0], pairs[i][1]
		for bit, s := range single {
			if s != name {
				continue
			}
			if seen&(1<<bit) != 0 || name != ":path" && strings.IndexByte(value, ',') >= 0 {
				return h, reason.HeaderRepeated
			}
			seen |= 1 << bit
		}
		switch name {
		case ":method":
			h.Method = value
		case ":path":
			h.Path = value
		case ":authority":
			h.Authority = value
		case "host":
			host = true
		case "content-type":
			h.GRPC = isGRPC(value)
		case "upgrade", ":protocol", "http2-settings":
			upgrade = true
		case "connection":
			upgrade = upgrade || strings.Contains(strings.ToLower(value), "upgrade")
		case "x-request-id":
			if h.requestID == "" {
				h.requestID = plainID(value)
			}
		}
	}
	switch {
	case upgrade, h.Method == "CONNECT":
		return h, reason.UpgradeRefused
	case h.Authority == "":
		return h, reason.HostMissing
	case host: // a second authority, which no edit would reach
		return h, reason.HeaderRepeated
	}
	return h, reason.Allowed
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
