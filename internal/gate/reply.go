package gate

import "github.com/modelgate/modelgate/internal/reason"

// Reply is an answer of the gate itself.
type Reply struct {
	Status  int // of HTTP
	GRPC    int // of gRPC; the HTTP status is 200 then
	Headers [][2]string
	Body    string // JSON; for a gRPC request the status message
	Details string // for %RESPONSE_CODE_DETAILS%
}

// retryAfter is what a client is told to wait if keys are unavailable or too much waits, in
// seconds (RFC 9110 section 10.2.3): about the time after which a proxy fetches keys again.
const retryAfter = "10"

// NewReply returns the answer to a request that is refused before its head is read.
func NewReply(why reason.Reason) Reply { return newReply(why, &head{}, challenge(why, "", "")) }

// newReply returns the answer to a refused request. It tells the Reason and nothing else
// that the gate knows.
func newReply(why reason.Reason, h *head, challenge string) Reply {
	r := Reply{Status: why.HTTP(), GRPC: why.GRPC(), Details: "modelgate_" + why.String()}
	if h.GRPC {
		r.Body = why.String()
	} else {
		r.Headers = append(r.Headers, [2]string{"content-type", "application/json"}, [2]string{"cache-control", "no-store"})
		r.Body = replyBody(why, h)
	}
	if challenge != "" {
		r.Headers = append(r.Headers, [2]string{"www-authenticate", challenge})
	}
	if why == reason.KeysUnavailable || why == reason.Overloaded {
		r.Headers = append(r.Headers, [2]string{"retry-after", retryAfter})
	}
	return r
}

// challenge is the value of WWW-Authenticate (RFC 6750 section 3, RFC 9728 section 5.1), or
// "". All of it is constant, or is in the configuration: nothing of a request can get into
// it. A request without a credential gets no error code (RFC 6750 section 3.1), and no scope:
// that would say what there is to call.
func challenge(why reason.Reason, scopes, metadataURL string) string {
	if why.Challenge() == "" && why.HTTP() != 401 {
		return ""
	}
	value := `Bearer realm="model gate"`
	if code := why.Challenge(); code != "" {
		value += `, error="` + code + `", error_description="` + why.String() + `"`
	}
	if scopes != "" && why == reason.GrantMissing {
		value += `, scope="` + scopes + `"`
	}
	if metadataURL != "" {
		value += `, resource_metadata="` + metadataURL + `"`
	}
	return value
}
