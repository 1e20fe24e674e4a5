package driver

import (
	"sync"
	"sync/atomic"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// tally is what a thread has counted. To count costs a request an addition and no call of the
// host: each Tick hands the sums over. So the proxy has them reportPeriod late at most. The
// configurations of a thread share its tally, and nothing is lost when one takes another's place.
type tally struct {
	mu     sync.Mutex
	counts map[string]*count // by the name of the metric
}

// count is one number of a tally.
type count struct {
	n        atomic.Uint64 // written by the tally's thread only
	reported uint64        // of n, to the proxy; under tally.mu
}

func (c *count) add() { c.n.Store(c.n.Load() + 1) }

// count returns the number with the name of a metric.
func (t *tally) count(name string) *count {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.counts[name]
	if c == nil {
		c = &count{}
		if t.counts == nil {
			t.counts = map[string]*count{}
		}
		t.counts[name] = c
	}
	return c
}

// report adds what is new to the metrics. What a configuration has no metric for is left to one
// that has.
func (t *tally) report(host Host, m *Metrics) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, c := range t.counts {
		n := c.n.Load()
		if metric, ok := m.tallied[name]; ok && n > c.reported { // a proxy takes no addition of 0
			add(host, metric, int64(n-c.reported))
			c.reported = n
		}
	}
}

// tallies are the numbers that a worker counts.
type tallies struct {
	tokens, decisions [2]*count // what the caches had not, and had
	byIssuer          map[string]*issuerCounts
	latest            *issuerCounts // of the issuer whose token came last
	samples           int           // requests since the last one whose time was taken
}

// issuerCounts are the decisions of requests with an issuer's token, by the results.
type issuerCounts struct {
	issuer string
	counts [results]*count
}

// The results of decisions, for the metric of issuers.
const (
	resultAllowed = iota
	resultShadow
	result401
	result403
	resultOther
	results
)

var resultNames = [results]string{"allowed", "shadow", "401", "403", "other"}

func resultOf(why reason.Reason, forwarded bool) int {
	switch status := why.HTTP(); {
	case !why.Refuses():
		return resultAllowed
	case forwarded:
		return resultShadow
	case status == 401:
		return result401
	case status == 403:
		return result403
	}
	return resultOther
}

// newTallies returns the numbers of a gate's worker on a thread.
func newTallies(t *tally, g *gate.Gate) tallies {
	w := tallies{byIssuer: map[string]*issuerCounts{}}
	for i, result := range lookupNames {
		w.tokens[i] = t.count(tokenCache + result)
		w.decisions[i] = t.count(decisionCache + result)
	}
	for _, name := range g.Issuers() {
		c := &issuerCounts{issuer: name}
		for result := range c.counts {
			c.counts[result] = t.count(issuerMetric(name, result))
		}
		w.byIssuer[name] = c
	}
	return w
}

// countFound counts what the caches had for a request.
func (w *tallies) countFound(f gate.Found) {
	if f.Token != authn.NotLooked {
		w.tokens[f.Token-authn.Miss].add()
	}
	if f.Decision != authn.NotLooked {
		w.decisions[f.Decision-authn.Miss].add()
	}
}

// countIssuer counts a decision about a request with an issuer's token.
func (w *tallies) countIssuer(issuer string, result int) {
	c := w.latest
	if c == nil || c.issuer != issuer {
		if c = w.byIssuer[issuer]; c == nil {
			return
		}
		w.latest = c
	}
	c.counts[result].add()
}

// takesTime reports whether the time of a request is to be measured: of each whose token had to
// be verified, which takes far longer than two calls of the host, and of few others.
func (w *tallies) takesTime(f gate.Found) bool {
	if f.Token == authn.Miss {
		return true
	}
	if w.samples++; w.samples < samplePeriod {
		return false
	}
	w.samples = 0
	return true
}
