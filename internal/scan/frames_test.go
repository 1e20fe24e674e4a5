package scan

import (
	"fmt"
	"strings"
	"testing"
)

// scanFrames gives the messages of a body in the given cut, and the end. It
// holds the parts to what they promise.
func scanFrames(t testing.TB, unary bool, limit uint32, body string, cut []int) string {
	t.Helper()
	f := NewFrames(unary, limit)
	var b strings.Builder
	var err *Error
	var message []byte
	read, last, open := 0, -1, false
	chunks([]byte(body), cut, func(chunk []byte) {
		for len(chunk) > 0 && err == nil {
			var p Part
			if p, err = f.Next(chunk); err != nil {
				return
			}
			inMessage := open || p.Begin
			if p.Size == 0 || p.Message < last || p.Message > last+1 || p.Begin && open || p.End && !inMessage ||
				len(p.Data) > p.Size || len(p.Data) > 0 && !inMessage {
				t.Fatalf("frames %q at %d: part %+v after message %d", body, read, p, last)
			}
			if last = p.Message; p.Begin {
				fmt.Fprintf(&b, "%d:", p.Length)
				message, open = message[:0], true
			}
			message = append(message, p.Data...)
			if read += p.Size; p.End {
				fmt.Fprintf(&b, "%q@%d; ", message, read)
				if open = false; len(message) != p.Length {
					t.Fatalf("frames %q: %d bytes for %d", body, len(message), p.Length)
				}
			}
			chunk = chunk[p.Size:]
		}
	})
	if end := f.End(); end != nil {
		if err != nil && err != end {
			t.Fatalf("frames %q: %v became %v", body, err, end)
		}
		return b.String() + end.String()
	}
	return b.String() + "ok"
}

func everyFrames(t testing.TB, unary bool, limit uint32, body string) string {
	t.Helper()
	all := cuts(len(body))
	want := scanFrames(t, unary, limit, body, all[0])
	for _, cut := range all[1:] {
		if got := scanFrames(t, unary, limit, body, cut); got != want {
			t.Fatalf("frames %q\n in one: %s\n in %v: %s", body, want, cut, got)
		}
	}
	return want
}

const (
	frameEmpty = "\x00\x00\x00\x00\x00"
	frameAB    = "\x00\x00\x00\x00\x02ab"
)

func TestFrames(t *testing.T) {
	for _, x := range []struct {
		unary      bool
		body, want string
	}{
		{true, frameAB, `2:"ab"@7; ok`},
		{true, frameEmpty, `0:""@5; ok`},
		{false, "", `ok`},
		{false, frameAB, `2:"ab"@7; ok`},
		{false, frameEmpty + frameAB + frameEmpty + frameAB, `0:""@5; 2:"ab"@12; 0:""@17; 2:"ab"@24; ok`},
		{false, "\x00\x00\x00\x01\x00" + strings.Repeat("x", 256), `256:"` + strings.Repeat("x", 256) + `"@261; ok`},

		{true, "", `a unary call without a message (truncated at "", byte 0)`},
		{true, frameAB + frameAB, `2:"ab"@7; a second message in a unary call (several at "", byte 7)`},
		{true, frameEmpty + "\x00", `0:""@5; a second message in a unary call (several at "", byte 5)`},
		{true, frameEmpty + "\x01", `0:""@5; a second message in a unary call (several at "", byte 5)`},
		{true, frameAB[:1], `the body ends within a message (truncated at "", byte 1)`},
		{true, frameAB[:4], `the body ends within a message (truncated at "", byte 4)`},
		{true, frameAB[:5], `2:the body ends within a message (truncated at "", byte 5)`},
		{false, frameAB + frameAB[:6], `2:"ab"@7; 2:the body ends within a message (truncated at "", byte 13)`},
		{false, frameAB + "\x00", `2:"ab"@7; the body ends within a message (truncated at "", byte 8)`},
		{true, "\x01\x00\x00\x00\x02ab", `a compressed message (compressed at "", byte 0)`},
		{false, frameEmpty + "\x01", `0:""@5; a compressed message (compressed at "", byte 5)`},
		{true, "\x02\x00\x00\x00\x00", `an unknown flag in a frame's header (syntax at "", byte 0)`},
		{false, frameAB + "\x80\x00\x00\x00\x00", `2:"ab"@7; an unknown flag in a frame's header (syntax at "", byte 7)`},
		{true, `{"model":"a"}`, `an unknown flag in a frame's header (syntax at "", byte 0)`},
		{true, "\x00\x00\x00\x01\x01", `a message is too large (too_large at "", byte 4)`},
		{true, "\x00\xff\xff\xff\xff", `a message is too large (too_large at "", byte 4)`},
	} {
		t.Run(fmt.Sprintf("unary %v %.60q", x.unary, x.body), func(t *testing.T) {
			if got := everyFrames(t, x.unary, 256, x.body); got != x.want {
				t.Errorf("frames %q\n got %s\nwant %s", x.body, got, x.want)
			}
		})
	}
}

// Every byte belongs to the message that its header announces, the header's own
// bytes too.
func TestFramesHoldApart(t *testing.T) {
	f := NewFrames(false, 10)
	chunk := []byte(frameAB + frameAB[:3])
	p, err := f.Next(chunk)
	if err != nil || p.Size != 7 || p.Message != 0 || !p.Begin || !p.End || string(p.Data) != "ab" || p.Length != 2 {
		t.Errorf("first part %+v, %v", p, err)
	}
	p, err = f.Next(chunk[p.Size:])
	if err != nil || p.Size != 3 || p.Message != 1 || p.Begin || p.End || p.Data != nil || p.Length != 0 {
		t.Errorf("second part %+v, %v", p, err)
	}
	p, err = f.Next([]byte(frameAB[3:6]))
	if err != nil || p.Size != 3 || p.Message != 1 || !p.Begin || p.End || string(p.Data) != "a" || p.Length != 2 {
		t.Errorf("third part %+v, %v", p, err)
	}
	if p, err = f.Next(nil); err != nil || p.Size != 0 || p.Message != 1 || p.Begin || p.End {
		t.Errorf("part of nothing %+v, %v", p, err)
	}
}
