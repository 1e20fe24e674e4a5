package keys

import (
	"slices"
	"time"
)

// WaitPolicy is what a request may still do about a key that is not there.
type WaitPolicy uint8

// The wait policies.
const (
	NoWait    WaitPolicy = iota // the request cannot wait, or not any longer: nobody knows whether there is such a key
	MayWait                     // the request may wait
	Refreshed                   // the keys are fresh: a key that is not there does not exist
)

// Waiter is a request that waits for a key.
type Waiter struct {
	Request uint32 // the host's number for it
	KeyID   string
	Since   time.Time // when the request came
}

// Resume is a request that continues, and what it may still do.
type Resume struct {
	Request    uint32
	WaitPolicy WaitPolicy
}

// Wait registers a request that wants to wait for a key; the next ticks fetch the
// keys as soon as they may. MayWait is returned if the request waits. Otherwise it
// continues at once with the policy that is returned: the key is known to be
// unknown, the keys are fresh, the request has waited for long enough, or too many requests
// wait. A request that does not wait loses little, since one fetch is for all.
func (r *Refresher) Wait(now time.Time, w Waiter) WaitPolicy {
	switch until, known := r.unknown[w.KeyID]; {
	case known && now.Before(until), r.refreshedSince(w.Since):
		return Refreshed
	case r.fresh(now, w.Since):
		r.looking = true
		return Refreshed
	case len(r.waiting) >= maxWaiting, !now.Before(w.Since.Add(r.source.Wait)):
		return NoWait
	}
	r.waiting = append(r.waiting, w)
	return MayWait
}

// fresh reports whether the keys were requested less than Interval before a request came,
// and no fetch is under way or may begin soon that could bring another. Then nobody waits:
// whoever makes up key IDs would make others wait, or see what an outage looks like. A key
// is known Interval after it was published, or at once if nobody asked for an unknown one.
func (r *Refresher) fresh(now, since time.Time) bool {
	s, e := r.source, &r.entry
	return r.Document(now) != "" && e.Failures == 0 && !s.leased(e, now) && s.untilLook(e, now) > shortWait &&
		e.RequestedAt.After(since.Add(-s.Interval))
}

// refreshedSince reports whether the document was requested at that time or later.
func (r *Refresher) refreshedSince(t time.Time) bool {
	return r.entry.Document != "" && !r.entry.RequestedAt.Before(t)
}

// Forget removes a request that has ended.
func (r *Refresher) Forget(request uint32) {
	r.waiting = slices.DeleteFunc(r.waiting, func(w Waiter) bool { return w.Request == request })
}

// takeResumable removes and returns the requests that need not wait any longer,
// and all requests if the document was fetched again.
func (r *Refresher) takeResumable(now time.Time, fetched bool) (resumable []Resume) {
	rest := r.waiting[:0]
	for _, w := range r.waiting {
		switch {
		case r.refreshedSince(w.Since):
			r.rememberUnknown(now, w.KeyID)
			resumable = append(resumable, Resume{w.Request, Refreshed})
		case !now.Before(w.Since.Add(r.source.Wait)):
			resumable = append(resumable, Resume{w.Request, NoWait})
		case fetched:
			resumable = append(resumable, Resume{w.Request, MayWait})
		default:
			rest = append(rest, w)
		}
	}
	clear(r.waiting[len(rest):])
	r.waiting = rest
	return resumable
}

// rememberUnknown notes that a key was looked for. If the document has the key
// after all, no request asks for it again.
func (r *Refresher) rememberUnknown(now time.Time, kid string) {
	if len(r.unknown) >= maxUnknown {
		clear(r.unknown)
	}
	r.unknown[kid] = now.Add(unknownFor)
}
