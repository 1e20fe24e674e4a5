// Package cause says what is at fault with a refused request: where, by which rule, and what
// came there. It is for those who run the gate. No client gets it.
package cause

import (
	"strconv"
	"strings"
)

// Cause is what is at fault. The zero value says nothing.
type Cause struct {
	// Place is the part of the request that is at fault, such as "claim /aud", "header
	// authorization", "path byte 12" or "grant": a change of nothing else helps.
	Place string
	// Why is the rule: "must have one of", which Want completes, or what is there that must not
	// be, such as "a name occurs twice". It is a constant, or of the configuration.
	Why string
	// Want are values of the configuration of which one would do; nil if none is listed.
	Want []string
	// Got is what came: text that the caller has chosen, cut by Cut.
	Got []string
}

// The bounds of what is said of a request.
const (
	maxText = 96 // bytes of one value
	maxList = 4  // values
	maxWant = 8  // values of the configuration, which may have thousands
)

// Cut cuts a text that somebody unknown has chosen, and marks the cut. The text shares no
// memory with s.
func Cut(s string) string {
	if len(s) <= maxText {
		return strings.Clone(s)
	}
	return strings.ToValidUTF8(s[:maxText], "") + "…"
}

// Add adds a value to what came. Of more than a few it notes only that there are more.
func (c *Cause) Add(got string) {
	switch {
	case len(c.Got) < maxList:
		c.Got = append(c.Got, Cut(got))
	case len(c.Got) == maxList:
		c.Got = append(c.Got, "…")
	}
}

// Full reports whether Add notes nothing more.
func (c *Cause) Full() bool { return len(c.Got) > maxList }

// CutWant leaves out what is too much of Want, and notes that there is more.
func (c *Cause) CutWant() {
	if len(c.Want) > maxWant {
		c.Want = append(c.Want[:maxWant:maxWant], "…")
	}
}

// At sets the place and the rule, and returns c.
func (c *Cause) At(place, why string, want ...string) *Cause {
	c.Place, c.Why, c.Want = place, why, want
	return c
}

// Text is the rule, with what would do and what came: must have one of "a" or "b"; got "c".
func (c *Cause) Text() string {
	text := c.Why
	if len(c.Want) > 0 {
		text += " " + quoted(c.Want, " or ")
	}
	if len(c.Got) > 0 {
		text += "; got " + quoted(c.Got, ", ")
	}
	return text
}

func quoted(list []string, between string) string {
	var b []byte
	for i, s := range list {
		if i > 0 {
			b = append(b, between...)
		}
		b = strconv.AppendQuoteToASCII(b, s)
	}
	return string(b)
}
