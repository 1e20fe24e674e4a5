package driver

import (
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/version"
)

// The metrics. Envoy puts "wasmcustom." before each name of a Wasm plugin, and
// "dynamicmodulescustom." before each of a dynamic module. Its threads share one metric of a name.
//
//	modelgate.requests.<reason>     counter: decisions with this reason.Reason. A request whose
//	                                head was allowed and whose body, trailers or response is
//	                                then refused counts twice
//	modelgate.shadow.<reason>       counter: requests that passed because the rule is in shadow,
//	                                by the Reason that would refuse them
//	modelgate.issuers.<issuer>.<result>
//	                                counter: decisions about requests with this issuer's token;
//	                                result: allowed, shadow, 401, 403 or other
//	modelgate.token_cache.<result>  counter: tokens and API keys, by whether the gate remembered
//	                                them; result: hit or miss
//	modelgate.decision_cache.<result>
//	                                counter: the same for decisions about remembered tokens
//	modelgate.decision_microseconds.<token>
//	                                histogram: microseconds from the headers to the decision and
//	                                its edits, without what a request waits for; token: fresh,
//	                                for each request whose token had to be verified, or known,
//	                                for one in samplePeriod of the others
//	modelgate.build_info.<version>  gauge: 1 for the version that started last, 0 for those before
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
// In <issuer> each character other than an ASCII letter, digit or hyphen is '_'. The metrics of
// issuers and caches come by a tally: a request pays no call of the host for them.
// docs/metrics.md has all of them for readers.

// reportPeriod is how late the metrics of a tally may be: less than the time between two
// scrapes, and long enough to cost nothing.
const reportPeriod = 5 * time.Second

// samplePeriod is of how many requests with a known token the time of one is measured. Two calls
// of the host for each would cost some percent of what such a request takes.
const samplePeriod = 64

const (
	tokenCache    = "modelgate.token_cache."
	decisionCache = "modelgate.decision_cache."
	buildMetric   = "modelgate.build_info."
)

var lookupNames = [...]string{"miss", "hit"}

// Metrics are the metrics of the plugins of one proxy, or of one VM. The host returns a new
// number each time a metric is defined and may never forget one, so each is defined once. A nil
// Metrics counts nothing.
type Metrics struct {
	byReason       []Metric // indexed by reason.Reason
	shadowByReason []Metric // indexed by reason.Reason
	fallbacks      Metric   // verified_in_module
	waitingBytes   Metric
	fresh, known   Metric // decision_microseconds
	keys           map[string]*keyMetrics
	tallied        map[string]Metric // by name: what comes by tallies
}

// DefineMetrics defines the metrics of requests, all or none of them.
func DefineMetrics(host Host) (*Metrics, error) {
	d := definer{host: host}
	m := &Metrics{keys: map[string]*keyMetrics{}, tallied: map[string]Metric{}}
	for _, r := range reason.All() {
		m.byReason = append(m.byReason, d.counter("modelgate.requests."+r.String()))
		m.shadowByReason = append(m.shadowByReason, d.counter("modelgate.shadow."+r.String()))
	}
	m.fallbacks = d.counter("modelgate.verified_in_module")
	m.waitingBytes = d.gauge("modelgate.waiting_bytes")
	m.fresh = d.histogram("modelgate.decision_microseconds.fresh")
	m.known = d.histogram("modelgate.decision_microseconds.known")
	for _, found := range lookupNames {
		m.tallied[tokenCache+found] = d.counter(tokenCache + found)
		m.tallied[decisionCache+found] = d.counter(decisionCache + found)
	}
	d.tellVersion()
	if d.err != nil {
		return nil, d.err
	}
	return m, nil
}

// versionKey is the key in shared data of the version that started last.
const versionKey = "modelgate/version"

// tellVersion sets the gauge of this version, and clears that of the version before: a proxy
// that gets another module keeps the metrics of the old one.
func (d *definer) tellVersion() {
	before, _, err := d.host.SharedData(versionKey)
	if err == nil && string(before) != version.Number {
		logMetricError(d.host, d.host.Set(d.gauge(buildMetric+string(before)), 0))
	}
	if err = d.host.SetSharedData(versionKey, []byte(version.Number), 0); err != nil {
		logMetricError(d.host, err)
	}
	logMetricError(d.host, d.host.Set(d.gauge(buildMetric+version.Number), 1))
}

// definer defines metrics and keeps the first error.
type definer struct {
	host Host
	err  error
}

func (d *definer) counter(name string) Metric { return d.keep(d.host.Counter(name)) }
func (d *definer) gauge(name string) Metric   { return d.keep(d.host.Gauge(name)) }

func (d *definer) histogram(name string) Metric { return d.keep(d.host.Histogram(name)) }

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

// metricIssuer returns an issuer's name as it is in the names of metrics.
func metricIssuer(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_' // a dot would split the name of the metric
	}, name)
}

func issuerMetric(name string, result int) string {
	return "modelgate.issuers." + metricIssuer(name) + "." + resultNames[result]
}

// defineIssuers defines the metrics of each issuer, unless they are defined.
func (m *Metrics) defineIssuers(host Host, names []string) error {
	d := definer{host: host}
	for _, name := range names {
		for result := range results {
			metric := issuerMetric(name, result)
			if _, ok := m.tallied[metric]; !ok {
				m.tallied[metric] = d.counter(metric)
			}
		}
	}
	return d.err
}
