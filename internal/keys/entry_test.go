package keys

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestEntry(t *testing.T) {
	for _, e := range []Entry{
		{},
		{LastAttempt: now, LeaseUntil: now.Add(time.Second), LeaseHolder: 1<<64 - 1, Failures: 7},
		{Document: "{}", FetchedAt: now, RequestedAt: now.Add(-1), LastAttempt: now, LookedAt: now.Add(1), NextFetch: now.Add(time.Hour)},
	} {
		raw := string(e.Encode(id))
		got, ok := Decode(raw, id)
		if !ok || fmt.Sprint(got) != fmt.Sprint(e) {
			t.Errorf("Decode(Encode(%v)) = %v, %v", e, got, ok)
		}
		for _, bad := range []string{
			"",
			"x",
			raw[1:],
			raw[:len(raw)-len(e.Document)-1],
			"M" + raw[1:],
			raw + strings.Repeat("x", maxAPIKeys+1),
			strings.Replace(raw, id, strings.Repeat("j", 32), 1),
		} {
			if got, ok := Decode(bad, id); ok {
				t.Errorf("Decode(%.60q) = %v, want none", bad, got)
			}
		}
	}
	for _, e := range []Entry{{Document: "{}"}, {FetchedAt: now}, {LastAttempt: time.Unix(-1, 0)}} {
		if got, ok := Decode(string(e.Encode(id)), id); ok {
			t.Errorf("Decode(Encode(%v)) = %v, want none", e, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	full := Entry{Document: "{}", FetchedAt: now, RequestedAt: now, LastAttempt: now, NextFetch: now, LeaseHolder: 3, Failures: 1}
	for _, e := range []Entry{{}, full} {
		f.Add(string(e.Encode(id)))
	}
	f.Add("modelgate keys 1\n")
	f.Fuzz(func(t *testing.T, raw string) {
		if e, ok := Decode(raw, id); ok && string(e.Encode(id)) != raw {
			t.Errorf("Decode(%q) = %v, which is not encoded like that", raw, e)
		}
	})
}
