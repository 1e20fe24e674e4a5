package driver

import (
	"errors"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
)

// Host is the proxy, as one of its threads sees it.
type Host interface {
	// Now returns the proxy's wall clock. Threads compare these times with each other.
	Now() time.Time
	// Log writes one line, which is the concatenation of the parts.
	Log(level Level, parts ...string)
	// SharedData returns an entry that all threads share, and its version. The error is
	// ErrNotFound if there is none.
	SharedData(key string) (value []byte, version uint32, err error)
	// SetSharedData stores an entry. It fails with ErrConflict if version is neither 0 nor the
	// version of the present entry. If there is no entry, every version is accepted.
	SetSharedData(key string, value []byte, version uint32) error
	// Fetch sends a request without a body to a cluster, and calls done once, later, on the
	// thread that calls Plugin.Tick. An answer without headers is a call that has failed. A body
	// of more than limit bytes is left out, and Oversized set.
	Fetch(cluster string, headers [][2]string, timeout time.Duration, limit int, done func(keys.Answer)) error
	// Counter, Gauge and Histogram define a metric.
	Counter(name string) (Metric, error)
	Gauge(name string) (Metric, error)
	Histogram(name string) (Metric, error)
	// Add adds n to a counter or a gauge, Set sets a gauge, and Record adds a value to a histogram.
	Add(m Metric, n int64) error
	Set(m Metric, n uint64) error
	Record(m Metric, value uint64) error
}

// Request is a host's side of one request and its response. Strings and slices that it
// returns are valid until the callback ends in which they were asked for.
type Request interface {
	// Headers returns all headers in their order, with repeated names, or the first ones if
	// there are more than most.
	Headers(m Map, most int) ([][2]string, error)
	// Edit changes headers. The proxy selects the route of a request again after that. The
	// edit's memory may be used again after the call.
	Edit(m Map, e *gate.Edit) error
	// Peer returns the client certificate of the connection, as far as it is needed.
	Peer(needs authn.PeerNeeds) (authn.Peer, error)
	// Chunk returns at least 1 and up to size bytes of a buffer, from position start, in memory
	// that the next call of Chunk may use again. No byte is returned only at the buffer's end.
	Chunk(b Buffer, start, size int) ([]byte, error)
	// Bytes returns size bytes of a buffer from position start, or what there is of them.
	Bytes(b Buffer, start, size int) ([]byte, error)
	// Replace replaces the whole content of a buffer.
	Replace(b Buffer, content []byte) error
	// Prepend inserts bytes before the content of a buffer.
	Prepend(b Buffer, content []byte) error
	// Reply answers the client, once the present callback has returned, and ends the stream.
	Reply(r gate.Reply) error
	// Waker returns what continues this stream later.
	Waker(s *Stream) Waker
	// WakeSoon has Stream.Wake called with the event, some milliseconds after the present
	// callback: so what it forwards reaches the server before the stream is refused.
	WakeSoon(s *Stream, event uint64)
}

// Waker continues a stream from any thread. One of its methods is called, once.
type Waker interface {
	// Wake has Stream.Wake called with the event, on the stream's thread, unless it ends first.
	Wake(event uint64)
	// Drop says that Wake will not be called.
	Drop()
}

// Map is a header map.
type Map uint8

// The header maps.
const (
	RequestHeaders Map = iota
	RequestTrailers
	ResponseHeaders
)

// Buffer is what a host holds of a body: what it has held back, and after it what has just come.
type Buffer uint8

// The buffers.
const (
	RequestBody Buffer = iota
	ResponseBody
)

// Metric is the number of a metric.
type Metric uint32

// Level is the severity of a log line.
type Level uint8

// The levels.
const (
	Info Level = iota
	Warn
	Error
	Critical
)

// Action is what the host does with the part of a stream that a callback is about. The zero
// Action forwards nothing.
type Action uint8

// The actions.
const (
	Pause    Action = iota // hold it back
	Forward                // forward it, and all that is held
	NoBuffer               // drop it: the driver has taken the bytes
)

// What Host's methods return.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("another version is there")
)
