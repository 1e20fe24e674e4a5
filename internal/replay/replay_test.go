package replay

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

var start = time.Unix(1_700_000_000, 0)

func at(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }

func TestAdmit(t *testing.T) {
	type use struct {
		key, nonce string
		now, until float64 // seconds
		want       Verdict
	}
	for _, c := range []struct {
		name string
		uses []use
	}{
		{"twice", []use{{"k", "a", 0, 10, Fresh}, {"k", "a", 0, 10, Known}, {"k", "a", 9.9, 10, Known}}},
		{"another nonce", []use{{"k", "a", 0, 10, Fresh}, {"k", "b", 0, 10, Fresh}}},
		{"of another key", []use{{"k", "a", 0, 10, Fresh}, {"l", "a", 0, 10, Fresh}}},
		{"key and nonce cut elsewhere", []use{{"k", "ab", 0, 10, Fresh}, {"ka", "b", 0, 10, Fresh}}},
		{"to the end of its last second", []use{{"k", "a", 0, 9.9, Fresh}, {"k", "a", 9.99, 20, Known}, {"k", "a", 10, 20, Fresh}}},
		{"again, when it is forgotten", []use{{"k", "a", 0, 10, Fresh}, {"k", "a", 10, 20, Known}, {"k", "a", 11, 20, Fresh}}},
		{"expired before it came", []use{{"k", "a", 10, 10, Fresh}, {"k", "b", 10, 9, Full}, {"k", "b", 10, 8, Full}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := NewMemory(1)
			for i, u := range c.uses {
				if got := m.Admit(NewID(u.key, u.nonce), at(u.now), at(u.until)); got != u.want {
					t.Errorf("use %d: Admit() = %d, want %d", i, got, u.want)
				}
			}
		})
	}
}

// TestAdmitFull: nothing is forgotten before its time, and there is no room for more.
func TestAdmitFull(t *testing.T) {
	m := NewMemory(1)
	for i := range PageSlots {
		if got := m.Admit(NewID("k", fmt.Sprint(i)), at(0), at(float64(9+i))); got != Fresh {
			t.Fatalf("nonce %d: Admit() = %d, want Fresh", i, got)
		}
	}
	if got := m.Admit(NewID("k", "more"), at(9), at(20)); got != Full {
		t.Errorf("one more: Admit() = %d, want Full", got)
	}
	for i := range PageSlots {
		if got := m.Admit(NewID("k", fmt.Sprint(i)), at(9), at(20)); got != Known {
			t.Errorf("nonce %d again: Admit() = %d, want Known", i, got)
		}
	}
	if got := m.Admit(NewID("k", "more"), at(10), at(20)); got != Fresh {
		t.Errorf("when the first has expired: Admit() = %d, want Fresh", got)
	}
	if got := m.Admit(NewID("k", "1"), at(10), at(20)); got != Known {
		t.Errorf("the second: Admit() = %d, want Known", got)
	}
}

// TestPagesAreEven: a memory of the default size takes three quarters of its slots before
// a page is full.
func TestPagesAreEven(t *testing.T) {
	const pages = 256
	m := NewMemory(pages)
	for i := range pages * PageSlots * 3 / 4 {
		if got := m.Admit(NewID("k", fmt.Sprint("nonce-", i)), at(0), at(300)); got != Fresh {
			t.Fatalf("nonce %d: Admit() = %d, want Fresh", i, got)
		}
	}
}

// TestAdmitStrangePage: a page that this package has not written lets nothing pass.
func TestAdmitStrangePage(t *testing.T) {
	for _, size := range []int{0, 1, pageBytes - 1, pageBytes + 1} {
		if _, got := Admit([]byte(strings.Repeat("\x00", size)), NewID("k", "a"), at(0), at(10)); got != Full {
			t.Errorf("a page of %d bytes: Admit() = %d, want Full", size, got)
		}
	}
	end := time.Unix(math.MaxUint32, 0)
	if _, got := Admit(nil, NewID("k", "a"), end, end.Add(time.Minute)); got != Full {
		t.Errorf("after the last second: Admit() = %d, want Full", got)
	}
}

// FuzzAdmit compares a page with a map.
func FuzzAdmit(f *testing.F) {
	f.Add([]byte("\x00\x05\x00\x01\x05\x00\x00\x05\x00"))
	f.Add([]byte("\x01\x02\x03\x01\x02\x03\x01\x02\x00"))
	f.Fuzz(func(t *testing.T, uses []byte) {
		var page []byte
		known, now := map[byte]time.Time{}, 0.0
		for ; len(uses) >= 3; uses = uses[3:] {
			nonce, until := uses[0], at(now+float64(uses[1]))
			want := Fresh
			switch {
			case !known[nonce].Before(at(now)):
				want = Known
			default:
				known[nonce] = until
			}
			var got Verdict
			if page, got = Admit(page, NewID("k", string(nonce)), at(now), until); got != want {
				t.Fatalf("Admit(%d) = %d, want %d", nonce, got, want)
			}
			now += float64(uses[2])
		}
	})
}
