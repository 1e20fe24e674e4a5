package gate

import (
	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/reason"
)

// Act is what the host does next. The zero value refuses.
type Act uint8

// The acts.
const (
	Refuse    Act = iota // answer with Reply
	Forward              // apply Edit and go on
	Hold                 // keep what has come and bring more
	AwaitKeys            // keep the request until Await is there or known to be missing, then Wake
	Reset                // end the stream without an answer
	Answer               // answer with Reply although nothing is refused
)

// Step is what the host is to do next. The zero Step refuses, as an internal
// fault: a step that nobody filled in lets nothing pass.
type Step struct {
	Act     Act
	Head    bool   // of a Hold: the head goes on now, and only the body waits
	Release int    // bytes of the body that may flow now, the oldest that are held
	Body    []byte // of a Forward: what goes on in the body's place, unless it is nil
	Edit    *Edit
	Await   Await
	Reason  reason.Reason
	Reply   Reply
	Audit   string // a line for the log, or ""
}

// Edit is a change to headers that have not been sent.
type Edit struct {
	Remove []string    // every header of these names, spelt as in the request
	Set    [][2]string // replace all of a name, pseudo-headers included
}

// Await is the key that a request waits for.
type Await = authn.MissingKey

// Reply is an answer of the gate's own.
type Reply struct {
	Status  int // HTTP
	GRPC    int // for a gRPC request, whose HTTP status is then 200
	Headers [][2]string
	Body    string // JSON; for a gRPC request the status message
	Details string // for %RESPONSE_CODE_DETAILS%
}

// Direction is the way a body or trailers flow.
type Direction uint8

// The two directions.
const (
	Upstream Direction = iota
	Downstream
)

// refuse builds the refusal and its line in the log.
func (x *Exchange) refuse(why reason.Reason) Step {
	return Step{Act: Refuse, Reason: why, Reply: newReply(why, &x.head, x.gate.metadata), Audit: x.audit(why, false)}
}

// NewReply is the answer to a request that was refused before it was read.
func NewReply(why reason.Reason) Reply { return newReply(why, &head{}, "") }

// newReply is the answer to a refused request: the Reason and nothing else of
// what the gate knows. The challenge has only constants in it, so nothing of a
// request can reach it.
func newReply(why reason.Reason, h *head, metadata string) Reply {
	r := Reply{Status: why.HTTP(), GRPC: why.GRPC(), Details: "modelgate_" + why.String()}
	if h.GRPC {
		r.Body = why.String()
	} else {
		r.Headers = append(r.Headers, [2]string{"content-type", "application/json"}, [2]string{"cache-control", "no-store"})
		r.Body = `{"reason":"` + why.String() + `"`
		if h.id.size > 0 {
			r.Body += `,"request_id":"` + h.id.String() + `"`
		}
		r.Body += "}\n"
	}
	if challenge := why.Challenge(); challenge != "" || why.HTTP() == 401 {
		r.Headers = append(r.Headers, [2]string{"www-authenticate", challengeHeader(challenge, why, metadata)})
	}
	if why == reason.KeysUnavailable {
		r.Headers = append(r.Headers, [2]string{"retry-after", retryAfter})
	}
	return r
}

// retryAfter is when keys that are not to be had may be, in seconds (RFC 9110
// section 10.2.3): about as long as a proxy waits before it asks for them again.
const retryAfter = "10"

// challengeHeader is RFC 6750 section 3; a request without a credential gets no
// error code (section 3.1). Where the resource's metadata stands is RFC 9728
// section 5.1.
func challengeHeader(challenge string, why reason.Reason, metadata string) string {
	h := `Bearer realm="model gate"`
	if challenge != "" {
		h += `, error="` + challenge + `", error_description="` + why.String() + `"`
	}
	if metadata != "" {
		h += `, resource_metadata="` + metadata + `"`
	}
	return h
}
