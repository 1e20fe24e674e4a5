package keys

import (
	"strconv"
	"time"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// maxBackoff bounds the time to the next fetch after a failure. That time is one
// second, two, four and so on, and never more than Refresh.
const maxBackoff = 10 * time.Second

// minRefresh is the shortest time between two fetches that an answer can ask
// for.
const minRefresh = time.Minute

// lease returns how long a fetch may take: a discovery document and the key set.
func (s *Source) lease() time.Duration { return 2*s.Timeout + time.Second }

// fetchDue reports whether to start a fetch. wanted means that a request waits for
// a key. Times that are further ahead than any that is ever written come from a
// clock that was wrong; they are ignored.
func (s *Source) fetchDue(e *Entry, now time.Time, wanted bool) bool {
	if s.leased(e, now) {
		return false
	}
	if s.refreshDue(e, now) {
		return true
	}
	return wanted && e.Failures == 0 && s.untilLook(e, now) <= 0
}

// untilLook returns how long it is until a fetch for an unknown key may begin; not positive
// if one may begin now. A refresh that is due does not count: it is the issuer's own pace.
func (s *Source) untilLook(e *Entry, now time.Time) time.Duration {
	if e.LookedAt.After(now) {
		return 0
	}
	return e.LookedAt.Add(s.Interval).Sub(now)
}

// refreshDue reports whether a fetch is due even if no request waits.
func (s *Source) refreshDue(e *Entry, now time.Time) bool {
	return !now.Before(e.NextFetch) || e.NextFetch.After(now.Add(s.Refresh))
}

// leased reports whether a fetch is under way.
func (s *Source) leased(e *Entry, now time.Time) bool {
	return now.Before(e.LeaseUntil) && !e.LeaseUntil.After(now.Add(s.lease()))
}

// withLease returns the entry after holder has taken the lease, for a fetch that is made
// for an unknown key or not.
func (s *Source) withLease(e Entry, now time.Time, holder uint64, forUnknownKey bool) Entry {
	e.LastAttempt, e.LeaseUntil, e.LeaseHolder = now, now.Add(s.lease()), holder
	if forUnknownKey {
		e.LookedAt = now
	}
	return e
}

// freshFor returns how long a document is fresh: max-age of its answer or, in a bundle of
// SPIFFE, the seconds in which it asks to be fetched again, if they are fewer (SPIFFE Trust
// Domain and Bundle section 4.1.2); -1 for neither.
func (s *Source) freshFor(a *Answer) time.Duration {
	fresh := a.maxAge()
	if s.APIKeys || IsPEM(a.Body) {
		return fresh
	}
	seconds, err := strconv.ParseUint(strictjson.Read(a.Body).Get("spiffe_refresh_hint").Raw, 10, 31)
	if hint := time.Duration(seconds) * time.Second; err == nil && hint > 0 && (fresh < 0 || hint < fresh) {
		return hint
	}
	return fresh
}

// afterSuccess returns the entry after a fetch that brought a good document. maxAge
// is freshFor's; jitter is from 0 to 1.
func (s *Source) afterSuccess(e Entry, now time.Time, document string, maxAge time.Duration, jitter float64) Entry {
	wait := s.Refresh
	if maxAge >= 0 {
		wait = min(max(maxAge, minRefresh), s.Refresh)
	}
	// Up to a tenth earlier, so that proxies that started together do not fetch together.
	wait -= time.Duration(jitter * float64(wait) / 10)
	return Entry{
		Document: document, FetchedAt: now, RequestedAt: e.LastAttempt,
		LastAttempt: e.LastAttempt, LookedAt: e.LookedAt, NextFetch: now.Add(wait),
	}
}

// afterFailure returns the entry after a fetch that brought no good document: the
// document before it stays.
func (s *Source) afterFailure(e Entry, now time.Time, jitter float64) Entry {
	wait := min(time.Second<<min(e.Failures, 10), maxBackoff, s.Refresh)
	e.Failures++
	e.LeaseUntil = time.Time{}
	e.NextFetch = now.Add(wait - time.Duration(jitter*float64(wait)/2))
	return e
}
