// Package replay remembers what may come once only, such as the nonces of signed requests,
// until it has expired anyway. A memory has a fixed size. It is made of pages, so that the
// workers of a proxy can share it: each reads one page, and writes it back unless another
// has done so since. The package knows neither clocks nor hosts.
package replay

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"time"
)

// Verdict says whether something may pass. The zero value refuses.
type Verdict uint8

// The verdicts.
const (
	Full  Verdict = iota // the memory has no room: nobody could tell that it comes again
	Known                // it has come before
	Fresh                // it has not, and is remembered now
)

// ID is what is remembered: a hash that nobody can make collide with the one of another.
type ID [12]byte

// NewID returns the ID of a nonce, which counts once for each key.
func NewID(key, nonce string) ID {
	h := sha256.New()
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(key)))
	h.Write(length[:])
	h.Write([]byte(key))
	h.Write([]byte(nonce))
	return ID(h.Sum(nil)[:len(ID{})])
}

// A page has PageSlots slots of an ID and the time at which it may be forgotten, in seconds
// since 1970. Both are zero in a free slot.
const (
	PageSlots = 256
	slotBytes = len(ID{}) + 4
	pageBytes = PageSlots * slotBytes
)

// Page returns which of so many pages has the ID.
func (id ID) Page(pages int) int { return int(binary.BigEndian.Uint32(id[:4]) % uint32(pages)) }

// Admit looks an ID up in its page, which is nil if nobody has written it, and adds it. It
// is remembered until then, and a second longer. If the verdict is Fresh, the page that Admit
// returns must replace the one that was read; it may use the same memory.
func Admit(page []byte, id ID, now, until time.Time) ([]byte, Verdict) {
	if page == nil {
		page = make([]byte, pageBytes)
	}
	at, forgotten := seconds(now), seconds(until.Add(time.Second))
	if len(page) != pageBytes || forgotten <= at {
		return page, Full // nobody has written such a page, or the time is none that it can hold
	}
	free := -1
	for i := 0; i < pageBytes; i += slotBytes {
		switch slot := page[i : i+slotBytes]; {
		case binary.BigEndian.Uint32(slot[len(id):]) <= at:
			free = i
		case bytes.Equal(slot[:len(id)], id[:]):
			return page, Known
		}
	}
	if free < 0 {
		return page, Full
	}
	copy(page[free:], id[:])
	binary.BigEndian.PutUint32(page[free+len(id):], forgotten)
	return page, Fresh
}

// seconds returns a time as a slot has it.
func seconds(t time.Time) uint32 { return uint32(min(max(t.Unix(), 1), math.MaxUint32)) }

// Memory is a memory of one process. It is not safe for concurrent use.
type Memory struct{ pages [][]byte }

// NewMemory returns an empty memory of so many pages.
func NewMemory(pages int) *Memory { return &Memory{make([][]byte, pages)} }

// Admit looks an ID up and adds it, as the function does.
func (m *Memory) Admit(id ID, now, until time.Time) (v Verdict) {
	page := &m.pages[id.Page(len(m.pages))]
	*page, v = Admit(*page, id, now, until)
	return v
}
