package driver_test

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/modelgate/modelgate/filter/driver"
	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// process is a host in memory. All its threads use it.
type process struct {
	started time.Time
	speed   time.Duration      // of its clock
	answer  func() keys.Answer // to each Fetch

	mu      sync.Mutex
	data    map[string]entry
	names   []string // of the metrics
	metrics map[string]int64
	lines   []string
	fetched []func() // what a Fetch has to call
}

type entry struct {
	value   []byte
	version uint32
}

func newProcess() *process {
	return &process{started: time.Now(), speed: 1, data: map[string]entry{}, metrics: map[string]int64{}}
}

func (p *process) Now() time.Time { return p.started.Add(p.speed * time.Since(p.started)) }

func (p *process) Log(level driver.Level, parts ...string) {
	if level < driver.Error {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	line := ""
	for _, part := range parts {
		line += part
	}
	p.lines = append(p.lines, line)
}

func (p *process) SharedData(key string) ([]byte, uint32, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.data[key]
	if !ok {
		return nil, 0, driver.ErrNotFound
	}
	return slices.Clone(e.value), e.version, nil
}

func (p *process) SetSharedData(key string, value []byte, version uint32) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.data[key]
	if ok && version != 0 && version != e.version {
		return driver.ErrConflict
	}
	p.data[key] = entry{slices.Clone(value), e.version + 1}
	return nil
}

func (p *process) Fetch(_ string, _ [][2]string, _ time.Duration, _ int, done func(keys.Answer)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fetched = append(p.fetched, func() { done(p.answer()) })
	return nil
}

// finishFetches answers what has been fetched, on the caller's thread.
func (p *process) finishFetches() {
	p.mu.Lock()
	fetched := p.fetched
	p.fetched = nil
	p.mu.Unlock()
	for _, f := range fetched {
		f()
	}
}

func (p *process) Counter(name string) (driver.Metric, error) { return p.define(name) }
func (p *process) Gauge(name string) (driver.Metric, error)   { return p.define(name) }

func (p *process) Histogram(name string) (driver.Metric, error) { return p.define(name) }

func (p *process) define(name string) (driver.Metric, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.names, name); i >= 0 {
		return driver.Metric(i), nil
	}
	p.names = append(p.names, name)
	return driver.Metric(len(p.names) - 1), nil
}

func (p *process) Add(m driver.Metric, n int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.metrics[p.names[m]] += n
	return nil
}

func (p *process) Set(m driver.Metric, n uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.metrics[p.names[m]] = int64(n)
	return nil
}

// Record counts the values of a histogram.
func (p *process) Record(m driver.Metric, _ uint64) error { return p.Add(m, 1) }

func (p *process) metric(name string) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.metrics[name]
}

func (p *process) allMetrics() map[string]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.metrics)
}

// request is a request in memory, with its response.
type request struct {
	corpus.Request
	pairs    [][2]string
	bodies   [2][]byte
	answered *gate.Reply
	woken    chan uint64
}

func newRequest(r corpus.Request) *request {
	return &request{Request: r, pairs: r.Pairs(), woken: make(chan uint64, 1)}
}

func (r *request) Headers(m driver.Map, most int) ([][2]string, error) {
	all := [][][2]string{r.pairs, r.Trailers, r.ReplyPairs()}[m]
	return all[:min(most, len(all))], nil
}

func (r *request) Edit(m driver.Map, e *gate.Edit) error {
	if m == driver.RequestHeaders {
		r.pairs = corpus.Apply(r.pairs, e)
	}
	return nil
}

func (r *request) Peer(authn.PeerNeeds) (authn.Peer, error) { return r.Request.Peer, nil }

func (r *request) Chunk(b driver.Buffer, start, size int) ([]byte, error) {
	return r.Bytes(b, start, min(size, 7)) // a host's pieces may be short
}

func (r *request) Bytes(b driver.Buffer, start, size int) ([]byte, error) {
	return r.bodies[b][start : start+size], nil
}

func (r *request) Replace(b driver.Buffer, content []byte) error {
	r.bodies[b] = slices.Clone(content)
	return nil
}

func (r *request) Prepend(b driver.Buffer, content []byte) error {
	r.bodies[b] = slices.Concat(content, r.bodies[b])
	return nil
}

func (r *request) Reply(reply gate.Reply) error {
	r.answered = &reply
	return nil
}

func (r *request) Waker(*driver.Stream) driver.Waker { return r }

func (r *request) WakeSoon(_ *driver.Stream, event uint64) { r.Wake(event) }

func (r *request) Wake(event uint64) { r.woken <- event }
func (r *request) Drop()             {}

// addAllowed counts a request whose client went away while it waited as one that was allowed.
func (p *process) addAllowed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.metrics["modelgate.requests.allowed"]++
}
