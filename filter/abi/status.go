package abi

import "strconv"

// Status is what a function of the host comes to. As an error it is never 0.
type Status uint32

// The statuses that hosts are known to return.
const (
	NotFound      Status = 1
	BadArgument   Status = 2
	Empty         Status = 7
	CasMismatch   Status = 8
	Internal      Status = 10
	Unimplemented Status = 12
)

func (s Status) Error() string {
	switch s {
	case NotFound:
		return "the host has found nothing"
	case BadArgument:
		return "the host refuses an argument"
	case Empty:
		return "the host has nothing"
	case CasMismatch:
		return "the entry has changed meanwhile"
	case Internal:
		return "the host has failed"
	case Unimplemented:
		return "the host cannot do that"
	}
	return "the host returns status " + strconv.FormatUint(uint64(s), 10)
}

func (s Status) err() error {
	if s == 0 {
		return nil
	}
	return s
}
