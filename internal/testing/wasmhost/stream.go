package wasmhost

import (
	"maps"
	"strings"
)

// The two directions of a stream.
type direction int

const (
	request direction = iota
	response
)

func (d direction) String() string { return [...]string{"request", "response"}[d] }

// The header maps of a stream, with their numbers in the ABI.
const (
	requestHeaders = iota
	requestTrailers
	responseHeaders
	responseTrailers
	streamMaps

	callHeaders  = 6 // of the response to an HTTP call
	callTrailers = 7
)

// headers and trailers return the numbers of a direction's maps.
func (d direction) headers() int  { return 2 * int(d) }
func (d direction) trailers() int { return 2*int(d) + 1 }

// Stream is a request and its response as they pass through the guest. The methods
// that deliver a part return the guest's action. Their error is the trap that ended
// the VM, now or earlier. A part that Envoy would not deliver is not delivered, and
// the method returns [Pause]: after a local reply or a reset, and for bodies and
// trailers while the guest stops the whole stream.
//
// Inside this package a root context is a Stream too, one that has no messages.
type Stream struct {
	vm     *VM
	id     uint32
	parent *Stream
	plugin plugin

	maps    [streamMaps]headerMap
	bodies  [2]body
	held    [2]bool     // the guest holds the headers
	stopped [2]bool     // the guest has stopped the direction
	waiting [2][]func() // deliver what arrived while it was stopped

	properties  map[string][]byte
	filterState map[string][]byte
	local       *LocalReply
	replying    bool // the local reply passes through the guest
	reset       bool
	closing     bool
	logging     bool
}

// Message is a request or response as it leaves the guest.
type Message struct {
	Headers  [][2]string // as they are now, even if the guest still holds them
	Body     []byte      // what the guest has forwarded
	Trailers [][2]string
}

// PropertyPath returns the key of a property with these path segments.
func PropertyPath(segments ...string) string { return strings.Join(segments, "\x00") }

// NewStream opens a stream. The guest can read the properties; their keys are made
// with [PropertyPath].
func (vm *VM) NewStream(properties map[string][]byte) *Stream {
	s := vm.newContext(vm.root)
	s.properties = properties
	s.parent.plugin.streams++
	return s
}

// RequestHeaders delivers the headers of the request.
func (s *Stream) RequestHeaders(pairs [][2]string, end bool) (Action, error) {
	return s.onHeaders(request, pairs, end)
}

// RequestBody delivers a chunk of the request's body.
func (s *Stream) RequestBody(chunk []byte, end bool) (Action, error) {
	return s.onBody(request, chunk, end)
}

// RequestTrailers delivers the trailers of the request, which end it.
func (s *Stream) RequestTrailers(pairs [][2]string) (Action, error) {
	return s.onTrailers(request, pairs)
}

// ResponseHeaders delivers the headers of the upstream's response.
func (s *Stream) ResponseHeaders(pairs [][2]string, end bool) (Action, error) {
	return s.onHeaders(response, pairs, end)
}

// ResponseBody delivers a chunk of the response's body.
func (s *Stream) ResponseBody(chunk []byte, end bool) (Action, error) {
	return s.onBody(response, chunk, end)
}

// ResponseTrailers delivers the trailers of the response, which end it.
func (s *Stream) ResponseTrailers(pairs [][2]string) (Action, error) {
	return s.onTrailers(response, pairs)
}

// Request returns what the upstream gets.
func (s *Stream) Request() Message { return s.message(request) }

// Response returns what the client gets, from the upstream or from the guest.
func (s *Stream) Response() Message { return s.message(response) }

func (s *Stream) message(d direction) Message {
	return Message{s.maps[d.headers()].copy(), s.bodies[d].sent, s.maps[d.trailers()].copy()}
}

// LocalReply returns the local reply that ended the stream, or nil. If the guest
// trapped, it is Envoy's: 503 with the details wasm_fail_stream.
func (s *Stream) LocalReply() *LocalReply { return s.local }

// Reset reports whether the guest closed the stream without a reply.
func (s *Stream) Reset() bool { return s.reset }

// Held reports whether the guest holds the request: it has paused at the headers, and
// has neither continued nor ended the stream since.
func (s *Stream) Held() bool { return s.held[request] && !s.ended() }

// FilterState returns the properties that the guest has set. Their keys are the names
// that the access log uses: "wasm." and the path.
func (s *Stream) FilterState() map[string][]byte { return maps.Clone(s.filterState) }

// Close ends the stream. As in Envoy, proxy_on_log comes before proxy_on_done.
func (s *Stream) Close() error {
	s.closing, s.logging = true, true
	s.vm.runCallback(s, "proxy_on_log", 0)
	s.logging = false
	s.vm.runCallback(s, "proxy_on_done", 1)
	s.delete()
	s.parent.plugin.streams--
	s.parent.endIfIdle()
	return s.vm.failure
}
