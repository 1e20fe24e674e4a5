//go:build wasip1

package main

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
)

// tickMilliseconds is how often each VM looks at what the others have fetched.
// It is also the longest that a request waits for a key which is there already,
// and that a key which is gone still counts.
const tickMilliseconds = 200

// soonMilliseconds is the period while more requests are to be woken than one
// callback can.
const soonMilliseconds = 1

// ring is one issuer's published keys in this VM. It performs what its keeper
// says: the keeper knows the schedule, the ring the host.
type ring struct {
	plugin    *plugin
	remote    authn.Remote
	refresher *keys.Refresher
	document  string             // whose keys are in force
	waiting   map[uint32]*stream // by context
	gauges    *keyGauges
	entryName string
}

func newRing(p *plugin, r authn.Remote, holder uint64) (*ring, error) {
	gauges, err := p.vm.gaugesOf(r.Name)
	return &ring{
		plugin: p, remote: r, waiting: map[uint32]*stream{}, gauges: gauges,
		refresher: keys.NewRefresher(r.Source, r.Usable, holder),
		entryName: "modelgate/keys/" + hexadecimal(r.Source.ID),
	}, err
}

// shared reads the entry. Where there is none, cas is a number that no entry
// has: Envoy stores under any number where there is nothing yet, and refuses
// this one once there is, so that only one VM creates the entry.
func (r *ring) shared() (raw string, cas uint32, err error) {
	b, cas, err := abi.SharedData(r.entryName)
	if err == abi.NotFound {
		return "", math.MaxUint32, nil
	}
	return string(b), cas, err
}

// tick takes over what others have fetched, fetches if it is time, and notes
// the requests that need not wait any longer.
func (r *ring) tick(now time.Time) {
	raw, cas, err := r.shared()
	if err != nil {
		r.log(abi.Critical, "shared data: ", err.Error())
		return
	}
	out, err := r.refresher.Tick(now, raw)
	if err != nil {
		r.log(abi.Error, err.Error())
	}
	r.install(now)
	if out.Store != nil && abi.SetSharedData(r.entryName, out.Store, cas) == nil {
		if out.ForUnknownKey {
			add(r.gauges.refetches, 1)
		}
		r.dispatch(out.Fetch)
	}
	for _, w := range out.Resume {
		r.plugin.woken = append(r.plugin.woken, wakeup{r, w})
	}
	if age, ok := r.refresher.Age(now); ok {
		r.gauges.setAge(age)
	}
}

// install puts the keeper's present document into force, or takes it out.
func (r *ring) install(now time.Time) {
	if document := r.refresher.Document(now); document != r.document {
		r.document = document
		r.plugin.keys = r.plugin.keys.With(r.remote, document)
		r.log(abi.Info, strconv.Itoa(len(document)), " bytes are in force")
	}
}

// dispatch begins a fetch. The host makes it in the name of the plugin, never of
// a request, which could end before the answer comes.
func (r *ring) dispatch(f *keys.Fetch) {
	headers := [][2]string{
		{":method", "GET"}, {":scheme", f.Scheme}, {":authority", f.Authority}, {":path", f.Path},
		{"accept", "application/json"}, {"user-agent", "modelgate"},
	}
	timeout := uint32(r.remote.Source.Timeout.Milliseconds())
	call, err := abi.HTTPCall(f.Cluster, headers, timeout)
	if err != nil {
		r.log(abi.Error, "cluster ", f.Cluster, ": ", err.Error())
		r.done(f, keys.Answer{})
		return
	}
	r.plugin.calls[call] = func(size int) {
		r.answered(f, size)
		r.plugin.wakeSome()
	}
}

func (r *ring) log(level abi.Level, parts ...string) {
	abi.Log(level, append([]string{"model gate: keys of ", r.remote.Name, ": "}, parts...)...)
}

// answered reads the answer, though not a body that is too large.
func (r *ring) answered(f *keys.Fetch, size int) {
	var a keys.Answer
	a.Headers, _ = abi.CallHeaders.Pairs() // none is no answer
	if a.Oversized = size > keys.MaxDocument; !a.Oversized && size > 0 {
		body, err := abi.CallBody.Bytes(0, size)
		if err != nil {
			a.Headers = nil
		}
		a.Body = string(body)
	}
	abi.Keep() // what the keeper takes of the headers
	r.done(f, a)
}

// done brings an answer to the keeper, and what comes of it to all VMs.
func (r *ring) done(f *keys.Fetch, a keys.Answer) {
	now := clock()
	raw, cas, err := r.shared()
	if err != nil {
		r.log(abi.Critical, "shared data: ", err.Error())
		return // the lease runs out, and another fetch begins
	}
	out, outcome, err := r.refresher.HandleAnswer(now, raw, f, a)
	switch {
	case out.Fetch != nil:
		r.dispatch(out.Fetch)
		return
	case out.Store == nil:
		r.log(abi.Warn, err.Error())
		return
	case err != nil:
		r.log(abi.Error, outcome.String(), ": ", err.Error())
	}
	add(r.gauges.outcomes[outcome], 1)
	if err := abi.SetSharedData(r.entryName, out.Store, cas); err != nil {
		r.log(abi.Error, "shared data: ", err.Error())
		return
	}
	r.tick(now)
}

// await has a request wait, or says what it may do instead.
func (r *ring) await(s *stream, want gate.Await, now time.Time) keys.WaitPolicy {
	policy := r.refresher.Wait(now, keys.Waiter{Request: s.id, KeyID: strings.Clone(want.KeyID), Since: s.began})
	if policy == keys.MayWait {
		r.waiting[s.id] = s
		s.ring = r
		r.gauges.addWaiting(1)
	}
	return policy
}

// forget drops a request that has ended or goes on.
func (r *ring) forget(s *stream) {
	if r.waiting[s.id] == s {
		delete(r.waiting, s.id)
		s.ring = nil
		r.gauges.addWaiting(-1)
	}
}

// wakeup is a request to go on.
type wakeup struct {
	ring *ring
	keys.Resume
}

// maxWakes is how many requests go on in one callback. Envoy carries out what a
// callback has asked for after it, each answer in a call of its own inside the
// one before: some hundreds of them are more than the stack holds, and the VM is
// lost (seen in 1.40.0).
const maxWakes = 32

// wakeSome has requests go on, and comes back soon for those that are left.
func (p *plugin) wakeSome() {
	n := min(len(p.woken), maxWakes)
	batch := slices.Clone(p.woken[:n])
	p.woken = slices.Delete(p.woken, 0, n)
	for _, w := range batch {
		if s := w.ring.waiting[w.Request]; s != nil { // otherwise it has ended meanwhile
			w.ring.forget(s)
			s.wake(w.WaitPolicy)
		}
	}
	p.setTick()
}

// setTick sets the period of ticks: soon while requests are to be woken.
func (p *plugin) setTick() {
	period := uint32(tickMilliseconds)
	if len(p.woken) > 0 {
		period = soonMilliseconds
	}
	if period == p.period {
		return
	}
	if err := abi.SetTickPeriod(period); err != nil {
		abi.Log(abi.Critical, "model gate: tick period: ", err.Error())
		return
	}
	p.period = period
}
