package keys

import (
	"errors"
	"slices"
	"time"
)

var (
	errForeign     = errors.New("what lies in the shared data is no entry of this source")
	errLate        = errors.New("the answer came after its lease had run out")
	errUnreachable = errors.New("no answer")
	errOversized   = errors.New("the answer is too large")
)

type statusError string

func (s statusError) Error() string { return "status " + string(s) }

// Wait has a request wait for a key, which the next ticks will fetch if they
// may. Ask means that it does; any other answer is to be acted on at once: the
// key is known to be unknown, or the request has waited long enough, or too many
// wait already. Those that do not wait lose nothing by it: one fetch serves all.
func (k *Refresher) Wait(now time.Time, w Waiter) WaitPolicy {
	switch until, known := k.missing[w.KeyID]; {
	case known && now.Before(until), k.looked(w):
		return Refreshed
	case len(k.waiting) >= maxWaiting, !now.Before(w.Since.Add(k.source.Wait)):
		return NoWait
	}
	k.waiting = append(k.waiting, w)
	return MayWait
}

// looked reports whether the document was asked for after the request came.
func (k *Refresher) looked(w Waiter) bool {
	return k.entry.Document != "" && !k.entry.Asked.Before(w.Since)
}

// Forget drops a request that has ended.
func (k *Refresher) Forget(request uint32) {
	k.waiting = slices.DeleteFunc(k.waiting, func(w Waiter) bool { return w.Request == request })
}

// wake takes out those that need not wait any longer, or have another document
// to look at.
func (k *Refresher) wake(now time.Time, changed bool) (woken []Resume) {
	rest := k.waiting[:0]
	for _, w := range k.waiting {
		switch {
		case k.looked(w):
			k.remember(now, w.KeyID)
			woken = append(woken, Resume{w.Request, Refreshed})
		case !now.Before(w.Since.Add(k.source.Wait)):
			woken = append(woken, Resume{w.Request, NoWait})
		case changed:
			woken = append(woken, Resume{w.Request, MayWait})
		default:
			rest = append(rest, w)
		}
	}
	clear(k.waiting[len(rest):])
	k.waiting = rest
	return woken
}

// remember notes that a key was looked for. If it is there after all, nobody
// asks for it again.
func (k *Refresher) remember(now time.Time, id string) {
	if len(k.missing) >= maxMissing {
		clear(k.missing)
	}
	k.missing[id] = now.Add(missingFor)
}
