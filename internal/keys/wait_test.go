package keys

import (
	"fmt"
	"testing"
	"time"
)

func TestWaiting(t *testing.T) {
	s := &Source{ID: id, Refresh: time.Hour, Timeout: time.Second, MaxStale: time.Hour, Interval: 5 * time.Second, Wait: 3 * time.Second}
	r := NewRefresher(s, usable, 7)
	e := Entry{Document: `["a"]`, FetchedAt: now, RequestedAt: now, LastAttempt: now, NextFetch: now.Add(time.Minute)}
	e = s.withLease(e, now, 8, false) // another VM fetches
	if _, err := r.Tick(now, string(e.Encode(id))); err != nil {
		t.Fatal(err)
	}
	for i := range uint32(maxWaiting) {
		if got := r.Wait(now.Add(1), Waiter{i, fmt.Sprint("k", i), now.Add(1)}); got != MayWait {
			t.Fatalf("Wait(%d) = %v, want MayWait", i, got)
		}
	}
	if got := r.Wait(now.Add(1), Waiter{maxWaiting, "x", now.Add(1)}); got != NoWait || len(r.waiting) != maxWaiting {
		t.Errorf("Wait beyond the bound = %v with %d waiting, want NoWait", got, len(r.waiting))
	}
	r.Forget(0)
	if got := r.Wait(now.Add(4*time.Second), Waiter{0, "late", now.Add(time.Second)}); got != NoWait || len(r.waiting) != maxWaiting-1 {
		t.Errorf("Wait of a request that has waited long enough = %v, want NoWait", got)
	}
	raw := string(e.Encode(id))
	if out, _ := r.Tick(now.Add(2*time.Second), raw); out.Fetch != nil || len(out.Resume) != 0 {
		t.Errorf("while the fetch is under way: %+v", out)
	}
	out, _ := r.Tick(now.Add(3*time.Second+1), raw)
	if len(out.Resume) != maxWaiting-1 || out.Resume[0] != (Resume{1, NoWait}) || len(r.waiting) != 0 {
		t.Errorf("after the wait %d requests are resumed, the first %v", len(out.Resume), out.Resume[:1])
	}
}

// TestUnknownKeys: the keys are fetched once for all who ask for an unknown one. Who asks for
// another soon after that need not wait to hear that there is none.
func TestUnknownKeys(t *testing.T) {
	s := &Source{ID: id, Refresh: time.Hour, Timeout: time.Second, MaxStale: time.Hour, Interval: 5 * time.Second, Wait: 3 * time.Second}
	r := NewRefresher(s, usable, 7)
	after := func(d time.Duration) time.Time { return now.Add(d) }
	e := Entry{Document: `["a"]`, FetchedAt: now, RequestedAt: now, LastAttempt: now, NextFetch: now.Add(time.Minute)}
	r.Load(string(e.Encode(id)))
	wait := func(at time.Duration, kid string, want WaitPolicy) {
		t.Helper()
		if got := r.Wait(after(at), Waiter{1, kid, after(at)}); got != want {
			t.Errorf("Wait for %s after %s = %v, want %v", kid, at, got, want)
		}
	}
	// Keys that were refreshed a moment ago are fetched all the same: the issuer may
	// have changed them since.
	wait(time.Millisecond, "new", MayWait)
	out, _ := r.Tick(after(time.Millisecond), string(e.Encode(id)))
	if out.Fetch == nil || !out.ForUnknownKey {
		t.Fatalf("for an unknown key: %+v", out)
	}
	wait(2*time.Millisecond, "other", MayWait) // until this fetch is over
	fetched := func(document string) {
		e, _ = Decode(string(out.Store), id)
		e = s.afterSuccess(e, after(100*time.Millisecond), document, -1, 0)
		out, _ = r.Tick(after(100*time.Millisecond), string(e.Encode(id)))
	}
	if fetched(`["a"]`); fmt.Sprint(out.Resume) != fmt.Sprint([]Resume{{1, Refreshed}, {1, MayWait}}) || out.Fetch != nil {
		t.Errorf("after the fetch: %+v, want the first to be told, and the second to ask again", out)
	}
	wait(100*time.Millisecond, "other", Refreshed)
	wait(200*time.Millisecond, "new", Refreshed)
	wait(3900*time.Millisecond, "third", Refreshed)
	if out, _ = r.Tick(after(4900*time.Millisecond), string(e.Encode(id))); out.Fetch != nil {
		t.Errorf("before the interval is over: %+v", out)
	}
	wait(4500*time.Millisecond, "fourth", MayWait) // for half a second
	if out, _ = r.Tick(after(5001*time.Millisecond), string(e.Encode(id))); out.Fetch == nil || !out.ForUnknownKey {
		t.Errorf("after the interval: %+v", out)
	}
	e.Document = `["b"]`
	r.Tick(after(6*time.Second), string(e.Encode(id)))
	wait(6*time.Second, "new", MayWait) // with another document, what was unknown may be there
	for i := range 2 * maxUnknown {
		r.rememberUnknown(now, fmt.Sprint(i))
	}
	if len(r.unknown) > maxUnknown {
		t.Errorf("%d keys are remembered as unknown", len(r.unknown))
	}
}

// TestUnknownKeysInTheBackground: a key that was reported as unknown is looked for as soon as
// that may be, although nobody waits.
func TestUnknownKeysInTheBackground(t *testing.T) {
	s := &Source{ID: id, Refresh: time.Hour, Timeout: time.Second, MaxStale: time.Hour, Interval: 5 * time.Second, Wait: 3 * time.Second}
	fresh := Entry{Document: `["a"]`, FetchedAt: now, RequestedAt: now, LastAttempt: now, LookedAt: now, NextFetch: now.Add(time.Minute)}
	for _, c := range []struct {
		name   string
		change func(*Entry)
		want   WaitPolicy
	}{
		{"fresh", func(*Entry) {}, Refreshed},
		{"the last fetch failed", func(e *Entry) { e.Failures = 1 }, MayWait},
		{"a fetch is under way", func(e *Entry) { e.LeaseUntil = now.Add(2 * time.Second) }, MayWait},
		{"the fetch for an unknown key has no answer", func(e *Entry) { e.RequestedAt = now.Add(-time.Minute) }, MayWait},
		{"no keys", func(e *Entry) { *e = Entry{LastAttempt: now, LookedAt: now} }, MayWait},
		{"the clock went back", func(e *Entry) { e.LookedAt = now.Add(time.Hour) }, MayWait},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := fresh
			c.change(&e)
			r := NewRefresher(s, usable, 7)
			raw := string(e.Encode(id))
			r.Load(raw)
			if got := r.Wait(now.Add(1), Waiter{1, "k", now.Add(1)}); got != c.want {
				t.Errorf("Wait = %v, want %v", got, c.want)
			}
			if c.want == MayWait {
				return
			}
			if out, _ := r.Tick(now.Add(4*time.Second), raw); out.Fetch != nil {
				t.Errorf("before the interval is over: %+v", out)
			}
			if out, _ := r.Tick(now.Add(5*time.Second), raw); out.Fetch == nil || !out.ForUnknownKey {
				t.Errorf("after the interval: %+v", out)
			}
			e.RequestedAt = now.Add(5 * time.Second)
			if out, _ := r.Tick(now.Add(11*time.Second), string(e.Encode(id))); out.Fetch != nil {
				t.Errorf("after the fetch, again: %+v", out)
			}
		})
	}
}
