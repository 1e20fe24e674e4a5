package wasmhost

import "sync"

// metricKind is encoded in the low bits of a metric's id, as in Envoy.
type metricKind uint32

const (
	counter metricKind = iota
	gauge
	histogram
	metricKinds
)

// Stats are metrics by name, which in Envoy the VMs of all workers share. The
// zero value is empty and ready.
type Stats struct {
	mu     sync.Mutex
	byName [metricKinds]map[string]*uint64
}

// metrics are those that one VM has defined. Defining one again gives another
// id of the same metric.
type metrics struct {
	stats   *Stats
	defined uint32
	byID    map[uint32]*uint64
}

func (m *metrics) define(kind metricKind, name string) uint32 {
	if m.byID == nil {
		m.byID = map[uint32]*uint64{}
	}
	m.defined++
	id := m.defined<<2 | uint32(kind)
	m.byID[id] = m.stats.named(kind, name)
	return id
}

func (t *Stats) named(kind metricKind, name string) *uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byName[kind] == nil {
		t.byName[kind] = map[string]*uint64{}
	}
	value := t.byName[kind][name]
	if value == nil {
		value = new(uint64)
		t.byName[kind][name] = value
	}
	return value
}

// increment adds to a counter, or to a gauge, which may also be lowered. Envoy
// lets a gauge wrap around.
func (m *metrics) increment(id uint32, offset int64) Status {
	kind, value := metricKind(id&3), m.byID[id]
	switch {
	case kind >= histogram:
		return BadArgument
	case value == nil:
		return NotFound
	case kind == counter && offset <= 0:
		return BadArgument
	}
	m.stats.mu.Lock()
	defer m.stats.mu.Unlock()
	*value += uint64(offset)
	return OK
}

func (m *metrics) record(id uint32, v uint64) Status {
	value := m.byID[id]
	if value == nil {
		return NotFound
	}
	m.stats.mu.Lock()
	defer m.stats.mu.Unlock()
	if metricKind(id&3) == counter {
		*value += v
	} else {
		*value = v // of a histogram the latest is kept
	}
	return OK
}

func (m *metrics) get(id uint32) (uint64, Status) {
	value := m.byID[id]
	switch {
	case metricKind(id&3) >= histogram:
		return 0, BadArgument
	case value == nil:
		return 0, NotFound
	}
	m.stats.mu.Lock()
	defer m.stats.mu.Unlock()
	return *value, OK
}

// Counters are the counters by name.
func (vm *VM) Counters() map[string]uint64 { return vm.options.Stats.values(counter) }

// Gauges are the gauges by name.
func (vm *VM) Gauges() map[string]uint64 { return vm.options.Stats.values(gauge) }

// Histograms are the latest records of the histograms by name.
func (vm *VM) Histograms() map[string]uint64 { return vm.options.Stats.values(histogram) }

func (t *Stats) values(kind metricKind) map[string]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	values := map[string]uint64{}
	for name, value := range t.byName[kind] {
		values[name] = *value
	}
	return values
}
