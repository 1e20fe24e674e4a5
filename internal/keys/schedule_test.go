package keys

import (
	"testing"
	"time"
)

func TestSchedule(t *testing.T) {
	s := &Source{ID: id, Refresh: 5 * time.Minute, Timeout: 5 * time.Second, Interval: 5 * time.Second}
	for _, x := range []struct {
		name   string
		maxAge time.Duration
		jitter float64
		want   time.Duration
	}{
		{"no Cache-Control", -1, 0, 5 * time.Minute},
		{"jitter", -1, 1, 270 * time.Second},
		{"longer than refresh", time.Hour, 0, 5 * time.Minute},
		{"shorter", 2 * time.Minute, 0, 2 * time.Minute},
		{"too short", 0, 0, time.Minute},
	} {
		t.Run(x.name, func(t *testing.T) {
			before := Entry{LastAttempt: now.Add(-2), LookedAt: now.Add(-3), Failures: 3, LeaseHolder: 1, LeaseUntil: now}
			got := s.afterSuccess(before, now, "{}", x.maxAge, x.jitter)
			want := Entry{
				Document: "{}", FetchedAt: now, RequestedAt: now.Add(-2),
				LastAttempt: now.Add(-2), LookedAt: now.Add(-3), NextFetch: now.Add(x.want),
			}
			if got != want {
				t.Errorf("afterSuccess(max-age %s, jitter %v) = %+v, want %+v", x.maxAge, x.jitter, got, want)
			}
		})
	}
	e := Entry{Document: "{}", FetchedAt: now}
	for i, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 10 * time.Second, 10 * time.Second} {
		if half := s.afterFailure(e, now, 1).NextFetch.Sub(now); half != want/2 {
			t.Errorf("failure %d with the most jitter: next fetch after %s, want %s", i+1, half, want/2)
		}
		e = s.afterFailure(e, now, 0)
		if e.NextFetch.Sub(now) != want || e.Document != "{}" || e.Failures != uint32(i+1) {
			t.Errorf("failure %d: %+v, want the next fetch after %s", i+1, e, want)
		}
	}
	if e.Failures = 1 << 31; s.afterFailure(e, now, 0).NextFetch.Sub(now) != maxBackoff {
		t.Error("the backoff overflows")
	}
	quick := &Source{Refresh: 2 * time.Second}
	if got := quick.afterFailure(Entry{Failures: 9}, now, 0).NextFetch.Sub(now); got != 2*time.Second {
		t.Errorf("a backoff of %s is longer than refresh", got)
	}
}

func TestClockSteps(t *testing.T) {
	s := &Source{ID: id, Refresh: time.Minute, Timeout: time.Second, Interval: time.Second}
	for name, e := range map[string]Entry{
		"next in a year":  {Document: "{}", FetchedAt: now, NextFetch: now.Add(8760 * time.Hour)},
		"lease in a year": {LeaseUntil: now.Add(8760 * time.Hour)},
	} {
		if !s.fetchDue(&e, now, false) {
			t.Errorf("%s: no fetch is due", name)
		}
	}
	e := Entry{Document: "{}", FetchedAt: now, NextFetch: now.Add(time.Minute), LastAttempt: now.Add(time.Hour), LookedAt: now.Add(time.Hour)}
	if s.fetchDue(&e, now, false) || !s.fetchDue(&e, now, true) {
		t.Error("after a fetch in the future: a fetch is due, or none is for an unknown key")
	}
}
