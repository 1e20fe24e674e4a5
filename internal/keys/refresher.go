package keys

import "time"

// Bounds of what a VM keeps for one source.
const (
	maxWaiting = 1024             // requests
	maxUnknown = 1024             // kids that are known to be unknown
	unknownFor = 30 * time.Second // how long a kid is, unless the document changes
	shortWait  = time.Second      // for the next fetch for an unknown key
)

// Fetch is a request to make to an endpoint. The host hands it back with the
// answer.
type Fetch struct {
	Target
	Headers        [][2]string // beside those of every fetch; not for logs
	started        time.Time
	afterDiscovery bool // the key set to which a discovery document points
}

// Effects are what the host does next.
type Effects struct {
	Store         []byte   // replace the entry by compare and swap; if that fails, ignore Fetch
	Fetch         *Fetch   // then send this request
	ForUnknownKey bool     // Fetch is made for an unknown key: no refresh is due
	Resume        []Resume // resume these requests in any case
}

// Refresher is one VM's view of one source. It is not safe for concurrent use.
type Refresher struct {
	source       *Source
	checkKeys    func(document string) error
	holder       uint64
	random       uint64
	entry        Entry
	waiting      []Waiter
	looking      bool                 // a fetch is wanted for a key that was reported as unknown
	unknown      map[string]time.Time // by kid: until when it counts as unknown
	lastRejected string               // the shared data that Load has reported as no entry
}

// NewRefresher returns a Refresher without keys. checkKeys returns what is wrong
// with a key set; holder is a random number that identifies the VM.
func NewRefresher(s *Source, checkKeys func(document string) error, holder uint64) *Refresher {
	holder |= 1 // not 0, which is nobody, and at which xorshift stays
	return &Refresher{source: s, checkKeys: checkKeys, holder: holder, random: holder, unknown: map[string]time.Time{}}
}

// Document returns the key set that is in use now, or "".
func (r *Refresher) Document(now time.Time) string {
	if now.Before(r.entry.FetchedAt.Add(r.source.MaxStale)) {
		return r.entry.Document
	}
	return ""
}

// Age returns the time since the document came. ok is false without a document.
func (r *Refresher) Age(now time.Time) (age time.Duration, ok bool) {
	return now.Sub(r.entry.FetchedAt), r.entry.Document != ""
}

// jitter returns a random number from 0 to 1 (xorshift64).
func (r *Refresher) jitter() float64 {
	r.random ^= r.random << 13
	r.random ^= r.random >> 7
	r.random ^= r.random << 17
	return float64(r.random>>11) / (1 << 53)
}

// Load takes over raw, the data that the VMs share, and starts nothing; "" is no
// entry. Data that is not the source's entry, or has no usable key set, counts as
// no entry, and the first call for it returns an error for the log.
func (r *Refresher) Load(raw string) error {
	e, ok := Decode(raw, r.source.ID)
	var err error
	switch {
	case raw == "":
	case !ok:
		err = errNotAnEntry
	case e.Document != r.entry.Document && e.Document != "":
		if err = r.checkKeys(e.Document); err != nil {
			e = Entry{}
		}
	}
	if e.Document != r.entry.Document {
		clear(r.unknown)
	}
	r.entry = e
	if err == nil {
		r.lastRejected = ""
		return nil
	}
	if r.lastRejected == raw {
		return nil
	}
	r.lastRejected = raw
	return err
}

// Tick loads raw, the data that the VMs share, resumes requests that need not wait
// any longer, and starts a fetch if one is due. The error is Load's.
func (r *Refresher) Tick(now time.Time, raw string) (out Effects, err error) {
	before := r.entry
	err = r.Load(raw)
	if !r.entry.RequestedAt.Equal(before.RequestedAt) {
		r.looking = false
	}
	fetched := r.entry.Document != before.Document || !r.entry.FetchedAt.Equal(before.FetchedAt)
	out.Resume = r.takeResumable(now, fetched)
	if wanted := r.looking || len(r.waiting) > 0; r.source.fetchDue(&r.entry, now, wanted) {
		out.ForUnknownKey = wanted && !r.source.refreshDue(&r.entry, now)
		e := r.source.withLease(r.entry, now, r.holder, out.ForUnknownKey)
		out.Store, out.Fetch = e.Encode(r.source.ID), r.source.newFetch(r.source.endpoint, Fetch{started: now})
	}
	return out, err
}

// HandleAnswer takes the answer to a fetch, and raw, the data that the VMs share at
// that moment. A discovery document leads to another Fetch and nothing to store.
// An answer after the end of the lease has no effect. After Store the host calls
// Tick, which resumes the requests that wait.
func (r *Refresher) HandleAnswer(now time.Time, raw string, f *Fetch, a Answer) (out Effects, o Outcome, err error) {
	e, ok := Decode(raw, r.source.ID)
	if !ok || e.LeaseHolder != r.holder || !e.LastAttempt.Equal(f.started) || e.LeaseUntil.IsZero() {
		return out, o, errLate
	}
	if o, err = a.outcome(r.source.MaxDocument()); o.Good() {
		if r.source.discovery && !f.afterDiscovery {
			t, wrong := r.source.jwksTarget(a.Body)
			if wrong == nil {
				out.Fetch = r.source.newFetch(t, Fetch{started: f.started, afterDiscovery: true})
				return out, o, nil
			}
			o, err = Malformed, wrong
		} else {
			o, err = r.keySetOutcome(a.Body, e.Document)
		}
	}
	if o.Good() {
		e = r.source.afterSuccess(e, now, a.Body, r.source.freshFor(&a), r.jitter())
	} else {
		e = r.source.afterFailure(e, now, r.jitter())
	}
	out.Store = e.Encode(r.source.ID)
	return out, o, err
}

// keySetOutcome compares a fetched key set with the one before and checks its keys.
func (r *Refresher) keySetOutcome(document, before string) (Outcome, error) {
	if document == before {
		return Unchanged, nil
	}
	if err := r.checkKeys(document); err != nil {
		return Unusable, err
	}
	return Fetched, nil
}
