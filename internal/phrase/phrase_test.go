package phrase_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/phrase"
)

// TestSprintf compares with package fmt.
func TestSprintf(t *testing.T) {
	for _, c := range []struct {
		format string
		args   []any
	}{
		{"", nil},
		{"100%% of it", nil},
		{"%s", []any{"a"}},
		{"%s %v and %q", []any{"", "b", "\"c\"\n\x00é\xff"}},
		{"must have %d to %d bits; got %d.", []any{0, -1, 1 << 40}},
		{"the byte 0x%02x", []any{byte(5)}},
		{"the byte 0x%02x", []any{byte(0xfe)}},
		{`write it as \u%04x`, []any{byte(0x1f)}},
		{"%d%%", []any{byte(7)}},
		{"%x", []any{255}},
		{"%s, %v, %q", []any{errors.New("an error"), time.Second, 2 * time.Minute}},
		{"%.3q %.3s", []any{"äöüß", "abc"}},
		{"%.100q", []any{"\xff\xfe"}},
	} {
		t.Run(c.format, func(t *testing.T) {
			if got, want := phrase.Sprintf(c.format, c.args...), fmt.Sprintf(c.format, c.args...); got != want {
				t.Errorf("Sprintf() = %q, want %q", got, want)
			}
			if got, want := phrase.Errorf(c.format, c.args...).Error(), fmt.Errorf(c.format, c.args...).Error(); got != want {
				t.Errorf("Errorf() = %q, want %q", got, want)
			}
		})
	}
}

// TestSprintfRefuses has what fmt prints and this package does not: its text must show it.
func TestSprintfRefuses(t *testing.T) {
	format, none := "%s", []any{}
	for name, args := range map[string][]any{
		"no value": none,
		"a float":  {1.5},
		"a slice":  {[]string{"a"}},
		"nil":      {nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := phrase.Sprintf(format, args...); got != "%!" {
				t.Errorf("Sprintf() = %q, want %q", got, "%!")
			}
		})
	}
}

func FuzzSprintf(f *testing.F) {
	f.Add("a\x00é\xff", 7)
	f.Fuzz(func(t *testing.T, s string, n int) {
		const format = "%s %q %.3q %d"
		if got, want := phrase.Sprintf(format, s, s, s, n), fmt.Sprintf(format, s, s, s, n); got != want {
			t.Errorf("Sprintf() = %q, want %q", got, want)
		}
	})
}
