package driver

import (
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
)

// The metrics. Envoy puts "wasmcustom." before each name of a Wasm plugin, and
// "dynamicmodulescustom." before each of a dynamic module. Its threads share one metric of a name.
//
//	modelgate.<reason>              counter: decisions with this reason.Reason. A request whose
//	                                head was allowed and whose body, trailers or response is
//	                                then refused counts twice
//	modelgate.shadow.<reason>       counter: requests that passed because the rule is in shadow,
//	                                by the Reason that would refuse them
//	modelgate.verified_in_module    counter: signatures that the module verified because the
//	                                host cannot
//	modelgate.waiting_bytes         gauge: bytes that waiting requests hold, on all threads:
//	                                see gate.Waiting. It is exact to 64 KiB for each thread
//	modelgate.keys.<issuer>.        of an issuer that publishes its keys:
//	  age_seconds                   gauge: seconds since the key set in force was fetched
//	  waiting                       gauge: requests that wait for a key, on all threads
//	  refetch_unknown_kid           counter: fetches for a key ID that the key set lacks
//	  fetch.<outcome>               counter: finished fetches, by keys.Outcome
//
// In <issuer> each character other than an ASCII letter, digit or hyphen is '_'.

// Metrics are the metrics of the plugins of one proxy, or of one VM. The host returns a new
// number each time a metric is defined and may never forget one, so each is defined once. A nil
// Metrics counts nothing.
type Metrics struct {
	byReason       []Metric // indexed by reason.Reason
	shadowByReason []Metric // indexed by reason.Reason
	fallbacks      Metric   // verified_in_module
	waitingBytes   Metric
	keys           map[string]*keyMetrics
}

// DefineMetrics defines the metrics of requests, all or none of them.
func DefineMetrics(host Host) (*Metrics, error) {
	d := definer{host: host}
	m := &Metrics{keys: map[string]*keyMetrics{}}
	for _, r := range reason.All() {
		m.byReason = append(m.byReason, d.counter("modelgate."+r.String()))
		m.shadowByReason = append(m.shadowByReason, d.counter("modelgate.shadow."+r.String()))
	}
	m.fallbacks = d.counter("modelgate.verified_in_module")
	m.waitingBytes = d.gauge("modelgate.waiting_bytes")
	if d.err != nil {
		return nil, d.err
	}
	return m, nil
}

// definer defines metrics and keeps the first error.
type definer struct {
	host Host
	err  error
}

func (d *definer) counter(name string) Metric { return d.keep(d.host.Counter(name)) }
func (d *definer) gauge(name string) Metric   { return d.keep(d.host.Gauge(name)) }

func (d *definer) keep(m Metric, err error) Metric {
	if d.err == nil {
		d.err = err
	}
	return m
}

// add adds n to a metric. A failure is logged and changes no decision.
func add(host Host, m Metric, n int64) { logMetricError(host, host.Add(m, n)) }

func logMetricError(host Host, err error) {
	if err != nil {
		host.Log(Error, "model gate: writing a metric: ", err.Error())
	}
}

// countReason counts a request that is refused, or allowed.
func (m *Metrics) countReason(host Host, r reason.Reason) {
	if m != nil && int(r) < len(m.byReason) {
		add(host, m.byReason[r], 1)
	}
}

// countForwarded counts a request that is forwarded. If the Reason refuses, the
// request passes because the rule is in shadow.
func (m *Metrics) countForwarded(host Host, r reason.Reason) {
	if !r.Refuses() {
		m.countReason(host, r)
	} else if m != nil && int(r) < len(m.shadowByReason) {
		add(host, m.shadowByReason[r], 1)
	}
}

// CountFallback counts a signature that the module verified because the host cannot.
func (m *Metrics) CountFallback(host Host) { add(host, m.fallbacks, 1) }

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
	prefix := "modelgate.keys." + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_' // a dot would split the name of the metric
	}, issuer) + "."
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
