package strictjson

import (
	"testing"
	"time"
)

var instants = []string{
	"2026-12-31T00:00:00Z", "2026-12-31T23:59:59Z", "2024-02-29T12:00:00Z", "2000-02-29T12:00:00Z", "2026-12-31T00:00:00.5Z",
	"2026-12-31T00:00:00.123456789Z", "2026-12-31T00:00:00+02:00", "2026-12-31T00:00:00-11:30", "2026-12-31T00:00:00.25+14:00",
	"0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z", "2026-12-31T00:00:00+23:59",
}

var noInstants = []string{
	"", "2026", "2026-12-31", "2026-12-31T00:00:00", "2026-12-31 00:00:00Z", "2026-12-31t00:00:00Z", "2026-12-31T00:00:00z",
	"2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-06-31T00:00:00Z", "2025-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
	"2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2026-12-31T24:00:00Z", "2026-12-31T00:60:00Z", "2026-12-31T00:00:60Z",
	"2026-12-31T0:00:00Z", "2026-1-31T00:00:00Z", "2026-12-31T00:00Z", "2026-12-31T00:00:00.Z", "2026-12-31T00:00:00.5",
	"2026-12-31T00:00:00,5Z", "2026-12-31T00:00:00..5Z", "2026-12-31T00:00:005Z", "2026-12-31T00:00:00.5.5Z", "2026-12-31T00:00:00+2:00",
	"2026-12-31T00:00:00+0200", "2026-12-31T00:00:00+02", "2026-12-31T00:00:00+24:00",
	"2026-12-31T00:00:00+02:60", "2026-12-31T00:00:00 +02:00",
	"2026-12-31T00:00:00ZZ", "2026-12-31T00:00:00Z ", " 2026-12-31T00:00:00Z", "+026-12-31T00:00:00Z",
	"-026-12-31T00:00:00Z", "２026-12-31T00:00:00Z",
}

func TestParseInstant(t *testing.T) {
	for _, s := range instants {
		t.Run(s, func(t *testing.T) {
			want, err := time.Parse(time.RFC3339, s)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := parseInstant(s); !ok || got.Unix() != want.Unix() {
				t.Errorf("got %v, %t; want %v", got, ok, want)
			}
		})
	}
	for _, s := range noInstants {
		t.Run(s, func(t *testing.T) {
			if got, ok := parseInstant(s); ok {
				t.Errorf("got %v; want none", got)
			}
		})
	}
}

// FuzzParseInstant checks that time.Parse reads the same second from all that
// parseInstant accepts.
func FuzzParseInstant(f *testing.F) {
	for _, s := range instants {
		f.Add(s)
	}
	for _, s := range noInstants {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseInstant(s)
		if !ok {
			return
		}
		if want, err := time.Parse(time.RFC3339, s); err != nil || want.Unix() != got.Unix() {
			t.Errorf("%q: got %v; time.Parse has %v, %v", s, got, want, err)
		}
	})
}
