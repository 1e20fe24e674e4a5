package abi

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// reference reads the form of the specification the slow way, copying.
func reference(b []byte) (pairs [][2]string, ok bool) {
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
		octets := make([]byte, size+1)
		if _, err := r.Read(octets); err != nil || octets[size] != 0 {
			return nil, false
		}
		if i%2 == 0 {
			pairs = append(pairs, [2]string{string(octets[:size])})
		} else {
			pairs[i/2][1] = string(octets[:size])
		}
	}
	return pairs, r.Len() == 0
}

var accepted = [][][2]string{
	nil,
	{{":path", "/"}},
	{{"", ""}},
	{{"a", ""}, {"", "b"}, {"a", "b"}},
	{{"zero", "x\x00y"}},
	{{"long", strings.Repeat("x", 70_000)}},
}

func TestPairs(t *testing.T) {
	for _, want := range accepted {
		got, ok := appendPairs(nil, serialize(want))
		if !ok || !slices.Equal(got, want) {
			t.Errorf("appendPairs(serialize(%.80q)) = %.80q, %v", want, got, ok)
		}
	}
	if got, ok := appendPairs(make([][2]string, 0, 4), nil); len(got) != 0 || !ok {
		t.Errorf("appendPairs(nothing) = %q, %v", got, ok)
	}
}

func TestPairsRefused(t *testing.T) {
	good := string(serialize([][2]string{{"name", "value"}, {"a", "b"}}))
	change := func(at int, octet byte) string { return good[:at] + string(octet) + good[at+1:] }
	for name, doc := range map[string]string{
		"three bytes":                good[:3],
		"more pairs than there are":  change(0, 3),
		"fewer pairs than there are": change(0, 1),
		"a great number":             change(3, 0xff),
		"a long name":                change(4, 5),
		"a short name":               change(4, 3),
		"a great length":             change(7, 0xff),
		"a great value":              change(11, 0xff),
		"no end of a name":           change(24, 'x'),
		"no end":                     good[:len(good)-1],
		"more":                       good + "x",
		"the number alone":           good[:4],
	} {
		if got, ok := appendPairs(nil, []byte(doc)); ok {
			t.Errorf("%s: appendPairs(%q) = %q", name, doc, got)
		}
	}
}

func FuzzPairs(f *testing.F) {
	for _, pairs := range accepted[:5] {
		f.Add(serialize(pairs))
	}
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		want, wantOK := reference(b)
		got, ok := appendPairs(nil, b)
		if ok != wantOK || ok && !slices.Equal(got, want) {
			t.Fatalf("appendPairs(%q) = %q, %v, want %q, %v", b, got, ok, want, wantOK)
		}
	})
}

func TestStatus(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range []Status{NotFound, BadArgument, Empty, CasMismatch, Internal, Unimplemented, 77, 78} {
		if text := s.err().Error(); seen[text] || text == "" {
			t.Errorf("status %d says %q", s, text)
		} else {
			seen[text] = true
		}
	}
	if Status(0).err() != nil {
		t.Error("status 0 is an error")
	}
}
