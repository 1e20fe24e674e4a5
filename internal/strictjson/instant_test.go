package strictjson

import (
	"math/rand/v2"
	"testing"
	"time"
)

func compareInstant(t *testing.T, s string) (ok bool) {
	t.Helper()
	want, err := time.Parse(time.RFC3339, s)
	got, ok := instant(s)
	if ok != (err == nil) || ok && got != want.Unix() {
		t.Errorf("instant(%q) = %d, %v, want %d, %v", s, got, ok, want.Unix(), err)
	}
	return ok
}

func TestInstant(t *testing.T) {
	for day := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 10000; day = day.AddDate(0, 0, 1) {
		if s := day.Format("2006-01-02T00:00:00Z"); !compareInstant(t, s) {
			t.Fatalf("instant(%q) is refused", s)
		}
	}
	accepted := []string{"2026-12-31T00:00:00Z", "2026-12-31T23:59:59.999999999999Z", "2024-02-29T01:02:03+14:00", "2026-01-01T00:00:00-23:59", "2026-01-01T1:00:00Z",
		"2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00-00:60", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59+00:00"}
	for _, s := range accepted {
		if !compareInstant(t, s) {
			t.Errorf("instant(%q) is refused", s)
		}
	}
	for _, s := range []string{"", "2026", "2026-12-31", "2026-12-31T00:00:00", "2026-12-31 00:00:00Z", "2026-12-31t00:00:00z", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
		"2026-04-31T00:00:00Z", "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z",
		"2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+25:00", "2026-01-01T00:00:00+00:61", "2026-01-01T00:00:00+0000", "2026-01-01T00:00:00ZZ", "2026-01-01T00:00:00Z ", "-2026-01-01T00:00:00Z"} {
		if compareInstant(t, s) {
			t.Errorf("instant(%q) is taken", s)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	const characters = "0123456789-:TZ+., tz9"
	for range 300000 {
		b := []byte(accepted[random.IntN(len(accepted))])
		for range 1 + random.IntN(3) {
			i, c := random.IntN(len(b)), characters[random.IntN(len(characters))]
			switch random.IntN(4) {
			case 0:
				b = append(b[:i], append([]byte{c}, b[i:]...)...)
			case 1:
				if len(b) > 1 {
					b = append(b[:i], b[i+1:]...)
				}
			default:
				b[i] = c
			}
		}
		compareInstant(t, string(b))
	}
}

func FuzzInstant(f *testing.F) {
	f.Add("2026-12-31T00:00:00Z")
	f.Add("2024-02-29T1:02:03,5-14:60")
	f.Fuzz(func(t *testing.T, s string) { compareInstant(t, s) })
}
