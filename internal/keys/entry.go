package keys

import (
	"encoding/binary"
	"strings"
	"time"
)

// MaxDocument is the largest key set or discovery document that is looked at,
// in bytes.
const MaxDocument = 256 << 10

// Entry is what the VMs of a proxy know of a source. It lies in the data that
// they share. The zero Entry is that of a source that nobody has fetched.
type Entry struct {
	Document string    // the last good one, "" for none
	Fetched  time.Time // when it came
	Asked    time.Time // when the fetch that brought it was started
	Started  time.Time // when the last fetch was started, whatever came of it
	Next     time.Time // when the next one is due
	Lease    time.Time // until when whoever fetches is waited for
	Holder   uint64    // who that is
	Failures uint32    // since the last good one
}

// magic begins an entry, and changes with its form. Other plugins of the proxy
// may share the same data: what does not begin with this, and with the source's
// ID after it, is none of ours. They are trusted not to forge it, as they are
// with the requests themselves.
const magic = "modelgate keys 1\n"

func (e *Entry) times() []*time.Time {
	return []*time.Time{&e.Fetched, &e.Asked, &e.Started, &e.Next, &e.Lease}
}

// Encode writes the entry of the source with that ID: magic and ID, the times in
// nanoseconds since 1970 with 0 for never, holder and failures, all little
// endian, and the document.
func (e *Entry) Encode(id string) []byte {
	b := append([]byte(magic), id...)
	for _, t := range e.times() {
		var n uint64
		if !t.IsZero() {
			n = uint64(t.UnixNano())
		}
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	b = binary.LittleEndian.AppendUint64(b, e.Holder)
	b = binary.LittleEndian.AppendUint32(b, e.Failures)
	return append(b, e.Document...)
}

// Decode is Encode turned round. ok is false for what Encode cannot have
// written.
func Decode(raw, id string) (e Entry, ok bool) {
	rest, ok := strings.CutPrefix(raw, magic+id)
	const fixed = 5*8 + 8 + 4
	if !ok || len(rest) < fixed || len(rest) > fixed+MaxDocument {
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
	e.Holder = binary.LittleEndian.Uint64(b[40:])
	e.Failures = binary.LittleEndian.Uint32(b[48:])
	e.Document = rest[fixed:]
	return e, e.Fetched.IsZero() == (e.Document == "")
}
