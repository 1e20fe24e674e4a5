package wasmhost

import (
	"slices"
	"strconv"
	"strings"
)

// LocalReply is a response to the client that the guest sends. For a gRPC request
// Envoy would send it as a gRPC response.
type LocalReply struct {
	Status  uint32
	Details string
	Headers [][2]string // without those that Envoy adds
	Body    string
	GRPC    int32 // the gRPC status; a value outside 0 to 16 means none
}

// headers returns the response headers that Envoy makes of a reply.
func (r *LocalReply) headers() [][2]string {
	pairs := append([][2]string{{":status", strconv.Itoa(int(r.Status))}}, r.Headers...)
	if r.Body == "" {
		return pairs
	}
	typed := func(p [2]string) bool { return strings.EqualFold(p[0], "content-type") }
	if !slices.ContainsFunc(pairs, typed) {
		pairs = append(pairs, [2]string{"content-type", "text/plain"})
	}
	return append(pairs, [2]string{"content-length", strconv.Itoa(len(r.Body))})
}

// sendReply sends a local reply. Unless a response has begun already, the reply
// passes through the guest's response callbacks, as the upstream's response would.
func (s *Stream) sendReply(r *LocalReply) {
	if s.parent == nil || s.local != nil || s.ended() {
		return
	}
	s.local = r
	if s.maps[responseHeaders].received {
		return
	}
	s.replying = true
	_, _ = s.onHeaders(response, r.headers(), r.Body == "")
	if r.Body != "" {
		_, _ = s.onBody(response, []byte(r.Body), true)
	}
	s.replying = false
}

// failStream sends Envoy's reply for a stream whose VM has trapped.
func (s *Stream) failStream() {
	if s.local == nil {
		s.local = &LocalReply{Status: 503, Details: "wasm_fail_stream", GRPC: 14}
	}
}
