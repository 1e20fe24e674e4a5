package cause

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestText: a text says what would do and what came, and nothing that it does not know.
func TestText(t *testing.T) {
	for _, c := range []struct {
		name string
		want []string
		got  []string
		text string
	}{
		{"the rule", nil, nil, "must have one of"},
		{"what would do", []string{"a", "b"}, nil, `must have one of "a" or "b"`},
		{"what came", []string{"a"}, []string{"c", "d"}, `must have one of "a"; got "c", "d"`},
		{"nothing that a terminal or a log reads as its own", nil, []string{"\x1b[2J\n\"ü"}, `must have one of; got "\x1b[2J\n\"\u00fc"`},
		{"that there is more", nil, []string{"1", "2", "3", "4", "5", "6"}, `must have one of; got "1", "2", "3", "4", "\u2026"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var cause Cause
			cause.At("claim /aud", "must have one of", c.want...)
			for i, got := range c.got {
				if full := i > maxList; cause.Full() != full {
					t.Errorf("after %d values Full is %v, want %v", i, cause.Full(), full)
				}
				cause.Add(got)
			}
			if text := cause.Text(); text != c.text {
				t.Errorf("the text is %s, want %s", text, c.text)
			}
		})
	}
}

// TestCut: a text is cut to what a line has room for, never within a character.
func TestCut(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "",
		strings.Repeat("x", maxText):      strings.Repeat("x", maxText),
		strings.Repeat("x", maxText+1):    strings.Repeat("x", maxText) + "…",
		"x" + strings.Repeat("ü", 16<<10): "x" + strings.Repeat("ü", maxText/2-1) + "…",
	} {
		if got := Cut(text); got != want || !utf8.ValidString(got) {
			t.Errorf("Cut of %d bytes is %q, want %q", len(text), got, want)
		}
	}
}
