package scan

import (
	"strings"
	"testing"
)

// TestFastReadsAll: no byte of what is sent most, or to cost most, goes through the state
// machine, which takes ten times as long.
func TestFastReadsAll(t *testing.T) {
	for _, text := range []string{
		"true,", "false,", "null,", "1,", "-1.5e+3,", "[],", "{},", `"",`, `{"a":0},`, ` `, "\n", `"a\n",`, `"\u0041",`, `"\uD7FF\uE000\uffFF",`,
		`"\ud83d\ude00",`, `"é谁😀",`, `{"a\u0041":[true,{"model":null}]},`, strings.Repeat("[", 50) + strings.Repeat("]", 50) + ",",
	} {
		t.Run(text, func(t *testing.T) {
			j := NewJSON(model, Limits{})
			if err := j.Scan([]byte(`{"a":[`)); err != nil {
				t.Fatal(err)
			}
			chunk := []byte(strings.Repeat(text, 100))
			if n := j.fast(chunk); n != len(chunk) {
				t.Errorf("fast reads %d of %d bytes", n, len(chunk))
			}
		})
	}
	for _, text := range []string{`\n`, `\u0041`, `\ud83d\ude00`, "x", "é"} {
		t.Run("a string that a chunk cuts: "+text, func(t *testing.T) {
			j := NewJSON(model, Limits{})
			if err := j.Scan([]byte(`{"a":["`)); err != nil {
				t.Fatal(err)
			}
			chunk := []byte(strings.Repeat(text, 100))
			if n := j.fast(chunk); n != len(chunk) {
				t.Errorf("fast reads %d of %d bytes", n, len(chunk))
			}
		})
	}
	for name, field := range map[string]string{
		"varint": tagged(7, 0) + varint(1), "long varint": tagged(7, 0) + varint(1<<63), "empty": sub(7), "bytes": sub(7, "xyz"),
		"64 bits": fixed(7, 8), "32 bits": fixed(7, 4), "a high number": tagged(1<<29-1, 0) + varint(1),
		"not minimal": tagged(7, 0) + "\x80\x00", "many bytes": sub(7, strings.Repeat("x", 300)),
	} {
		t.Run("a field of "+name, func(t *testing.T) {
			chunk := []byte(strings.Repeat(field, 100))
			p := NewProto(infer, len(chunk), Limits{})
			if n := p.fast(chunk); n != len(chunk) {
				t.Errorf("fast reads %d of %d bytes", n, len(chunk))
			}
		})
	}
}

// TestFastLeavesFaults: what is at fault or watched is left to the state machine, which
// says what is wrong.
func TestFastLeavesFaults(t *testing.T) {
	for _, text := range []string{
		"tru,", "nul", "fals,", `"\u00`, `"\u004g"`, `"\ud800"`, `"\ud800\u0041"`, `"\udc00"`, `"\ud83d\n"`, `"\x"`, "\"\n\"", "\"\xff\"",
	} {
		t.Run(text, func(t *testing.T) {
			j := NewJSON(model, Limits{})
			if err := j.Scan([]byte(`{"a":[`)); err != nil {
				t.Fatal(err)
			}
			if n := j.fast([]byte(text)); n == len(text) {
				t.Errorf("fast reads all of %q", text)
			}
		})
	}
	for name, field := range map[string]string{
		"watched": sub(1, "m"), "a group": tagged(7, 3), "number 0": "\x00\x01", "an unknown wire type": tagged(7, 6), "cut": sub(7, "xyz")[:3],
		"65 bits": tagged(7, 0) + strings.Repeat("\xff", 9) + "\x02", "a tag that is not minimal": "\xb8\x00\x01",
		"beyond": tagged(7, 2) + varint(99),
	} {
		t.Run(name, func(t *testing.T) {
			p := NewProto(infer, len(field), Limits{})
			if n := p.fast([]byte(field)); n != 0 {
				t.Errorf("fast reads %d bytes of %q", n, field)
			}
		})
	}
}
