package gate

import (
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/headers"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// Head is the head of a request as the host has it.
type Head struct {
	Pairs [][2]string // all headers in order, HTTP/2 pseudo-headers included; names in lower case
	End   bool        // neither a body nor trailers follow
	Peer  authn.Peer  // the client certificate, as far as Gate.PeerNeeds asks for it
	// AwaitsRoute is set if the route by which the proxy sends the request on may have a
	// narrowing. Then the host calls Exchange.Narrow before the head goes on, if it has.
	AwaitsRoute bool
}

// head is what the gate reads of a Head.
type head struct {
	inference.Request
	id              requestID
	errors          errorForm      // of a refusal, if the path is no longer there
	unsafe          []unsafeHeader // that must not reach the upstream
	asked           asked          // another protocol, in one way or another
	dropsHeaders    bool           // a Connection header tells a later hop to drop headers
	signed          bool           // Signature or Signature-Input is there, and the configuration has "signatures"
	wantsSigned     bool           // Accept-Signature is there, and the configuration has "signatures"
	secondAuthority bool           // a Host header beside :authority, which no edit would reach
	originalHost    string         // only if the configuration has "activator": the last of K-Original-Host
	originalHosts   int            // how often it is there
	byActivator     bool           // Authority is originalHost, and not that of the request itself
	repeated        string         // the header for which parse refuses; "" for none
}

// unsafeHeader is a header that must not reach the upstream as it came.
type unsafeHeader struct {
	index  int // in Head.Pairs
	safety safety
}

// MaxHeaders is the most headers that a request may have, pseudo-headers included. Envoy
// itself takes 100 unless max_headers_count says otherwise. A host need not hand in more than
// one above it.
const MaxHeaders = 256

// parse reads all headers once. It refuses a head that two readers could understand
// differently, and one that is too large to be read for somebody unknown.
func (h *head) parse(table *headerTable, pairs [][2]string) reason.Reason {
	if len(pairs) > MaxHeaders {
		return reason.HeadersTooMany
	}
	var seen uint16
	for i := range pairs {
		c := table.lookup(pairs[i][0])
		if c == (headerClass{}) {
			continue
		}
		value := pairs[i][1]
		if c.single != 0 && (seen&c.single != 0 || c.field != fieldPath && strings.IndexByte(value, ',') >= 0) {
			h.repeated = pairs[i][0]
			return reason.HeaderRepeated
		}
		seen |= c.single
		if c.safety != safe {
			h.unsafe = append(h.unsafe, unsafeHeader{i, c.safety})
		}
		if c.names != headers.Unknown {
			h.Routing = append(h.Routing, inference.RoutingHeader{Kind: c.names, Name: pairs[i][0], Value: value})
		}
		h.setField(c.field, value)
	}
	h.Upgrade = table.upgrades && h.asked == askedWebSocket && h.Method == "GET"
	switch {
	case h.asked != 0 && !h.Upgrade, h.Method == "CONNECT":
		return reason.UpgradeRefused
	case h.dropsHeaders:
		return reason.ConnectionHeader
	case h.Authority == "":
		return reason.HostMissing
	case h.secondAuthority:
		h.repeated = "host"
		return reason.HeaderRepeated
	}
	return reason.Allowed
}

// field is a part of head that a header fills.
type field uint8

const (
	fieldNone field = iota
	fieldMethod
	fieldPath
	fieldAuthority
	fieldHost
	fieldContentType
	fieldUpgrade
	fieldProtocol
	fieldConnection
	fieldRequestID
	fieldSignature       // only if the configuration has "signatures"
	fieldAcceptSignature // the same
	fieldOriginalHost    // only if the configuration has "activator"
)

// headerFields is which header fills which field.
var headerFields = map[string]field{
	":method":        fieldMethod,
	":path":          fieldPath,
	":authority":     fieldAuthority,
	"host":           fieldHost,
	"content-type":   fieldContentType,
	"upgrade":        fieldUpgrade,
	":protocol":      fieldProtocol,
	"http2-settings": fieldProtocol,
	"connection":     fieldConnection,
	"x-request-id":   fieldRequestID,
}

func (h *head) setField(f field, value string) {
	switch f {
	case fieldMethod:
		h.Method = value
	case fieldPath:
		h.Path = value
	case fieldAuthority:
		h.Authority = value
	case fieldHost:
		h.secondAuthority = true
	case fieldSignature:
		h.signed = true
	case fieldOriginalHost:
		h.originalHost, h.originalHosts = value, h.originalHosts+1
	case fieldAcceptSignature:
		h.wantsSigned = true
	case fieldContentType:
		h.GRPC, h.GRPCWeb = isGRPC(value), strings.HasPrefix(value, "application/grpc-web")
	case fieldUpgrade:
		if h.asked&askedUpgrade != 0 || !strings.EqualFold(value, "websocket") {
			h.asked |= askedOther
		}
		h.asked |= askedUpgrade
	case fieldProtocol:
		h.asked |= askedOther
	case fieldConnection:
		asked, drops := parseConnection(value)
		h.asked, h.dropsHeaders = h.asked|asked, h.dropsHeaders || drops
	case fieldRequestID:
		if h.id.size == 0 {
			h.id.set(value)
		}
	}
}

// asked says in which ways a request asks for another protocol.
type asked uint8

const (
	askedUpgrade    asked = 1 << iota // an Upgrade header
	askedConnection                   // the option upgrade of Connection, without which the header means nothing
	askedOther                        // another protocol than WebSocket, or another way to ask
)

// askedWebSocket is what a request for WebSocket has in HTTP/1.1 (RFC 6455 section 4.1), and
// what Envoy makes of one in HTTP/2 and HTTP/3 (RFC 8441, RFC 9220).
const askedWebSocket = askedUpgrade | askedConnection

// maxConnection is the length of the longest Connection header that is read, in bytes.
const maxConnection = 256

// parseConnection reads a Connection header (RFC 9110 section 7.6.1). A later hop drops
// each header that it names: a client could take away a header that the gate writes. A
// value longer than maxConnection is not read: it names more than the options below.
func parseConnection(value string) (asks asked, drops bool) {
	if len(value) > maxConnection {
		return 0, true
	}
	for option := range strings.SplitSeq(value, ",") {
		switch strings.ToLower(strings.TrimSpace(option)) {
		case "", "close", "keep-alive":
		case "upgrade":
			asks |= askedConnection
		case "http2-settings":
			asks |= askedOther
		default:
			drops = true
		}
	}
	return asks, drops
}

// isGRPC reports whether a media type is one of gRPC ("Content-Type" in the document
// "gRPC over HTTP2").
func isGRPC(contentType string) bool {
	rest, ok := strings.CutPrefix(contentType, "application/grpc")
	return ok && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

// isJSON reports whether a media type is JSON in UTF-8.
func isJSON(contentType string) bool {
	mediaType, parameter, more := strings.Cut(strings.ToLower(contentType), ";")
	parameter = strings.ReplaceAll(strings.TrimSpace(parameter), `"`, "")
	return strings.TrimSpace(mediaType) == "application/json" && (!more || parameter == "charset=utf-8")
}

// requestID is a copy, because it is needed when the head is gone.
type requestID struct {
	size  int
	bytes [64]byte
}

func (id *requestID) String() string { return string(id.bytes[:id.size]) }

// set takes a request id if it cannot be anything but an id: a client may have written
// it, and it appears in replies and in the log.
func (id *requestID) set(s string) {
	if len(s) > len(id.bytes) {
		return
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return
		}
		id.bytes[i] = c
	}
	id.size = len(s)
}
