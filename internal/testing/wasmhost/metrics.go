package wasmhost

import "sync"

// metricKind is the kind of a metric. The low bits of a metric's id have it, as in
// Envoy.
type metricKind uint32

const (
	counter metricKind = iota
	gauge
	histogram
	metricKinds
)

// Stats has the metrics by name. In Envoy the VMs of all workers share them. The zero
// value is empty and ready to use.
type Stats struct {
	mu     sync.Mutex
	byName [metricKinds]map[string]*uint64
}

// metrics are the metrics that one VM has defined. If it defines a name again, the
// metric gets another id.
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
	m.byID[id] = m.stats.metric(kind, name)
	return id
}

// metric returns the value of a metric, which is 0 when it is new.
func (t *Stats) metric(kind metricKind, name string) *uint64 {
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

// increment adds to a counter or a gauge. A gauge may also be lowered, and below zero
// it wraps around, as in Envoy.
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

// record sets a gauge or adds to a counter.
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
		*value = v // for a histogram, the latest value
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

// Counters returns the counters by name.
func (vm *VM) Counters() map[string]uint64 { return vm.options.Stats.values(counter) }

// Gauges returns the gauges by name.
func (vm *VM) Gauges() map[string]uint64 { return vm.options.Stats.values(gauge) }

// Histograms returns the latest value of each histogram by name.
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
