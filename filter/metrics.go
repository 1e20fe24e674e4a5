//go:build wasip1

package main

import (
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
)

// vmMetrics are what one VM counts. A host never forgets a metric and gives it a
// new number each time it is defined, so each is defined once.
type vmMetrics struct {
	counters  []proxywasm.MetricCounter // by Reason
	shadows   []proxywasm.MetricCounter // what would have been refused, by Reason
	fallbacks proxywasm.MetricCounter   // signatures that the host could not verify
	keys      map[string]*keyGauges     // by issuer
}

// define makes a counter for each Reason, wasmcustom.modelgate.<reason> in Envoy,
// and one for what passed in shadow.
func (v *vmMetrics) define() {
	if v.counters != nil {
		return
	}
	var counters, shadows []proxywasm.MetricCounter
	for _, r := range reason.All() {
		counters = append(counters, proxywasm.DefineCounterMetric("modelgate."+r.String()))
		shadows = append(shadows, proxywasm.DefineCounterMetric("modelgate.shadow."+r.String()))
	}
	v.fallbacks = proxywasm.DefineCounterMetric("modelgate.verified_in_module")
	v.keys = map[string]*keyGauges{}
	v.counters, v.shadows = counters, shadows // all or none: a definition that fails panics
}

// safely never changes a decision: what cannot be counted is logged.
func (v *vmMetrics) safely(count func()) {
	defer func() {
		if p := recover(); p != nil {
			proxywasm.LogErrorf("model gate: metric: %v", p)
		}
	}()
	count()
}

func (v *vmMetrics) count(counters []proxywasm.MetricCounter, r reason.Reason) {
	v.safely(func() { counters[r].Increment(1) })
}

// countPass counts a request that goes on. A Reason that refuses is one that
// would have refused it, were it not in shadow.
func (v *vmMetrics) countPass(r reason.Reason) {
	if r < reason.Exempt {
		v.count(v.shadows, r)
		return
	}
	v.count(v.counters, r)
}

// keyGauges are wasmcustom.modelgate.keys.<issuer>.*
type keyGauges struct {
	vm        *vmMetrics
	age       proxywasm.MetricGauge // seconds since the keys came
	waiting   proxywasm.MetricGauge // requests that wait for a key, in all VMs
	refetches proxywasm.MetricCounter
	outcomes  []proxywasm.MetricCounter // of fetches
}

// gaugesOf are those of an issuer; whatever its name has beside letters, digits
// and hyphens becomes '_', since a statistic's name has dots of its own.
func (v *vmMetrics) gaugesOf(issuer string) *keyGauges {
	if g := v.keys[issuer]; g != nil {
		return g
	}
	prefix := "modelgate.keys." + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, issuer) + "."
	g := &keyGauges{
		vm:        v,
		age:       proxywasm.DefineGaugeMetric(prefix + "age_seconds"),
		waiting:   proxywasm.DefineGaugeMetric(prefix + "waiting"),
		refetches: proxywasm.DefineCounterMetric(prefix + "refetch_unknown_kid"),
	}
	for _, o := range keys.Outcomes() {
		g.outcomes = append(g.outcomes, proxywasm.DefineCounterMetric(prefix+"fetch."+o.String()))
	}
	v.keys[issuer] = g
	return g
}

func (g *keyGauges) addWaiting(n int64) { g.vm.safely(func() { g.waiting.Add(n) }) }

// setAge writes the age in seconds. Each VM has the same to say of it, so it is
// set, not added to: proxy_record_metric does that to a gauge, for which the SDK
// has no name but that of histograms.
func (g *keyGauges) setAge(age time.Duration) {
	g.vm.safely(func() { proxywasm.MetricHistogram(g.age).Record(uint64(max(0, age/time.Second))) })
}
