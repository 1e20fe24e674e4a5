package wasmhost

import (
	"slices"
	"strconv"
	"strings"
)

// LocalReply is an answer to the client that does not come from the upstream.
// For gRPC requests Envoy would dress it as a gRPC response.
type LocalReply struct {
	Status  uint32
	Details string
	Headers [][2]string // those the guest asked for
	Body    string
	GRPC    int32 // outside 0 to 16 there is none
}

// headers are the response headers Envoy makes of a reply.
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

// reply answers the stream. Unless a response has begun already, Envoy sends
// the guest's own reply back past the guest, as it would the upstream's.
func (s *Stream) reply(r *LocalReply) {
	if s.parent == nil || s.local != nil || s.answered() {
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

// fail answers a stream whose VM is dead.
func (s *Stream) fail() {
	if s.local == nil {
		s.local = &LocalReply{Status: 503, Details: "wasm_fail_stream", GRPC: 14}
	}
}
