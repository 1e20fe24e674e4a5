//go:build wasip1

package abi

// Metric is a number of the host's. A host never forgets one and numbers it anew
// each time it is defined.
type Metric uint32

// Counter defines one that only grows.
func Counter(name string) (Metric, error) { return define(0, name) }

// Gauge defines one that goes up and down.
func Gauge(name string) (Metric, error) { return define(1, name) }

func define(kind uint32, name string) (Metric, error) {
	s := proxyDefineMetric(kind, first(name), length(name), &out.n)
	return Metric(out.n), s.err()
}

// Add adds. Envoy takes nothing below 1 for a counter.
func (m Metric) Add(n int64) error { return proxyIncrementMetric(uint32(m), n).err() }

// Set sets a gauge.
func (m Metric) Set(n uint64) error { return proxyRecordMetric(uint32(m), n).err() }
