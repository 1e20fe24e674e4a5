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

// The header maps of a stream, numbered as in the ABI.
const (
	requestHeaders = iota
	requestTrailers
	responseHeaders
	responseTrailers
	streamMaps

	callHeaders  = 6 // of the reply to a call
	callTrailers = 7
)

// headers and trailers are the maps of a direction.
func (d direction) headers() int  { return 2 * int(d) }
func (d direction) trailers() int { return 2*int(d) + 1 }

// Stream is a request and its response, passing the guest. Its methods return
// what the guest answered, and as error the trap that killed the VM, now or
// earlier. What Envoy would not deliver is not delivered: [Pause] is returned
// without asking the guest once the stream has been answered or reset, and for
// bodies and trailers while the guest stops the whole stream.
//
// Internally root contexts are Streams too, on which nothing passes.
type Stream struct {
	vm     *VM
	id     uint32
	parent *Stream
	plugin plugin

	maps    [streamMaps]headerMap
	bodies  [2]body
	held    [2]bool     // the headers
	stopped [2]bool     // whole directions
	waiting [2][]func() // what arrived meanwhile

	properties  map[string][]byte
	filterState map[string][]byte
	local       *LocalReply
	replying    bool // the local reply is on its way back past the guest
	reset       bool
	closing     bool
	logging     bool
}

// Message is one direction of a stream, as it leaves the guest.
type Message struct {
	Headers  [][2]string // as they stand, even if the guest still holds them
	Body     []byte      // what the guest has let pass
	Trailers [][2]string
}

// Path is the key of a property.
func Path(segments ...string) string { return strings.Join(segments, "\x00") }

// Stream opens a stream. The properties are what the guest can read of it,
// under keys made by [Path].
func (vm *VM) Stream(properties map[string][]byte) *Stream {
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

// RequestTrailers delivers the trailers of the request, and thereby its end.
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

// ResponseTrailers delivers the trailers of the response, and thereby its end.
func (s *Stream) ResponseTrailers(pairs [][2]string) (Action, error) {
	return s.onTrailers(response, pairs)
}

// Request is what the upstream gets.
func (s *Stream) Request() Message { return s.message(request) }

// Response is what the client gets, be it the upstream's or the guest's.
func (s *Stream) Response() Message { return s.message(response) }

func (s *Stream) message(d direction) Message {
	return Message{s.maps[d.headers()].copy(), s.bodies[d].sent, s.maps[d.trailers()].copy()}
}

// Local is the reply with which the guest ended the stream, or nil. If the
// guest trapped it is Envoy's: 503 with the details wasm_fail_stream.
func (s *Stream) Local() *LocalReply { return s.local }

// Reset reports whether the guest closed the stream without an answer.
func (s *Stream) Reset() bool { return s.reset }

// Held reports whether the guest holds the request: it has paused at the headers,
// and neither continued nor answered the stream since.
func (s *Stream) Held() bool { return s.held[request] && !s.answered() }

// FilterState is what the guest has set as properties, under the names the
// access log knows them by: "wasm." and the path.
func (s *Stream) FilterState() map[string][]byte { return maps.Clone(s.filterState) }

// Close ends the stream. As in Envoy the guest is asked to log before it is
// told that the stream is done.
func (s *Stream) Close() error {
	s.closing, s.logging = true, true
	s.vm.run(s, "proxy_on_log", 0)
	s.logging = false
	s.vm.run(s, "proxy_on_done", 1)
	s.delete()
	s.parent.plugin.streams--
	s.parent.end()
	return s.vm.failure
}
