package driver

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/replay"
	"github.com/modelgate/modelgate/internal/version"
)

// Plugin is one configuration in one proxy, or in one VM of a proxy. Any thread may use it.
type Plugin struct {
	gate    *gate.Gate // nil refuses every request
	host    Host       // of the thread that calls Tick
	metrics *Metrics
	keys    atomic.Pointer[authn.Keys]
	admit   func(id replay.ID, now, until time.Time) replay.Verdict // nil if no nonces are remembered

	narrowings narrowings

	mu      sync.Mutex             // held while remotes are used, and threads
	threads []*Thread              // that have a worker of the plugin
	remotes map[string]*remoteKeys // by name of the issuer
}

// NewPlugin returns the plugin of a gate. It puts the published keys in force that others have
// fetched, and fetches none: the first Tick does. If the gate is nil, the plugin refuses every
// request. So do its metrics count nothing if they are nil.
func NewPlugin(host Host, m *Metrics, g *gate.Gate) (*Plugin, error) {
	p := &Plugin{gate: g, host: host, metrics: m}
	if g == nil {
		return p, nil
	}
	host.Log(Info, "model gate: version ", version.Number)
	if m != nil {
		if err := m.defineIssuers(host, g.Issuers()); err != nil {
			return nil, err
		}
	}
	if pages := g.NoncePages(); pages > 0 {
		p.admit = newNonces(host, pages).admit
	}
	return p, p.loadRemoteKeys()
}

// keysPeriod is how often each VM reads what other VMs have fetched. So it is also the longest
// time that a request waits for a key which another VM has already, and that a withdrawn key
// still verifies tokens.
const keysPeriod = 200 * time.Millisecond

// TickPeriod returns how often Tick is to be called; 0 is never.
func (p *Plugin) TickPeriod() time.Duration {
	switch {
	case p.gate == nil:
		return 0
	case len(p.remotes) > 0:
		return keysPeriod
	}
	return reportPeriod
}

// Tick reports what the threads have counted, and refreshes published keys. It is called by one
// thread only.
func (p *Plugin) Tick() {
	logPanic(p.host, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, t := range p.threads {
			t.tally.report(p.host, p.metrics)
		}
		now := p.host.Now()
		for _, r := range p.remotes {
			r.tick(now)
		}
	})
}

// loadRemoteKeys creates remoteKeys for each issuer that publishes its keys. It fetches
// nothing: while a plugin starts, the proxy may not have its clusters yet.
func (p *Plugin) loadRemoteKeys() error {
	p.keys.Store(p.gate.Keys())
	remotes := p.gate.Remotes()
	if len(remotes) == 0 {
		return nil
	}
	var random [8]byte
	rand.Read(random[:]) // never fails (crypto/rand)
	holder := binary.LittleEndian.Uint64(random[:])
	p.remotes = map[string]*remoteKeys{}
	now := p.host.Now()
	for _, remote := range remotes {
		r, err := newRemoteKeys(p, remote, holder)
		if err != nil {
			return err
		}
		p.remotes[remote.Name] = r
		raw, _, err := r.sharedEntry()
		if err != nil {
			return err
		}
		if err := r.refresher.Load(raw); err != nil {
			r.log(Error, err.Error())
		}
		r.install(now)
	}
	return nil
}

// Thread is what all plugins share on one thread of the proxy.
type Thread struct {
	host     Host
	waiting  gate.Waiting
	tally    tally
	reported int       // bytes of this thread that the metric waiting_bytes has
	free     []*Stream // ended streams that new requests use again, with their memory
}

// NewThread returns the state of a thread.
func NewThread(host Host) *Thread { return &Thread{host: host} }

// Worker is one plugin on one thread.
type Worker struct {
	*Plugin
	thread *Thread
	host   Host // the thread's
	cache  *gate.Cache
	verify Verify
	tallies
}

// Verify has the host verify a signature. If the host cannot, done is false.
type Verify func(k *authn.Key, signed, signature string) (ok, done bool)

// NewWorker returns the plugin's worker on a thread. verify may be nil.
func (p *Plugin) NewWorker(t *Thread, verify Verify) *Worker {
	w := &Worker{Plugin: p, thread: t, host: t.host, verify: verify}
	if p.gate != nil {
		w.cache = p.gate.NewCache() // nil if the configuration turns it off
		w.tallies = newTallies(&t.tally, p.gate)
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.metrics != nil {
			p.threads = append(p.threads, t)
		}
	}
	return w
}

// reportWaiting brings the metric waiting_bytes up to date.
func (w *Worker) reportWaiting() {
	t := w.thread
	change := t.waiting.Bytes() - t.reported
	if w.metrics == nil || change < reportStep && change > -reportStep && (t.waiting.Bytes() > 0 || change == 0) {
		return
	}
	t.reported += change
	add(w.host, w.metrics.waitingBytes, int64(change))
}

// logPanic calls f. It recovers a panic that belongs to no request, which would otherwise end
// the proxy or the VM, and logs it.
func logPanic(host Host, f func()) {
	defer func() {
		if r := recover(); r != nil {
			host.Log(Critical, "model gate: panic: ", PanicText(r))
		}
	}()
	f()
}

// PanicText returns the text of a recovered panic. It needs no fmt.
func PanicText(p any) string {
	switch p := p.(type) {
	case error:
		return p.Error()
	case string:
		return p
	}
	return "a value that is neither an error nor a string"
}
