package abi

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// referencePairs is appendPairs in a simple form, which copies.
func referencePairs(b []byte) (pairs [][2]string, ok bool) {
	if len(b) == 0 {
		return nil, true
	}
	var n uint32
	r := bytes.NewReader(b)
	if binary.Read(r, binary.LittleEndian, &n) != nil || int64(n)*10 > int64(r.Len()) {
		return nil, false
	}
	sizes := make([]uint32, 2*n)
	if binary.Read(r, binary.LittleEndian, sizes) != nil {
		return nil, false
	}
	for i, size := range sizes {
		if int64(size) >= int64(r.Len()) {
			return nil, false
		}
		field := make([]byte, size+1)
		if _, err := r.Read(field); err != nil || field[size] != 0 {
			return nil, false
		}
		if i%2 == 0 {
			pairs = append(pairs, [2]string{string(field[:size])})
		} else {
			pairs[i/2][1] = string(field[:size])
		}
	}
	return pairs, r.Len() == 0
}

var wellFormed = [][][2]string{
	nil,
	{{":path", "/"}},
	{{"", ""}},
	{{"a", ""}, {"", "b"}, {"a", "b"}},
	{{"zero", "x\x00y"}},
	{{"long", strings.Repeat("x", 70_000)}},
}

func TestPairs(t *testing.T) {
	for _, want := range wellFormed {
		t.Run(fmt.Sprintf("%.80q", want), func(t *testing.T) {
			if got, ok := appendPairs(nil, serialize(want), len(want)); !ok || !slices.Equal(got, want) {
				t.Errorf("appendPairs(serialize(%.80q)) = %.80q, %v, want the same and true", want, got, ok)
			}
		})
	}
	three := [][2]string{{"a", "1"}, {"b", "2"}, {"c", "3"}}
	for most := range 4 {
		if got, ok := appendPairs(nil, serialize(three), most); !ok || !slices.Equal(got, three[:most]) {
			t.Errorf("appendPairs(serialize(%q), %d) = %q, %v, want the first and true", three, most, got, ok)
		}
	}
	if got, ok := appendPairs(make([][2]string, 0, 4), nil, 0); len(got) != 0 || !ok {
		t.Errorf("appendPairs(no bytes) = %q, %v, want none and true", got, ok)
	}
}

func TestMalformedPairs(t *testing.T) {
	good := string(serialize([][2]string{{"name", "value"}, {"a", "b"}}))
	change := func(at int, value byte) string { return good[:at] + string(value) + good[at+1:] }
	for _, c := range []struct{ name, data string }{
		{"three bytes", good[:3]},
		{"the number of pairs alone", good[:4]},
		{"a number too large by one", change(0, 3)},
		{"a number too small by one", change(0, 1)},
		{"a huge number", change(3, 0xff)},
		{"a name's length too large by one", change(4, 5)},
		{"a name's length too small by one", change(4, 3)},
		{"a huge length of a name", change(7, 0xff)},
		{"a huge length of a value", change(11, 0xff)},
		{"no zero byte after a name", change(24, 'x')},
		{"no zero byte at the end", good[:len(good)-1]},
		{"a byte after the end", good + "x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, ok := appendPairs(nil, []byte(c.data), math.MaxInt); ok {
				t.Errorf("appendPairs(%q) = %q, true, want false", c.data, got)
			}
		})
	}
}

func FuzzPairs(f *testing.F) {
	for _, pairs := range wellFormed[:5] {
		f.Add(serialize(pairs))
	}
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		want, wantOK := referencePairs(b)
		got, ok := appendPairs(nil, b, math.MaxInt)
		if ok != wantOK || ok && !slices.Equal(got, want) {
			t.Fatalf("appendPairs(%q) = %q, %v, want %q, %v", b, got, ok, want, wantOK)
		}
	})
}

func TestStatus(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range []Status{NotFound, BadArgument, Empty, CasMismatch, Internal, Unimplemented, 77, 78} {
		if text := s.err().Error(); seen[text] || text == "" {
			t.Errorf("Status(%d).Error() = %q, want a text of its own", s, text)
		} else {
			seen[text] = true
		}
	}
	if err := Status(0).err(); err != nil {
		t.Errorf("Status(0).err() = %v, want nil", err)
	}
}
