package main

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// String returns the explanation for people: the verdict, what is at fault, and the steps.
func (e *explanation) String() string {
	var b strings.Builder
	fmt.Fprintln(&b, visible(e.Verdict))
	if c := e.Cause; c != nil {
		fmt.Fprintf(&b, "\n  %s %s\n", visible(c.Place), visible(c.text))
		if len(c.Got) > 0 {
			fmt.Fprintf(&b, "    came:       %s\n", visible(strings.Join(c.Got, ", ")))
		}
		if c.Passes != "" {
			fmt.Fprintf(&b, "    would pass: %s\n", visible(c.Passes))
		}
		if c.Late > 0 {
			fmt.Fprintf(&b, "    too late:   by %s\n", time.Duration(c.Late)*time.Second)
		}
		if c.Early > 0 {
			fmt.Fprintf(&b, "    too early:  by %s\n", time.Duration(c.Early)*time.Second)
		}
		if c.Grant != "" {
			fmt.Fprintf(&b, "    nearest:    the grant %q, which lacks the %s\n", c.Grant, c.Lacks)
		}
		if c.Hides != "" {
			fmt.Fprintf(&b, "    behind it:  %s, once there is a credential\n", c.Hides)
		}
	}
	fmt.Fprintln(&b)
	width := 0
	for _, s := range e.Steps {
		width = max(width, len(s.Step))
	}
	for _, s := range e.Steps {
		mark := "ok"
		if !s.OK {
			mark = "NO"
		}
		fmt.Fprintf(&b, "  %s  %-*s  %s\n", mark, width, s.Step, visible(s.Says))
	}
	return b.String()
}

// visible replaces what a terminal could take for something else than text.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
