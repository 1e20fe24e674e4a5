package abi

import "strconv"

// Status is the result of a host function. As an error it is never 0, which is
// success.
type Status uint32

// The statuses that Envoy returns (proxy-wasm-cpp-host, proxy_wasm_common.h).
const (
	NotFound      Status = 1
	BadArgument   Status = 2
	Empty         Status = 7
	CasMismatch   Status = 8
	Internal      Status = 10
	Unimplemented Status = 12
)

// Error returns the number of the status, and its name in the specification.
func (s Status) Error() string {
	text := "the host returned status " + strconv.FormatUint(uint64(s), 10)
	if name := s.name(); name != "" {
		text += " (" + name + ")"
	}
	return text
}

func (s Status) name() string {
	switch s {
	case NotFound:
		return "not found"
	case BadArgument:
		return "bad argument"
	case Empty:
		return "empty"
	case CasMismatch:
		return "compare-and-swap mismatch"
	case Internal:
		return "internal failure"
	case Unimplemented:
		return "unimplemented"
	}
	return ""
}

// err returns the status as an error, nil for success.
func (s Status) err() error {
	if s == 0 {
		return nil
	}
	return s
}
