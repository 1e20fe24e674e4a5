package driver

import (
	"time"

	"github.com/modelgate/modelgate/internal/keys"
)

// keyMetrics are the metrics of one issuer's published keys.
type keyMetrics struct {
	age       Metric
	waiting   Metric
	refetches Metric
	outcomes  []Metric // indexed by keys.Outcome
}

// keyMetricsFor returns the metrics of an issuer, and defines them the first time.
func (m *Metrics) keyMetricsFor(host Host, issuer string) (*keyMetrics, error) {
	if k := m.keys[issuer]; k != nil {
		return k, nil
	}
	prefix := "modelgate.keys." + metricIssuer(issuer) + "."
	d := definer{host: host}
	k := &keyMetrics{
		age: d.gauge(prefix + "age_seconds"), waiting: d.gauge(prefix + "waiting"),
		refetches: d.counter(prefix + "refetch_unknown_kid"),
	}
	for _, o := range keys.Outcomes() {
		k.outcomes = append(k.outcomes, d.counter(prefix+"fetch."+o.String()))
	}
	if d.err != nil {
		return nil, d.err
	}
	m.keys[issuer] = k
	return k, nil
}

// addWaiting changes the number of waiting requests. Each thread adds its share.
func (m *keyMetrics) addWaiting(host Host, n int64) { add(host, m.waiting, n) }

// setAge sets the age. All VMs have the same key set, so each sets the same value.
func (m *keyMetrics) setAge(host Host, age time.Duration) {
	logMetricError(host, host.Set(m.age, uint64(max(0, age/time.Second))))
}
