//go:build wasip1

package main

import (
	"time"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/filter/driver"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
)

// host is the Proxy-Wasm host, for one plugin.
type host struct {
	calls map[uint32]call // open HTTP calls, by their id
}

// call is an HTTP call that is open.
type call struct {
	limit int // of the body
	done  func(keys.Answer)
}

func (h *host) Now() time.Time { return hostTime() }

// hostTime returns the host's wall clock. The VMs of a proxy compare these times
// with each other; each VM's own monotonic clock would not serve for that.
func hostTime() time.Time {
	now, err := abi.Now()
	if err != nil {
		panic(err)
	}
	return time.Unix(0, now)
}

func (h *host) Log(level driver.Level, parts ...string) { abi.Log(abi.Info+abi.Level(level), parts...) }

func (h *host) SharedData(key string) (value []byte, version uint32, err error) {
	value, version, err = abi.SharedData(key)
	if err == abi.NotFound {
		err = driver.ErrNotFound
	}
	return value, version, err
}

func (h *host) SetSharedData(key string, value []byte, version uint32) error {
	err := abi.SetSharedData(key, value, version)
	if err == abi.CasMismatch {
		return driver.ErrConflict
	}
	return err
}

func (h *host) Fetch(cluster string, headers [][2]string, timeout time.Duration, limit int, done func(keys.Answer)) error {
	id, err := abi.HTTPCall(cluster, headers, uint32(timeout.Milliseconds()))
	if err != nil {
		return err
	}
	if h.calls == nil {
		h.calls = map[uint32]call{}
	}
	h.calls[id] = call{limit, done}
	return nil
}

// callResponse reads the response to an HTTP call. Its body has size bytes.
func (h *host) callResponse(id uint32, size int) {
	c, ok := h.calls[id]
	if !ok {
		return
	}
	delete(h.calls, id)
	var a keys.Answer
	a.Headers, _ = abi.CallHeaders.Pairs()
	if a.Oversized = size > c.limit; !a.Oversized && size > 0 {
		body, err := abi.CallBody.Bytes(0, size)
		if err != nil {
			a.Headers = nil
		}
		a.Body = string(body)
	}
	abi.KeepResults() // some of the headers are kept
	c.done(a)
}

func (h *host) Counter(name string) (driver.Metric, error) {
	m, err := abi.Counter(name)
	return driver.Metric(m), err
}

func (h *host) Gauge(name string) (driver.Metric, error) {
	m, err := abi.Gauge(name)
	return driver.Metric(m), err
}

func (h *host) Histogram(name string) (driver.Metric, error) {
	m, err := abi.Histogram(name)
	return driver.Metric(m), err
}

func (h *host) Add(m driver.Metric, n int64) error  { return abi.Metric(m).Add(n) }
func (h *host) Set(m driver.Metric, n uint64) error { return abi.Metric(m).Set(n) }

func (h *host) Record(m driver.Metric, value uint64) error { return abi.Metric(m).Set(value) }

// request is the host's side of the stream that the present callback is about.
type request struct{ plugin *plugin }

var (
	maps    = [...]abi.Map{abi.RequestHeaders, abi.RequestTrailers, abi.ResponseHeaders}
	buffers = [...]abi.Buffer{abi.RequestBody, abi.ResponseBody}
)

func (request) Headers(m driver.Map, most int) ([][2]string, error) { return maps[m].FirstPairs(most) }

func (request) Edit(m driver.Map, e *gate.Edit) error {
	for _, name := range e.Remove {
		if err := maps[m].Remove(name); err != nil {
			return err
		}
	}
	for i := range e.Set {
		if err := maps[m].Replace(e.Set[i][0], e.Set[i][1]); err != nil {
			return err
		}
	}
	return nil
}

func (request) Chunk(b driver.Buffer, start, size int) ([]byte, error) {
	return buffers[b].Chunk(start, size)
}

func (request) Bytes(b driver.Buffer, start, size int) ([]byte, error) {
	return buffers[b].Bytes(start, size)
}

func (request) Replace(b driver.Buffer, content []byte) error { return buffers[b].Replace(content) }
func (request) Prepend(b driver.Buffer, content []byte) error { return buffers[b].Prepend(content) }

func (request) Reply(r gate.Reply) error {
	reply := abi.Reply(r)
	return reply.Send()
}

func (r request) Waker(s *driver.Stream) driver.Waker { return waker{r.plugin, s.ID} }

// WakeSoon: the next tick comes soon.
func (r request) WakeSoon(s *driver.Stream, event uint64) { r.Waker(s).Wake(event) }
