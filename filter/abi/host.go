//go:build wasip1

package abi

// Now returns the host's wall clock, in nanoseconds since 1970 (UTC).
func Now() (int64, error) {
	s := proxyGetCurrentTimeNanoseconds(&outParams.time)
	return int64(outParams.time), s.err()
}

// Property returns a value that the host knows about the stream or the plugin. The
// segments of its path are separated by zero bytes. The error is NotFound if the
// host has no such value.
func Property(path string) ([]byte, error) {
	return hostResult(proxyGetProperty(strPtr(path), strLen(path), &outParams.data, &outParams.size))
}

// SetEffectiveContext selects the stream or plugin that the following host calls
// are about.
func SetEffectiveContext(id uint32) error { return proxySetEffectiveContext(id).err() }

// ResumeRequest continues a request that a callback has paused.
func ResumeRequest() error { return proxyContinueStream(0).err() }

// SetTickPeriod sets the period of ticks, in milliseconds.
func SetTickPeriod(milliseconds uint32) error {
	return proxySetTickPeriodMilliseconds(milliseconds).err()
}

// SharedData returns an entry that all VMs of the proxy share, and its version for
// a compare-and-swap. The error is NotFound if there is no entry.
func SharedData(key string) (value []byte, cas uint32, err error) {
	value, err = hostResult(proxyGetSharedData(strPtr(key), strLen(key), &outParams.data, &outParams.size, &outParams.n))
	return value, outParams.n, err
}

// SetSharedData stores an entry. It fails with CasMismatch if cas is neither 0 nor
// the version of the present entry. If there is no entry, every cas is accepted.
func SetSharedData(key string, value []byte, cas uint32) error {
	return proxySetSharedData(strPtr(key), strLen(key), bytesPtr(value), bytesLen(value), cas).err()
}

// CallForeignFunction calls a function that the host offers beyond the ABI.
func CallForeignFunction(name string, argument []byte) ([]byte, error) {
	return hostResult(proxyCallForeignFunction(strPtr(name), strLen(name), bytesPtr(argument), bytesLen(argument),
		&outParams.data, &outParams.size))
}

// HTTPCall sends a request without a body to a cluster. The host reports the
// response, or the failure, in proxy_on_http_call_response with the id returned
// here.
func HTTPCall(cluster string, headers [][2]string, timeoutMilliseconds uint32) (id uint32, err error) {
	h, trailers := serialize(headers), serialize(nil)
	s := proxyHTTPCall(strPtr(cluster), strLen(cluster), bytesPtr(h), bytesLen(h), nil, 0,
		bytesPtr(trailers), bytesLen(trailers), timeoutMilliseconds, &outParams.n)
	return outParams.n, s.err()
}

// Reply is a local reply: the module answers the client, and the stream ends.
type Reply struct {
	Status  int // HTTP status
	GRPC    int // gRPC status, for a gRPC request
	Headers [][2]string
	Body    string
	Details string // for the access log: %RESPONSE_CODE_DETAILS%
}

// Send sends the reply to the current stream. The host does so after the callback
// has returned.
func (r *Reply) Send() error {
	h := serialize(r.Headers)
	return proxySendLocalResponse(uint32(r.Status), strPtr(r.Details), strLen(r.Details), strPtr(r.Body), strLen(r.Body),
		bytesPtr(h), bytesLen(h), int32(r.GRPC)).err()
}

// Level is the severity of a log line.
type Level uint32

// The levels that the filter uses.
const (
	Info     Level = 2
	Warn     Level = 3
	Error    Level = 4
	Critical Level = 5
)

// Log writes one log line, which is the concatenation of the parts. It returns no
// error: a failure to log cannot be reported anywhere.
func Log(level Level, parts ...string) {
	line := ""
	for _, part := range parts {
		line += part
	}
	proxyLog(level, strPtr(line), strLen(line))
}
