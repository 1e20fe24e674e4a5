package gate

import (
	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/reason"
)

// Act is what the host must do next. The zero value refuses.
type Act uint8

// The acts.
const (
	Refuse    Act = iota // answer with Reply
	Forward              // apply Edit and continue
	Hold                 // keep what has come, and hand in more
	AwaitKeys            // keep the request until the key in Await is fetched or known to be missing, then call Resume
	Reset                // end the stream without an answer
	Answer               // answer with Reply, although nothing is refused
)

// Step is what the host must do next. The zero Step refuses with an internal error: a
// step that nobody filled in lets nothing pass.
type Step struct {
	Act     Act
	Head    bool   // of a Hold: the head is forwarded now, and only the body waits
	Take    bool   // of the first Hold: the module keeps what is held of the body, and the host nothing
	Release int    // how many bytes of the body are forwarded now, the oldest first
	Again   bool   // of a Hold: once these bytes are forwarded, call Body again, with more bytes or without
	Body    []byte // of a Forward: replaces the body, unless it is nil
	Edit    *Edit  // of the head that is not forwarded yet, or nil
	Await   Await
	Reason  reason.Reason
	Reply   Reply
	Audit   string // a line for the log, or ""
	Told    *Told  // for the proxy, or nil
}

// SendsHead reports whether the head of the request goes on, if it has not gone before.
func (s *Step) SendsHead() bool {
	return s.Act == Forward || s.Act == Hold && (s.Head || s.Release > 0)
}

// Edit is a change to headers.
type Edit struct {
	Remove []string    // each header with one of these names, spelt as in the request
	Set    [][2]string // each replaces all headers of its name, pseudo-headers included
}

// Await is the key that a request waits for.
type Await = authn.MissingKey

// Direction is the direction in which a body or trailers flow.
type Direction uint8

// The two directions.
const (
	Upstream Direction = iota
	Downstream
)
