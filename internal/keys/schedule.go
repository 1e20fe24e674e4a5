package keys

import (
	"strconv"
	"strings"
	"time"
)

// After a failure the next fetch comes after a second, two, four, but no later
// than this, and no later than Refresh.
const maxBackoff = 10 * time.Second

// minRefresh is the least that Cache-Control can bring Refresh down to.
const minRefresh = time.Minute

// lease is how long a fetch may take: a discovery document, then the key set.
func (s *Source) lease() time.Duration { return 2*s.Timeout + time.Second }

// due reports whether a fetch is to be started. wanted says that a request
// waits for a key. Times further ahead than could have been written are those
// of a clock that was wrong, and hold nobody up.
func (s *Source) due(e *Entry, now time.Time, wanted bool) bool {
	if now.Before(e.Lease) && !e.Lease.After(now.Add(s.lease())) {
		return false
	}
	if s.expired(e, now) {
		return true
	}
	return wanted && e.Failures == 0 && (!now.Before(e.Started.Add(s.Interval)) || e.Started.After(now))
}

// expired reports whether the next fetch is due without anybody asking for it.
func (s *Source) expired(e *Entry, now time.Time) bool {
	return !now.Before(e.Next) || e.Next.After(now.Add(s.Refresh))
}

// claim is the entry in which holder has the lease.
func (s *Source) claim(e Entry, now time.Time, holder uint64) Entry {
	e.Started, e.Lease, e.Holder = now, now.Add(s.lease()), holder
	return e
}

// succeed is the entry after a good document; jitter is from 0 to 1.
func (s *Source) succeed(e Entry, now time.Time, document string, maxAge time.Duration, jitter float64) Entry {
	wait := s.Refresh
	if maxAge >= 0 {
		wait = min(max(maxAge, minRefresh), s.Refresh)
	}
	// Earlier by up to a tenth, so that proxies that started together part.
	wait -= time.Duration(jitter * float64(wait) / 10)
	return Entry{Document: document, Fetched: now, Asked: e.Started, Started: e.Started, Next: now.Add(wait)}
}

// fail is the entry after a fetch that brought nothing: what was there stays.
func (s *Source) fail(e Entry, now time.Time, jitter float64) Entry {
	wait := min(time.Second<<min(e.Failures, 10), maxBackoff, s.Refresh)
	e.Failures++
	e.Lease = time.Time{}
	e.Next = now.Add(wait - time.Duration(jitter*float64(wait)/2))
	return e
}

// Answer is what came of a request to the endpoint: no headers at all where
// there was no answer.
type Answer struct {
	Headers   [][2]string // names in lower case, ":status" among them
	Body      string
	Oversized bool // the body has more than MaxDocument bytes, and is left out
}

// header is the value of a header, the repeats of a list joined.
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

// maxAge is how long the answer is fresh (RFC 9111 section 4.2): max-age less
// the age it has already; -1 where it does not say.
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

// Outcome is what came of a fetch.
type Outcome uint8

// The outcomes.
const (
	Unreachable Outcome = iota // no answer
	Status                     // another status than 200
	Oversized                  // more than MaxDocument
	Malformed                  // no JSON, or no discovery document of this issuer
	Unusable                   // no key that may be used, or one that must not be published
	Unchanged                  // the document that there was
	Fetched                    // a new document
	outcomes
)

var outcomeNames = [outcomes]string{"unreachable", "status", "oversized", "malformed", "unusable", "unchanged", "ok"}

// String is the name in metrics and logs.
func (o Outcome) String() string { return outcomeNames[o%outcomes] }

// Good reports whether the source's keys are known to be those of now.
func (o Outcome) Good() bool { return o >= Unchanged }

// Outcomes lists all of them in order.
func Outcomes() (all []Outcome) {
	for o := range outcomes {
		all = append(all, o)
	}
	return all
}
