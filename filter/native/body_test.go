package main

import (
	"testing"
	"unsafe"
)

func piecesOf(texts ...string) (pieces []piece) {
	for _, text := range texts {
		pieces = append(pieces, piece{unsafe.StringData(text), uintptr(len(text))})
	}
	return pieces
}

func TestChunkOf(t *testing.T) {
	pieces := piecesOf("abc", "", "de")
	for _, c := range []struct {
		start, size int
		want        string
	}{
		{0, 2, "ab"}, {0, 9, "abc"}, {1, 9, "bc"}, {3, 1, "d"}, {3, 9, "de"}, {4, 9, "e"}, {5, 9, ""}, {9, 9, ""},
	} {
		if got := chunkOf(pieces, c.start, c.size); string(got) != c.want {
			t.Errorf("chunkOf(%d, %d) = %q, want %q", c.start, c.size, got, c.want)
		}
		want := "abcde"[min(c.start, 5):min(c.start+c.size, 5)]
		if got := appendPieces([]byte("x"), pieces, c.start, c.size); string(got) != "x"+want {
			t.Errorf("appendPieces(%d, %d) = %q, want %q", c.start, c.size, got, "x"+want)
		}
	}
}

// result is what Envoy makes of a body.
func (e *bodyEdit) result(body string) string {
	if !e.edited {
		return body
	}
	return string(e.front) + body[:min(e.keep, uint64(len(body)))]
}

func TestBodyEdit(t *testing.T) {
	const body = "abcde"
	whole := []byte(body)
	for _, c := range []struct {
		name string
		edit func(e *bodyEdit)
		want string
		copy int // bytes that go through the edit's own memory
	}{
		{"none", func(*bodyEdit) {}, body, 0},
		{"nothing", func(e *bodyEdit) { e.replace(nil, whole) }, "", 0},
		{"start", func(e *bodyEdit) { e.replace(whole[:2], whole) }, "ab", 0},
		{"other", func(e *bodyEdit) { e.replace([]byte("xy"), whole) }, "xy", 2},
		{"end", func(e *bodyEdit) { e.replace(whole[3:], whole) }, "de", 2},
		{"before", func(e *bodyEdit) { e.prepend([]byte("xy")) }, "xy" + body, 2},
		{"before twice", func(e *bodyEdit) { e.prepend([]byte("y")); e.prepend([]byte("x")) }, "xy" + body, 2},
		{"before the start", func(e *bodyEdit) { e.replace(whole[:1], whole); e.prepend([]byte("x")) }, "xa", 1},
	} {
		var e bodyEdit
		c.edit(&e)
		if got := e.result(body); got != c.want || len(e.front) != c.copy {
			t.Errorf("%s: %q and %d bytes copied, want %q and %d", c.name, got, len(e.front), c.want, c.copy)
		}
	}
}
