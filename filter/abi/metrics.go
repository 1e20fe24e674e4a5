//go:build wasip1

package abi

// Metric is the id of a metric of the host. A host never forgets a metric, and
// returns a new id each time the same name is defined.
type Metric uint32

// Counter defines a counter, which only grows.
func Counter(name string) (Metric, error) { return define(0, name) }

// Gauge defines a gauge, which can be set to any value.
func Gauge(name string) (Metric, error) { return define(1, name) }

// Histogram defines a histogram, to which values are added.
func Histogram(name string) (Metric, error) { return define(2, name) }

func define(kind uint32, name string) (Metric, error) {
	s := proxyDefineMetric(kind, strPtr(name), strLen(name), &outParams.n)
	return Metric(outParams.n), s.err()
}

// Add adds n. For a counter Envoy accepts no n below 1.
func (m Metric) Add(n int64) error { return proxyIncrementMetric(uint32(m), n).err() }

// Set sets a gauge, or adds a value to a histogram.
func (m Metric) Set(n uint64) error { return proxyRecordMetric(uint32(m), n).err() }
