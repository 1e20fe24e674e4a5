//go:build wasip1

package main

import (
	"strings"
	"time"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
)

// The metrics. Envoy puts "wasmcustom." before each name, and all its VMs share
// one metric of a name.
//
//	modelgate.<reason>              counter: decisions with this reason.Reason. A request whose
//	                                head was allowed and whose body, trailers or response is
//	                                then refused counts twice
//	modelgate.shadow.<reason>       counter: requests that passed because the rule is in shadow,
//	                                by the Reason that would refuse them
//	modelgate.verified_in_module    counter: signatures that the module verified because the
//	                                host cannot
//	modelgate.waiting_bytes         gauge: bytes that waiting requests hold, in all VMs: see
//	                                gate.Waiting. It is exact to 64 KiB for each VM
//	modelgate.keys.<issuer>.        of an issuer that publishes its keys:
//	  age_seconds                   gauge: seconds since the key set in force was fetched
//	  waiting                       gauge: requests that wait for a key, in all VMs
//	  refetch_unknown_kid           counter: fetches for a key ID that the key set lacks
//	  fetch.<outcome>               counter: finished fetches, by keys.Outcome
//
// In <issuer> each character other than an ASCII letter, digit or hyphen is '_'.

// vmMetrics are the metrics of one VM. The host returns a new id each time a
// metric is defined and never forgets one, so each VM defines each metric once.
type vmMetrics struct {
	byReason       []abi.Metric // indexed by reason.Reason
	shadowByReason []abi.Metric // indexed by reason.Reason
	fallbacks      abi.Metric   // verified_in_module
	waitingBytes   abi.Metric
	reported       int // bytes of this VM that waitingBytes has
	keys           map[string]*keyMetrics
}

// define defines the metrics of requests, all or none of them.
func (v *vmMetrics) define() error {
	if v.byReason != nil {
		return nil
	}
	var d definer
	var byReason, shadowByReason []abi.Metric
	for _, r := range reason.All() {
		byReason = append(byReason, d.counter("modelgate."+r.String()))
		shadowByReason = append(shadowByReason, d.counter("modelgate.shadow."+r.String()))
	}
	v.fallbacks = d.counter("modelgate.verified_in_module")
	v.waitingBytes = d.gauge("modelgate.waiting_bytes")
	v.keys = map[string]*keyMetrics{}
	if d.err == nil {
		v.byReason, v.shadowByReason = byReason, shadowByReason
	}
	return d.err
}

// definer defines metrics and keeps the first error.
type definer struct{ err error }

func (d *definer) counter(name string) abi.Metric { return d.keep(abi.Counter(name)) }
func (d *definer) gauge(name string) abi.Metric   { return d.keep(abi.Gauge(name)) }

func (d *definer) keep(m abi.Metric, err error) abi.Metric {
	if d.err == nil {
		d.err = err
	}
	return m
}

// add adds n to a metric. A failure is logged and changes no decision.
func add(m abi.Metric, n int64) { logMetricError(m.Add(n)) }

func logMetricError(err error) {
	if err != nil {
		abi.Log(abi.Error, "model gate: writing a metric: ", err.Error())
	}
}

// count adds 1 to the counter of a Reason. There are no counters if the plugin has
// never started.
func (v *vmMetrics) count(counters []abi.Metric, r reason.Reason) {
	if int(r) < len(counters) {
		add(counters[r], 1)
	}
}

// countForwarded counts a request that is forwarded. If the Reason refuses, the
// request passes because the rule is in shadow.
func (v *vmMetrics) countForwarded(r reason.Reason) {
	if r.Refuses() {
		v.count(v.shadowByReason, r)
		return
	}
	v.count(v.byReason, r)
}

// keyMetrics are the metrics of one issuer's published keys.
type keyMetrics struct {
	age       abi.Metric
	waiting   abi.Metric
	refetches abi.Metric
	outcomes  []abi.Metric // indexed by keys.Outcome
}

// keyMetricsFor returns the metrics of an issuer, and defines them the first time.
func (v *vmMetrics) keyMetricsFor(issuer string) (*keyMetrics, error) {
	if m := v.keys[issuer]; m != nil {
		return m, nil
	}
	prefix := "modelgate.keys." + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_' // a dot would split the name of the metric
	}, issuer) + "."
	var d definer
	m := &keyMetrics{
		age: d.gauge(prefix + "age_seconds"), waiting: d.gauge(prefix + "waiting"),
		refetches: d.counter(prefix + "refetch_unknown_kid"),
	}
	for _, o := range keys.Outcomes() {
		m.outcomes = append(m.outcomes, d.counter(prefix+"fetch."+o.String()))
	}
	if d.err != nil {
		return nil, d.err
	}
	v.keys[issuer] = m
	return m, nil
}

// addWaiting changes the number of waiting requests. Each VM adds its share.
func (m *keyMetrics) addWaiting(n int64) { add(m.waiting, n) }

// setAge sets the age. All VMs have the same key set, so each sets the same value.
func (m *keyMetrics) setAge(age time.Duration) {
	logMetricError(m.age.Set(uint64(max(0, age/time.Second))))
}
