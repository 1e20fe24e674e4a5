package wasmhost

// metricKind is encoded in the low bits of a metric's id, as in Envoy.
type metricKind uint32

const (
	counter metricKind = iota
	gauge
	histogram
	metricKinds
)

// metrics are those of one VM. Defining one again gives another id of the same
// metric.
type metrics struct {
	defined uint32
	byID    map[uint32]*uint64
	byName  [metricKinds]map[string]*uint64
}

func (m *metrics) define(kind metricKind, name string) uint32 {
	if m.byID == nil {
		m.byID = map[uint32]*uint64{}
	}
	if m.byName[kind] == nil {
		m.byName[kind] = map[string]*uint64{}
	}
	value := m.byName[kind][name]
	if value == nil {
		value = new(uint64)
		m.byName[kind][name] = value
	}
	m.defined++
	id := m.defined<<2 | uint32(kind)
	m.byID[id] = value
	return id
}

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
	*value += uint64(offset)
	return OK
}

func (m *metrics) record(id uint32, v uint64) Status {
	value := m.byID[id]
	switch {
	case value == nil:
		return NotFound
	case metricKind(id&3) == counter:
		*value += v
	default:
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
	return *value, OK
}

// Counters are the counters by name.
func (vm *VM) Counters() map[string]uint64 { return vm.metrics.values(counter) }

// Gauges are the gauges by name.
func (vm *VM) Gauges() map[string]uint64 { return vm.metrics.values(gauge) }

// Histograms are the latest records of the histograms by name.
func (vm *VM) Histograms() map[string]uint64 { return vm.metrics.values(histogram) }

func (m *metrics) values(kind metricKind) map[string]uint64 {
	values := map[string]uint64{}
	for name, value := range m.byName[kind] {
		values[name] = *value
	}
	return values
}
