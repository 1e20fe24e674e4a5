package scan

import (
	"fmt"
	"strings"
	"testing"
)

func TestProtoRefuses(t *testing.T) {
	const (
		twice, kind     = "a watched field occurs twice (duplicate", "a watched field of another wire type (type"
		both            = "two members of a oneof (conflict"
		beyond, minimal = "a field runs beyond the message around it (truncated", "an integer in more bytes than it needs (non_minimal"
		group, number   = "a group (group", "not a field number (syntax"
		wide, utf       = "an integer of more than 64 bits (syntax", "a string that is not UTF-8 (encoding"
	)
	at := func(rule, where string) string { return rule + ` at ` + where + `)` }
	for _, x := range []struct {
		fields     []Field
		body, want string
	}{
		// Twice, whether equal or not, and split over two messages that would merge.
		{infer, name + name, `0="m"; ` + at(twice, `"1", byte 3`)},
		{infer, name + sub(5, "x") + sub(1, "n"), `0="m"; ` + at(twice, `"1", byte 6`)},
		{infer, name + sub(1), `0="m"; ` + at(twice, `"1", byte 3`)},
		{predict, sub(1, name) + sub(1, sub(1, "n")), `0="m"; 1 absent; 2 absent; ` + at(twice, `"1", byte 5`)},
		{predict, sub(1, name, sub(1, "n")), `0="m"; ` + at(twice, `"1.1", byte 5`)},
		{predict, sub(1) + sub(1, name), `0 absent; 1 absent; 2 absent; ` + at(twice, `"1", byte 2`)},
		{predict, sub(1, version, version), `1=7; ` + at(twice, `"1.2", byte 6`)},
		{predict, sub(1, sub(2, "\x08\x01\x08\x02")), at(twice, `"1.2.1", byte 6`)},
		{multi, sub(1, sub(1, name), sub(1, name)), `0="m"; 1 absent; 2 absent; ` + at(twice, `"1.1", byte 7`)},
		{multi, sub(9, "x") + sub(9, "x"), `3="x"; ` + at(twice, `"9", byte 3`)},
		{predict, sub(1, version, label), `1=7; ` + at(both, `"1.4", byte 6`)},
		{predict, sub(1, label, version), `2="prod"; ` + at(both, `"1.2", byte 8`)},
		// Another wire type: other parsers skip these.
		{infer, tagged(1, 0) + "\x01", at(kind, `"1", byte 0`)},
		{infer, fixed(1, 8), at(kind, `"1", byte 0`)},
		{infer, fixed(2, 4), at(kind, `"2", byte 0`)},
		{predict, tagged(1, 0) + "\x01", at(kind, `"1", byte 0`)},
		{predict, sub(1, tagged(2, 0)+"\x07"), at(kind, `"1.2", byte 2`)},
		{predict, sub(1, sub(2, sub(1, "\x07"))), at(kind, `"1.2.1", byte 4`)},
		{predict, sub(1, sub(2, fixed(1, 8))), at(kind, `"1.2.1", byte 4`)},
		{infer, "\x0b\x0c", at(group, `"1", byte 0`)},
		{infer, "\x1b\x1c" + name, at(group, `"3", byte 0`)},
		{infer, "\x1c", at(group, `"3", byte 0`)},
		{predict, sub(1, "\x0b\x0c"), at(group, `"1.1", byte 2`)},
		{infer, "\x1e", at("not a wire type (syntax", `"3", byte 0`)},
		{infer, "\x0f", at("not a wire type (syntax", `"1", byte 0`)},
		// Numbers and integers.
		{infer, "\x02\x01m", at(number, `"", byte 0`)},
		{infer, "\x00", at(number, `"", byte 0`)},
		{infer, varint(1<<32|10) + "\x01m", at(number, `"", byte 4`)},
		{infer, varint(1<<63|10) + "\x01m", at(number, `"", byte 9`)},
		{infer, "\x8a\x00\x01m", at(minimal, `"", byte 1`)},
		{infer, "\x8a\x80\x80\x80\x00\x01m", at(minimal, `"", byte 4`)},
		{infer, "\x8a\x80\x80\x80\x80\x80\x00\x01m", at(minimal, `"", byte 6`)},
		{infer, "\x0a\x81\x00m", at(minimal, `"1", byte 2`)},
		{infer, sub(5, "x") + "\x0a\x80\x00", at(minimal, `"1", byte 5`)},
		{infer, "\x2a\x81\x00x", at(minimal, `"5", byte 2`)},
		{predict, "\x0a\x83\x00\x0a\x01m", at(minimal, `"1", byte 2`)},
		{predict, sub(1, sub(2, "\x08\x87\x00")), at(minimal, `"1.2.1", byte 6`)},
		{infer, strings.Repeat("\xff", 9) + "\x02", at(wide, `"", byte 9`)},
		{infer, "\x18" + strings.Repeat("\x80", 10) + "\x00", at(wide, `"3", byte 10`)},
		{infer, "\x18" + strings.Repeat("\xff", 9) + "\x02", at(wide, `"3", byte 10`)},
		{infer, "\x2a" + strings.Repeat("\xff", 9) + "\x01", at(beyond, `"5", byte 10`)},
		{infer, "\x2a" + varint(1<<63), at(beyond, `"5", byte 10`)},
		{infer, "\x0a" + varint(1<<63-1), at(beyond, `"1", byte 9`)},
		// Beyond the message around it.
		{infer, "\x0a", at(beyond, `"1", byte 0`)},
		{infer, "\x0a\x02m", at(beyond, `"1", byte 1`)},
		{infer, "\x2a\x02m", at(beyond, `"5", byte 1`)},
		{infer, "\x8a", at(beyond, `"", byte 0`)},
		{infer, "\x0a\x80", at(beyond, `"1", byte 1`)},
		{infer, "\x18", at(beyond, `"3", byte 0`)},
		{infer, "\x18\x80", at(beyond, `"3", byte 1`)},
		{infer, "\x19" + "1234567", at(beyond, `"3", byte 0`)},
		{infer, "\x1d" + "123", at(beyond, `"3", byte 0`)},
		{infer, "\x19", at(beyond, `"3", byte 0`)},
		{predict, sub(1, "\x0a\x02m") + sub(9, "x"), at(beyond, `"1.1", byte 3`)},
		{predict, sub(1, "\x8a") + sub(9, "x"), at(beyond, `"1", byte 2`)},
		{predict, sub(1, "\x0a") + "\x01m", at(beyond, `"1.1", byte 2`)},
		{predict, "\x0a\x04" + name, at(beyond, `"1", byte 1`)},
		{predict, sub(1, sub(2, "\x08\x87")) + sub(9), at(beyond, `"1.2.1", byte 5`)},
		{predict, sub(1, sub(2, "\x08")) + sub(9), at(beyond, `"1.2.1", byte 4`)},
		{predict, sub(1, fixed(3, 8)[:5]) + sub(9, "12345"), at(beyond, `"1.3", byte 2`)},
		{infer, sub(1, "\xff"), at(utf, `"1", byte 2`)},
		{infer, sub(1, "é\xc3"), at(utf, `"1", byte 4`)},
		{predict, sub(1, sub(4, "\xed\xa0\x80")), at(utf, `"1.4", byte 6`)},
		{infer, sub(1, long, "x"), at("a watched value is too long (too_long", `"1", byte 2`)},
		{multi, strings.Repeat(sub(1), MaxItems+1), ""},
	} {
		t.Run(fmt.Sprintf("%.60q", x.body), func(t *testing.T) {
			got := everyProto(t, x.fields, x.body)
			if got != x.want && (x.want != "" || !strings.HasSuffix(got, `; too many repeated messages (too_many at "1", byte 129)`)) {
				t.Errorf("proto %.200q\n got %s\nwant %s", x.body, got, x.want)
			}
		})
	}
}

func TestProtoRefusesMore(t *testing.T) {
	p := NewProto(infer, 3, Limits{})
	if err := p.Scan([]byte(name + "x")); err == nil || err.String() != `data after the message (trailing at "", byte 3)` {
		t.Errorf("more than the frame said: %v", err)
	}
	p = NewProto(multi, 4, Limits{Items: 1})
	if err := p.Scan([]byte(sub(1) + sub(1))); err == nil || err.Kind != TooMany {
		t.Errorf("two items of one: %v", err)
	}
	p = NewProto(infer, 4, Limits{Text: 1})
	if err := p.Scan([]byte(sub(1, "mn"))); err == nil || err.Kind != TooLong {
		t.Errorf("two bytes of one: %v", err)
	}
}
