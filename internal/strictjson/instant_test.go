package strictjson

import "testing"

func TestInstant(t *testing.T) {
	for _, c := range []struct {
		text string
		ok   bool
	}{
		{"2026-12-31T00:00:00Z", true},
		{"2026-12-31T23:59:59.999999999999Z", true},
		{"2024-02-29T01:02:03+14:00", true},
		{"2026-01-01T00:00:00-23:59", true},
		{"2026-01-01T1:00:00Z", true},
		{"2026-01-01T00:00:00,5Z", true},
		{"2026-01-01T00:00:00+24:00", true},
		{"2026-01-01T00:00:00-00:60", true},
		{"9999-12-31T23:59:59+00:00", true},
		{"", false},
		{"2026", false},
		{"2026-12-31", false},
		{"2026-12-31T00:00:00", false},
		{"2026-12-31 00:00:00Z", false},
		{"2026-12-31t00:00:00z", false},
		{"2026-02-29T00:00:00Z", false},
		{"2100-02-29T00:00:00Z", false},
		{"2026-04-31T00:00:00Z", false},
		{"2026-00-01T00:00:00Z", false},
		{"2026-13-01T00:00:00Z", false},
		{"2026-01-00T00:00:00Z", false},
		{"2026-01-01T24:00:00Z", false},
		{"2026-01-01T00:60:00Z", false},
		{"2026-01-01T00:00:60Z", false},
		{"2026-01-01T00:00:00.Z", false},
		{"2026-01-01T00:00:00+25:00", false},
		{"2026-01-01T00:00:00+00:61", false},
		{"2026-01-01T00:00:00+0000", false},
		{"2026-01-01T00:00:00ZZ", false},
		{"2026-01-01T00:00:00Z ", false},
		{"-2026-01-01T00:00:00Z", false},
		{"0000-01-01T00:00:00Z", false},
		{"1970-01-01T00:00:00Z", false},
	} {
		t.Run(c.text, func(t *testing.T) {
			var problems Problems
			root, _ := Parse(`["`+c.text+`"]`, &problems)
			at := root.Items()[0].Instant()
			if ok := at > 0 && problems == nil; ok != c.ok {
				t.Errorf("Instant(%q) = %d %v, want ok %v", c.text, at, problems, c.ok)
			}
		})
	}
}
