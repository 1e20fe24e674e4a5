package keys

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// proxy is a model of a proxy: some VMs, the data they share, an endpoint that
// can be in any state, and requests. Everything that happens is drawn at random.
type proxy struct {
	t      *testing.T
	random *rand.Rand
	now    time.Time
	source *Source
	shared string
	cas    uint32
	vms    []*vm

	// The endpoint: the keys it publishes now, each with the times of its life.
	serial    int
	published []string
	born      map[string]time.Time
	ages      map[string]int // documents, by when they were published
	down      bool
	starts    []start // of fetches
	free      bool    // the last fetch has been answered, or its entry lost
	requests  map[uint32]*request
	next      uint32
}

type start struct {
	at     time.Time
	wanted bool
}

// vm is a Refresher and what its host holds for it.
type vm struct {
	refresher *Refresher
	flying    []flight
	refused   map[string]bool // keys that were in force here and are gone
	latest    int             // age of the document in force, in p.ages
	told      map[string]told // keys that were said not to exist
}

type told struct {
	at       time.Time
	document string
}

// flight is a fetch that is under way. The endpoint writes its answer at once,
// and it may arrive much later.
type flight struct {
	fetch *Fetch
	sent  time.Time
	body  string
}

type request struct {
	kid   string
	vm    int
	since time.Time
}

func newProxy(t *testing.T, seed uint64) *proxy {
	p := &proxy{
		t: t, random: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1_700_000_000, 0), cas: 1,
		source: &Source{
			ID: strings.Repeat("i", 32), Refresh: 20 * time.Second, Timeout: 2 * time.Second,
			MaxStale: 90 * time.Second, Interval: 3 * time.Second, Wait: 8 * time.Second,
		},
		born: map[string]time.Time{}, requests: map[uint32]*request{}, ages: map[string]int{}, free: true,
	}
	for range 1 + p.random.IntN(4) {
		p.vms = append(p.vms, nil)
		p.restart(len(p.vms) - 1)
	}
	p.rotate()
	return p
}

func usable(document string) error {
	if !strings.HasPrefix(document, "[") {
		return errors.New("no keys")
	}
	return nil
}

// restart is a VM that died, or a new configuration: what it knew is gone, and
// its requests end.
func (p *proxy) restart(i int) {
	p.vms[i] = &vm{refresher: NewRefresher(p.source, usable, p.random.Uint64()), refused: map[string]bool{}, told: map[string]told{}}
	if err := p.vms[i].refresher.Load(p.shared); err != nil && p.shared != "garbage" {
		p.t.Fatalf("Load = %v", err)
	}
	for id, r := range p.requests {
		if r.vm == i {
			delete(p.requests, id)
		}
	}
}

// rotate publishes a new key beside or instead of the others.
func (p *proxy) rotate() {
	p.serial++
	if p.random.IntN(2) == 0 {
		p.published = nil
	}
	kid := fmt.Sprintf("k%d", p.serial)
	p.born[kid] = p.now
	p.published = append(p.published, kid)
	if len(p.published) > 3 {
		p.published = p.published[1:]
	}
	p.ages[p.document()] = p.serial
}

func (p *proxy) document() string { return `["` + strings.Join(p.published, `","`) + `"]` }

func has(document, kid string) bool { return strings.Contains(document, `"`+kid+`"`) }

// store is Envoy's compare and swap, with 99 for "there is nothing yet".
func (p *proxy) store(value []byte, cas uint32) bool {
	if p.shared != "" && cas != p.cas {
		return false
	}
	p.shared = string(value)
	p.cas++
	return true
}

func (p *proxy) casNow() uint32 {
	if p.shared == "" {
		return 1 << 31
	}
	return p.cas
}

// tick is a tick of one VM. cas may be from before another VM's turn.
func (p *proxy) tick(i int, cas uint32) {
	v := p.vms[i]
	before := v.refresher.Document(p.now)
	out, _ := v.refresher.Tick(p.now, p.shared)
	p.note(i, before)
	if out.Store != nil && p.store(out.Store, cas) {
		if n := len(p.starts); n > 0 && !p.free && p.now.Sub(p.starts[n-1].at) < p.source.lease() {
			p.t.Fatal("a fetch begins while another VM has the lease")
		}
		p.free = false
		p.starts = append(p.starts, start{p.now, out.ForUnknownKey})
		v.flying = append(v.flying, flight{out.Fetch, p.now, p.document()})
	}
	for _, w := range out.Resume {
		r := p.requests[w.Request]
		if r == nil {
			p.t.Fatalf("request %d is resumed, and does not wait", w.Request)
		}
		delete(p.requests, w.Request)
		p.decide(w.Request, r, w.WaitPolicy)
	}
	for _, r := range p.requests {
		if r.vm == i && !p.now.Before(r.since.Add(p.source.Wait)) {
			p.t.Fatalf("a request still waits after %s", p.now.Sub(r.since))
		}
	}
}

// note remembers what this VM has seen go.
func (p *proxy) note(i int, before string) {
	after := p.vms[i].refresher.Document(p.now)
	if after != "" && p.ages[after] < p.vms[i].latest {
		p.t.Fatalf("%s takes the place of a later document", after)
	}
	p.vms[i].latest = max(p.vms[i].latest, p.ages[after])
	for serial := range p.serial + 1 {
		if kid := fmt.Sprintf("k%d", serial); has(before, kid) && !has(after, kid) {
			p.vms[i].refused[kid] = true
		} else if has(after, kid) {
			delete(p.vms[i].refused, kid)
		}
	}
}

// decide is a request with a token of key r.kid, whose signature is genuine if
// there ever was such a key.
func (p *proxy) decide(id uint32, r *request, policy WaitPolicy) {
	v := p.vms[r.vm]
	document := v.refresher.Document(p.now)
	switch {
	case has(document, r.kid): // passes
		if v.refused[r.kid] {
			p.t.Fatalf("a token of %s passes after this VM saw it go", r.kid)
		}
		if age := p.now.Sub(v.refresher.entry.FetchedAt); age >= p.source.MaxStale {
			p.t.Fatalf("keys of age %s are in force", age)
		}
	case policy == Refreshed && document != "": // 401
		last, again := v.told[r.kid]
		again = again && last.document == document && p.now.Sub(last.at) < unknownFor
		// A look may end while the key is published, and be reported afterwards: what
		// counts is whether it was there before the request came, or before the keys were
		// requested, if they are fresh.
		before := r.since
		if v.refresher.entry.RequestedAt.Before(before) {
			before = r.since.Add(-p.source.Interval)
		}
		if !again && has(p.document(), r.kid) && !p.born[r.kid].After(before) {
			p.t.Fatalf("a token of %s, published, is told that its key does not exist", r.kid)
		}
		if !again {
			v.told[r.kid] = told{p.now, document}
		}
	case policy == MayWait:
		switch again := v.refresher.Wait(p.now, Waiter{id, r.kid, r.since}); again {
		case MayWait:
			p.requests[id] = r
		default:
			p.decide(id, r, again)
		}
	default: // 503
		if waited := p.now.Sub(r.since); waited < p.source.Wait && len(v.refresher.waiting) < maxWaiting && policy == NoWait {
			p.t.Fatalf("a request is given up after %s", waited)
		}
	}
}

// land brings the answer of the endpoint as it is now, or as it was not.
func (p *proxy) land(v *vm) {
	if len(v.flying) == 0 {
		return
	}
	f := v.flying[0]
	v.flying = v.flying[1:]
	a := Answer{Headers: [][2]string{{":status", "200"}}, Body: f.body}
	switch kind := p.random.IntN(12); {
	case p.down, kind == 0:
		a = Answer{}
	case kind == 1:
		a.Headers[0][1] = "500"
	case kind == 2:
		a.Body = "<html>"
	case kind == 3:
		a.Body = `{"keys":[]}`
	case kind == 4:
		a.Oversized = true
	}
	cas := p.casNow()
	out, o, err := v.refresher.HandleAnswer(p.now, p.shared, f.fetch, a)
	if (out.Store != nil) == errors.Is(err, errLate) {
		p.t.Fatalf("HandleAnswer = %v, %s, %v", out, o, err)
	}
	if out.Store != nil && !p.store(out.Store, cas) {
		p.t.Fatal("nobody else wrote, and the store failed")
	}
	p.free = p.free || out.Store != nil
}

// step makes one thing happen.
func (p *proxy) step() {
	p.now = p.now.Add(time.Duration(p.random.IntN(200)) * time.Millisecond)
	i := p.random.IntN(len(p.vms))
	switch p.random.IntN(40) {
	case 0:
		p.rotate()
	case 1:
		p.down = p.random.IntN(3) == 0
	case 2:
		if p.random.IntN(10) == 0 {
			p.restart(i)
		}
	case 3:
		if p.random.IntN(30) == 0 && p.shared != "" {
			p.shared, p.free = "garbage", true // another plugin's
			p.cas++
			for i := range p.starts {
				p.starts[i].wanted = false // nobody remembers when it was
			}
		}
	case 4:
		if p.random.IntN(20) == 0 {
			p.now = p.now.Add(time.Duration(p.random.IntN(100)) * time.Second) // the machine slept
		}
	case 5, 6, 7, 8, 9, 10:
		p.land(p.vms[i])
	case 11, 12, 13, 14, 15, 16, 17, 18:
		p.ask(i)
	case 19: // two VMs read the same entry, and one of them writes first
		cas := p.casNow()
		p.tick(i, cas)
		p.tick(p.random.IntN(len(p.vms)), cas)
	case 20: // a client gives up
		for id, r := range p.requests {
			p.vms[r.vm].refresher.Forget(id)
			delete(p.requests, id)
			break
		}
	default:
		p.tick(i, p.casNow())
	}
}

func (p *proxy) ask(i int) {
	p.next++
	kid := fmt.Sprintf("forged%d", p.random.IntN(1000))
	switch p.random.IntN(4) {
	case 0, 1:
		kid = p.published[p.random.IntN(len(p.published))]
	case 2:
		kid = fmt.Sprintf("k%d", 1+p.random.IntN(p.serial+1)) // the last is not published yet
	}
	p.decide(p.next, &request{kid, i, p.now}, MayWait)
}
