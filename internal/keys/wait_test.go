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
		t.Errorf("before its interval: %+v", out)
	}
	out, _ := r.Tick(now.Add(3*time.Second+1), raw)
	if len(out.Resume) != maxWaiting-1 || out.Resume[0] != (Resume{1, NoWait}) || len(r.waiting) != 0 {
		t.Errorf("after the wait %d requests are resumed, the first %v", len(out.Resume), out.Resume[:1])
	}
	// A fetch after the request came: it is told so, and the next one at once.
	since := now.Add(4 * time.Second)
	r.Wait(since, Waiter{1, "gone", since})
	out, _ = r.Tick(now.Add(5*time.Second), raw)
	if out.Fetch == nil || !out.ForUnknownKey {
		t.Fatalf("at its interval: %+v", out)
	}
	e.RequestedAt, e.LastAttempt = now.Add(5*time.Second), now.Add(5*time.Second)
	if out, _ := r.Tick(now.Add(6*time.Second), string(e.Encode(id))); len(out.Resume) != 1 || out.Resume[0] != (Resume{1, Refreshed}) {
		t.Errorf("after the fetch: %+v", out.Resume)
	}
	again := now.Add(7 * time.Second)
	if got := r.Wait(again, Waiter{2, "gone", again}); got != Refreshed {
		t.Errorf("Wait for a key that was looked for = %v, want Refreshed", got)
	}
	e.Document = `["b"]`
	r.Tick(again, string(e.Encode(id)))
	if got := r.Wait(again, Waiter{3, "gone", again}); got != MayWait {
		t.Errorf("Wait with another document = %v, want MayWait: what was unknown may be there", got)
	}
	for i := range 2 * maxUnknown {
		r.rememberUnknown(again, fmt.Sprint(i))
	}
	if len(r.unknown) > maxUnknown {
		t.Errorf("%d keys are remembered as unknown", len(r.unknown))
	}
}
