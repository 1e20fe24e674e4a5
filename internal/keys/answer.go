package keys

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// Answer is the answer to a Fetch. It has no headers if none came.
type Answer struct {
	Headers   [][2]string // names in lower case, ":status" among them
	Body      string
	Oversized bool // the body has more than the source's MaxDocument bytes, and is left out
}

// header returns the value of a header, with its repetitions joined by commas (RFC
// 9110 section 5.3).
func (a *Answer) header(name string) (value string) {
	for _, h := range a.Headers {
		if h[0] == name {
			if value != "" {
				value += ","
			}
			value += h[1]
		}
	}
	return value
}

// maxAge returns how long the answer is fresh (RFC 9111 section 4.2): max-age less
// the age that it has already; -1 without max-age.
func (a *Answer) maxAge() time.Duration {
	for directive := range strings.SplitSeq(a.header("cache-control"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		if !strings.EqualFold(name, "max-age") {
			continue
		}
		seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
		if err != nil {
			return -1
		}
		age, _ := strconv.ParseUint(a.header("age"), 10, 31) // 0 for none
		return time.Duration(max(0, int64(seconds)-int64(age))) * time.Second
	}
	return -1
}

// outcome judges an answer by its status and its size, and by whether it is JSON or PEM.
// Whether the document is the right one is not decided here.
func (a *Answer) outcome(maxDocument int) (Outcome, error) {
	switch status := a.header(":status"); {
	case status == "":
		return Unreachable, errUnreachable
	case status != "200":
		return Status, statusError(status)
	case a.Oversized || len(a.Body) > maxDocument:
		return Oversized, errOversized
	}
	if err := strictjson.Check(a.Body); err != nil && !IsPEM(a.Body) {
		return Malformed, err
	}
	return Fetched, nil
}

// IsPEM reports whether a document is a key or a certificate in PEM (RFC 7468 section 2),
// and no JSON.
func IsPEM(document string) bool {
	return strings.HasPrefix(strings.TrimSpace(document), "-----BEGIN ")
}

var (
	errNotAnEntry  = errors.New("the shared data is no entry of this source")
	errLate        = errors.New("the answer came after the end of its lease")
	errUnreachable = errors.New("no answer")
	errOversized   = errors.New("the answer is too large")
)

type statusError string

func (s statusError) Error() string { return "status " + string(s) }

// Outcome is the result of a fetch.
type Outcome uint8

// The outcomes.
const (
	Unreachable Outcome = iota // no answer
	Status                     // a status other than 200
	Oversized                  // more than the source's MaxDocument bytes
	Malformed                  // no JSON, or no discovery document of this issuer
	Unusable                   // no key that may be used, or one that must not be published
	Unchanged                  // the same document as before
	Fetched                    // a new document
	outcomes
)

var outcomeNames = [outcomes]string{"unreachable", "status", "oversized", "malformed", "unusable", "unchanged", "ok"}

// String returns the name in metrics and logs.
func (o Outcome) String() string { return outcomeNames[o%outcomes] }

// Good reports whether the fetch has shown which keys the issuer publishes now.
func (o Outcome) Good() bool { return o >= Unchanged }

// Outcomes returns all outcomes in order.
func Outcomes() (all []Outcome) {
	for o := range outcomes {
		all = append(all, o)
	}
	return all
}
