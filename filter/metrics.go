//go:build wasip1

package main

import (
	"strings"
	"time"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
)

// vmMetrics are what one VM counts. A host never forgets a metric and gives it a
// new number each time it is defined, so each is defined once.
type vmMetrics struct {
	counters  []abi.Metric          // by Reason
	shadows   []abi.Metric          // what would have been refused, by Reason
	fallbacks abi.Metric            // signatures that the host could not verify
	keys      map[string]*keyGauges // by issuer
}

// define makes a counter for each Reason, wasmcustom.modelgate.<reason> in Envoy,
// and one for what passed in shadow.
func (v *vmMetrics) define() error {
	if v.counters != nil {
		return nil
	}
	var d definer
	var counters, shadows []abi.Metric
	for _, r := range reason.All() {
		counters = append(counters, d.counter("modelgate."+r.String()))
		shadows = append(shadows, d.counter("modelgate.shadow."+r.String()))
	}
	v.fallbacks = d.counter("modelgate.verified_in_module")
	v.keys = map[string]*keyGauges{}
	if d.err == nil { // all or none
		v.counters, v.shadows = counters, shadows
	}
	return d.err
}

// definer keeps the first error.
type definer struct{ err error }

func (d *definer) counter(name string) abi.Metric { return d.keep(abi.Counter(name)) }
func (d *definer) gauge(name string) abi.Metric   { return d.keep(abi.Gauge(name)) }

func (d *definer) keep(m abi.Metric, err error) abi.Metric {
	if d.err == nil {
		d.err = err
	}
	return m
}

// add never changes a decision: what cannot be counted is logged.
func add(m abi.Metric, n int64) { noted(m.Add(n)) }

func noted(err error) {
	if err != nil {
		abi.Log(abi.Error, "model gate: metric: ", err.Error())
	}
}

func (v *vmMetrics) count(counters []abi.Metric, r reason.Reason) {
	if int(r) < len(counters) { // otherwise the plugin has never started
		add(counters[r], 1)
	}
}

// countPass counts a request that goes on. A Reason that refuses is one that
// would have refused it, were it not in shadow.
func (v *vmMetrics) countPass(r reason.Reason) {
	if r.Refuses() {
		v.count(v.shadows, r)
		return
	}
	v.count(v.counters, r)
}

// keyGauges are wasmcustom.modelgate.keys.<issuer>.*
type keyGauges struct {
	age       abi.Metric // seconds since the keys came
	waiting   abi.Metric // requests that wait for a key, in all VMs
	refetches abi.Metric
	outcomes  []abi.Metric // of fetches
}

// gaugesOf are those of an issuer; whatever its name has beside letters, digits
// and hyphens becomes '_', since a statistic's name has dots of its own.
func (v *vmMetrics) gaugesOf(issuer string) (*keyGauges, error) {
	if g := v.keys[issuer]; g != nil {
		return g, nil
	}
	prefix := "modelgate.keys." + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, issuer) + "."
	var d definer
	g := &keyGauges{
		age: d.gauge(prefix + "age_seconds"), waiting: d.gauge(prefix + "waiting"),
		refetches: d.counter(prefix + "refetch_unknown_kid"),
	}
	for _, o := range keys.Outcomes() {
		g.outcomes = append(g.outcomes, d.counter(prefix+"fetch."+o.String()))
	}
	if d.err != nil {
		return nil, d.err
	}
	v.keys[issuer] = g
	return g, nil
}

func (g *keyGauges) addWaiting(n int64) { add(g.waiting, n) }

// setAge writes the age in seconds. Each VM has the same to say of it, so it is
// set, not added to.
func (g *keyGauges) setAge(age time.Duration) { noted(g.age.Set(uint64(max(0, age/time.Second)))) }
