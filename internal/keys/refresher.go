package keys

import (
	"time"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// Bounds of what a VM remembers for one source.
const (
	maxWaiting = 1024             // requests
	maxMissing = 1024             // keys known to be unknown
	missingFor = 30 * time.Second // how long, while the document stays the same
)

// WaitPolicy is what a request may still do about a key that is not there.
type WaitPolicy uint8

// The zero value gives up.
const (
	NoWait    WaitPolicy = iota // the host cannot wait, or the time is over: unknown whether there is such a key
	MayWait                     // the request may wait
	Refreshed                   // the keys were fetched since it came: what is not there does not exist
)

// Waiter is a request that waits for a key.
type Waiter struct {
	Request uint32 // the host's number for it
	KeyID   string
	Since   time.Time // when the request came
}

// Resume is a request to go on, and what it may still do.
type Resume struct {
	Request    uint32
	WaitPolicy WaitPolicy
}

// Fetch is a request to an endpoint. It is handed back with the answer.
type Fetch struct {
	Target
	started time.Time
	second  bool // the key set that a discovery document pointed to
}

// Effects are what the host does next.
type Effects struct {
	Store  []byte   // to put in the entry's place, by compare and swap: if that fails, forget the rest
	Fetch  *Fetch   // then to begin
	Wanted bool     // the fetch is for an unknown key, and not due otherwise
	Resume []Resume // in any case
}

// Refresher is what one VM knows of one source. It is not safe for more than one
// goroutine.
type Refresher struct {
	source  *Source
	usable  func(document string) error
	holder  uint64
	random  uint64
	entry   Entry
	waiting []Waiter
	missing map[string]time.Time // until when the keys are taken for unknown
	foreign string               // what was last found in the entry's place and refused
}

// NewRefresher makes one that knows nothing. usable says what is wrong with a key
// set; holder is a random number that tells the VM from others.
func NewRefresher(s *Source, usable func(document string) error, holder uint64) *Refresher {
	return &Refresher{source: s, usable: usable, holder: holder | 1, random: holder | 1, missing: map[string]time.Time{}}
}

// Document is the key set that serves now, or "".
func (k *Refresher) Document(now time.Time) string {
	if now.Before(k.entry.Fetched.Add(k.source.MaxStale)) {
		return k.entry.Document
	}
	return ""
}

// Age is the time since the document came; ok is false where there is none.
func (k *Refresher) Age(now time.Time) (age time.Duration, ok bool) {
	return now.Sub(k.entry.Fetched), k.entry.Document != ""
}

// Waiting is the number of requests that wait.
func (k *Refresher) Waiting() int { return len(k.waiting) }

// jitter is a number from 0 to 1 (xorshift64).
func (k *Refresher) jitter() float64 {
	k.random ^= k.random << 13
	k.random ^= k.random >> 7
	k.random ^= k.random << 17
	return float64(k.random>>11) / (1 << 53)
}

// Look takes over what the VMs share, without doing anything about it; "" is
// nothing. What is no entry of the source, or holds no usable key set, is taken
// for nothing, and the error says so, once.
func (k *Refresher) Look(raw string) error {
	e, ok := Decode(raw, k.source.ID)
	var err error
	switch {
	case raw == "":
	case !ok:
		err = errForeign
	case e.Document != k.entry.Document && e.Document != "":
		if err = k.usable(e.Document); err != nil {
			e = Entry{}
		}
	}
	if e.Document != k.entry.Document {
		clear(k.missing)
	}
	k.entry = e
	if err == nil {
		k.foreign = ""
		return nil
	}
	if k.foreign == raw {
		return nil
	}
	k.foreign = raw
	return err
}

// Tick looks at what the VMs share, raw. The error is about what was found
// there, and for the log.
func (k *Refresher) Tick(now time.Time, raw string) (out Effects, err error) {
	before := k.entry.Document
	err = k.Look(raw)
	out.Resume = k.wake(now, k.entry.Document != before)
	if wanted := len(k.waiting) > 0; k.source.due(&k.entry, now, wanted) {
		out.Wanted = wanted && !k.source.expired(&k.entry, now)
		e := k.source.claim(k.entry, now, k.holder)
		out.Store, out.Fetch = e.Encode(k.source.ID), &Fetch{Target: k.source.first, started: now}
	}
	return out, err
}

// Done takes the answer to a fetch, with what the VMs share at that moment. A
// fetch that is not over yields another and no outcome; one that took longer
// than its lease yields nothing. After Store, Tick brings it to the requests
// that wait.
func (k *Refresher) Done(now time.Time, raw string, f *Fetch, a Answer) (out Effects, o Outcome, err error) {
	e, ok := Decode(raw, k.source.ID)
	if !ok || e.Holder != k.holder || !e.Started.Equal(f.started) || e.Lease.IsZero() {
		return out, o, errLate
	}
	if o, err = a.outcome(); o.Good() {
		if k.source.discovery && !f.second {
			t, wrong := k.source.located(a.Body)
			if wrong == nil {
				out.Fetch = &Fetch{Target: t, started: f.started, second: true}
				return out, o, nil
			}
			o, err = Malformed, wrong
		} else {
			o, err = k.judge(a.Body, e.Document)
		}
	}
	if o.Good() {
		e = k.source.succeed(e, now, a.Body, a.maxAge(), k.jitter())
	} else {
		e = k.source.fail(e, now, k.jitter())
	}
	out.Store = e.Encode(k.source.ID)
	return out, o, err
}

// outcome judges an answer by what is around its body.
func (a *Answer) outcome() (Outcome, error) {
	switch status := a.header(":status"); {
	case status == "":
		return Unreachable, errUnreachable
	case status != "200":
		return Status, statusError(status)
	case a.Oversized || len(a.Body) > MaxDocument:
		return Oversized, errOversized
	}
	if err := strictjson.Check(a.Body); err != nil {
		return Malformed, err
	}
	return Fetched, nil
}

// judge compares a key set with the one before.
func (k *Refresher) judge(document, before string) (Outcome, error) {
	if document == before {
		return Unchanged, nil
	}
	if err := k.usable(document); err != nil {
		return Unusable, err
	}
	return Fetched, nil
}
