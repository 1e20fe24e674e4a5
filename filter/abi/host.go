//go:build wasip1

package abi

import "math"

// Now is the host's wall clock, in nanoseconds since 1970.
func Now() (int64, error) {
	s := proxyGetCurrentTimeNanoseconds(&clock)
	return int64(clock), s.err()
}

var clock uint64

// Property is a value that the host knows of the stream or the plugin; the
// segments of its path are separated by zero bytes.
func Property(path string) ([]byte, error) {
	return taken(proxyGetProperty(first(path), length(path), &out.data, &out.size))
}

// SetEffectiveContext has the calls that follow be about another stream.
func SetEffectiveContext(id uint32) error { return proxySetEffectiveContext(id).err() }

// Resume lets a request go on that a callback has paused.
func Resume() error { return proxyContinueStream(0).err() }

// SetTickPeriod sets the period of ticks, in milliseconds.
func SetTickPeriod(milliseconds uint32) error {
	return proxySetTickPeriodMilliseconds(milliseconds).err()
}

// SharedData reads an entry that all VMs of the proxy share, and its number for
// a compare-and-swap.
func SharedData(key string) (value []byte, cas uint32, err error) {
	value, err = taken(proxyGetSharedData(first(key), length(key), &out.data, &out.size, &out.n))
	return value, out.n, err
}

// SetSharedData writes one, unless cas is neither 0 nor the entry's number. A key
// that is not there yet is written under any number.
func SetSharedData(key string, value []byte, cas uint32) error {
	return proxySetSharedData(first(key), length(key), firstOf(value), lengthOf(value), cas).err()
}

// CallForeignFunction calls a function that the host has beyond the ABI.
func CallForeignFunction(name string, argument []byte) ([]byte, error) {
	return taken(proxyCallForeignFunction(first(name), length(name), firstOf(argument), lengthOf(argument), &out.data, &out.size))
}

// HTTPCall sends a request without a body to a cluster. What comes of it comes by
// proxy_on_http_call_response, under the number returned.
func HTTPCall(cluster string, headers [][2]string, timeoutMilliseconds uint32) (id uint32, err error) {
	h, none := serialize(headers), serialize(nil)
	s := proxyHTTPCall(first(cluster), length(cluster), firstOf(h), lengthOf(h), nil, 0, firstOf(none), lengthOf(none), timeoutMilliseconds, &out.n)
	return out.n, s.err()
}

// Reply is an answer of the module's own; the stream ends with it.
type Reply struct {
	Status  int // HTTP
	GRPC    int // for a request of gRPC
	Headers [][2]string
	Body    string
	Details string // for the access log: %RESPONSE_CODE_DETAILS%
}

// Send answers the stream, once the callback has returned.
func (r *Reply) Send() error {
	h := serialize(r.Headers)
	return proxySendLocalResponse(uint32(r.Status), first(r.Details), length(r.Details), first(r.Body), length(r.Body),
		firstOf(h), lengthOf(h), int32(r.GRPC)).err()
}

// Level is how loud a line of the log is.
type Level uint32

// The levels that are used.
const (
	Info     Level = 2
	Warn     Level = 3
	Error    Level = 4
	Critical Level = 5
)

// Log writes a line, whose parts stand one after the other.
func Log(level Level, parts ...string) {
	line := ""
	for _, part := range parts {
		line += part
	}
	proxyLog(level, first(line), length(line)) // of whose failing nobody could be told
}

// Buffer is something to read or write bytes of.
type Buffer uint32

// The buffers that are used.
const (
	RequestBody         Buffer = 0
	ResponseBody        Buffer = 1
	CallBody            Buffer = 4 // of the answer to an HTTPCall
	PluginConfiguration Buffer = 7
)

// Bytes reads up to size bytes.
func (b Buffer) Bytes(start, size int) ([]byte, error) {
	return taken(proxyGetBufferBytes(b, uint32(start), uint32(size), &out.data, &out.size))
}

// Piece reads up to MaxPiece bytes of a body. They are the caller's until the
// next piece is read.
func (b Buffer) Piece(start, size int) ([]byte, error) {
	if piece == nil {
		piece = make([]byte, pieceSize)
	}
	whole = false
	octets, err := b.Bytes(start, min(size, pieceSize))
	whole = true
	return octets, err
}

// MaxPiece is the most bytes that Piece reads.
const MaxPiece = pieceSize

// Replace puts bytes in the place of all that the buffer has.
func (b Buffer) Replace(octets []byte) error {
	return proxySetBufferBytes(b, 0, math.MaxInt32, firstOf(octets), lengthOf(octets)).err()
}

// Prepend puts bytes before what the buffer has.
func (b Buffer) Prepend(octets []byte) error {
	return proxySetBufferBytes(b, 0, 0, firstOf(octets), lengthOf(octets)).err()
}
