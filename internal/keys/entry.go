package keys

import (
	"encoding/binary"
	"strings"
	"time"
)

// The sizes, in bytes, of the largest documents that are read: a key set or a discovery
// document, and a list of API keys.
const (
	maxKeySet  = 256 << 10
	maxAPIKeys = 16 << 20
)

// Entry is what the VMs of a proxy know of a source, in the data that they share.
// The zero Entry is that of a source that was never fetched.
type Entry struct {
	Document    string    // the last good key set, "" for none
	FetchedAt   time.Time // when Document came
	RequestedAt time.Time // when the fetch that brought Document was started
	LastAttempt time.Time // when the last fetch was started, whatever its outcome
	LookedAt    time.Time // when the last fetch for an unknown key was started
	NextFetch   time.Time // when the next fetch is due
	LeaseUntil  time.Time // until then no other VM fetches
	LeaseHolder uint64    // the VM that has the lease
	Failures    uint32    // since the last good document
}

// magic is the first line of an entry and names its version. Other plugins of the
// proxy may write to the same data: what does not begin with magic and the
// source's ID is not ours. Those plugins are trusted not to forge an entry, since
// they see all requests as well.
const magic = "modelgate keys 2\n"

func (e *Entry) times() []*time.Time {
	return []*time.Time{&e.FetchedAt, &e.RequestedAt, &e.LastAttempt, &e.LookedAt, &e.NextFetch, &e.LeaseUntil}
}

// Encode writes the entry of the source with that ID: magic and ID; the times in
// nanoseconds since 1970, 0 for the zero time; the lease's holder and the
// failures, all little endian; and the document.
func (e *Entry) Encode(id string) []byte {
	b := append([]byte(magic), id...)
	for _, t := range e.times() {
		var n uint64
		if !t.IsZero() {
			n = uint64(t.UnixNano())
		}
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	b = binary.LittleEndian.AppendUint64(b, e.LeaseHolder)
	b = binary.LittleEndian.AppendUint32(b, e.Failures)
	return append(b, e.Document...)
}

// Decode reads what Encode wrote. ok is false for what Encode cannot have written.
func Decode(raw, id string) (e Entry, ok bool) {
	rest, ok := strings.CutPrefix(raw, magic+id)
	const fixed = 6*8 + 8 + 4
	if !ok || len(rest) < fixed || len(rest) > fixed+maxAPIKeys {
		return Entry{}, false
	}
	b := []byte(rest[:fixed])
	for i, t := range e.times() {
		n := binary.LittleEndian.Uint64(b[8*i:])
		if n > 1<<63-1 {
			return Entry{}, false
		}
		if n != 0 {
			*t = time.Unix(0, int64(n))
		}
	}
	e.LeaseHolder = binary.LittleEndian.Uint64(b[48:])
	e.Failures = binary.LittleEndian.Uint32(b[56:])
	e.Document = rest[fixed:]
	return e, e.FetchedAt.IsZero() == (e.Document == "")
}
