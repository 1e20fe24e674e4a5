package wasmhost

// Status is the result of a host call. For a WASI call it is an errno.
type Status uint32

// The statuses of the Proxy-Wasm ABI that Envoy uses.
const (
	OK                  Status = 0
	NotFound            Status = 1
	BadArgument         Status = 2
	InvalidMemoryAccess Status = 6
	CasMismatch         Status = 8
	InternalFailure     Status = 10
	Unimplemented       Status = 12
)

// The errnos of WASI that Envoy uses.
const (
	wasiBadFile     Status = 8
	wasiFault       Status = 21
	wasiInvalid     Status = 28
	wasiNoEntry     Status = 44
	wasiNoSys       Status = 52
	wasiUnsupported Status = 58
)

// Action is the result of a stream callback. Values above Pause are Envoy's filter
// statuses. For headers, 2 continues and ends the stream, and 3 and 4 stop the whole
// stream. For bodies, 2 stops and does not show earlier chunks again, and 3 drops the
// chunk.
type Action uint32

// The actions of the ABI.
const (
	Continue Action = 0
	Pause    Action = 1
)

// Envoy's filter statuses beyond the two.
const (
	continueAndEnd   Action = 2 // headers
	stopNoBuffer     Action = 3 // bodies
	stopAllAndBuffer Action = 3 // headers
	stopAll          Action = 4 // headers
)

// Level is the severity of a log line.
type Level uint32

// The levels of the Proxy-Wasm ABI.
const (
	Trace Level = iota
	Debug
	Info
	Warn
	Error
	Critical
)

// LogLine is a line that the guest logged, or wrote to stdout (Info) or stderr
// (Error).
type LogLine struct {
	Level Level
	Text  string
}
