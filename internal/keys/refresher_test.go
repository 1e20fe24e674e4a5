package keys

import (
	"strings"
	"testing"
	"time"
)

func TestNotAnEntry(t *testing.T) {
	s := &Source{ID: id, Refresh: time.Minute, Timeout: time.Second, MaxStale: time.Hour, Interval: time.Second, Wait: time.Second}
	unusable := Entry{Document: "{}", FetchedAt: now, RequestedAt: now, LastAttempt: now, NextFetch: now.Add(time.Minute)}
	for _, raw := range []string{"garbage", magic, string(unusable.Encode(strings.Repeat("j", 32))), string(unusable.Encode(id))} {
		r := NewRefresher(s, usable, 7)
		if err := r.Load(raw); err == nil || r.Document(now) != "" {
			t.Errorf("Load(%.40q) = %v, with document %q", raw, err, r.Document(now))
		}
		if out, err := r.Tick(now, raw); err != nil || out.Store == nil {
			t.Errorf("Tick(%.40q) = %+v, %v, want a fetch and no error again", raw, out, err)
		}
	}
}
