package driver

import (
	"encoding/hex"
	"math"
	"strconv"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/keys"
)

// remoteKeys fetches and shares the key set that one issuer publishes, in this
// plugin. It performs what keys.Refresher decides: the Refresher knows the schedule, and
// remoteKeys knows the host.
type remoteKeys struct {
	plugin    *Plugin
	remote    authn.Remote
	refresher *keys.Refresher
	document  string           // the key set in force
	waiting   map[uint32]Waker // requests that wait for a key, by ticket
	metrics   *keyMetrics
	dataKey   string // of the entry in shared data
}

func newRemoteKeys(p *Plugin, r authn.Remote, holder uint64) (*remoteKeys, error) {
	metrics, err := p.metrics.keyMetricsFor(p.host, r.Name)
	return &remoteKeys{
		plugin: p, remote: r, waiting: map[uint32]Waker{}, metrics: metrics,
		refresher: keys.NewRefresher(r.Source, r.CheckKeys, holder),
		dataKey:   "modelgate/keys/" + hex.EncodeToString([]byte(r.Source.ID)),
	}, err
}

// sharedEntry returns the entry in shared data and its version. If there is no
// entry, cas is a version that no entry has: Envoy accepts any version where there
// is no entry, and rejects this one as soon as there is one, so only one VM creates
// the entry.
func (r *remoteKeys) sharedEntry() (raw string, cas uint32, err error) {
	b, cas, err := r.plugin.host.SharedData(r.dataKey)
	if err == ErrNotFound {
		return "", math.MaxUint32, nil
	}
	return string(b), cas, err
}

// tick takes over what other VMs have fetched, begins a fetch if one is due, and
// collects the requests that wait no longer.
func (r *remoteKeys) tick(now time.Time) {
	raw, cas, err := r.sharedEntry()
	if err != nil {
		r.log(Critical, "reading shared data: ", err.Error())
		return
	}
	effects, err := r.refresher.Tick(now, raw)
	if err != nil {
		r.log(Error, err.Error())
	}
	r.install(now)
	if effects.Store != nil && r.plugin.host.SetSharedData(r.dataKey, effects.Store, cas) == nil {
		if effects.ForUnknownKey {
			add(r.plugin.host, r.metrics.refetches, 1)
		}
		r.beginFetch(effects.Fetch)
	}
	r.wake(effects.Resume)
	if age, ok := r.refresher.Age(now); ok {
		r.metrics.setAge(r.plugin.host, age)
	}
}

// install puts the refresher's present key set in force, or removes one that is too
// old.
func (r *remoteKeys) install(now time.Time) {
	if document := r.refresher.Document(now); document != r.document {
		r.document = document
		r.plugin.keys.Store(r.plugin.keys.Load().With(r.remote, document))
		r.log(Info, "a key set of ", strconv.Itoa(len(document)), " bytes is in force")
		r.logSkipped(document)
	}
}

// maxSkipped bounds the lines of the log for one key set.
const maxSkipped = 10

// logSkipped logs which keys of a document serve nothing, and why, as modelgate keys says it.
func (r *remoteKeys) logSkipped(document string) {
	lines := 0
	for _, n := range r.remote.Notes(document) {
		if n.Why == "" || lines == maxSkipped {
			continue
		}
		lines++
		r.log(Info, "kid ", strconv.Quote(n.ID[:min(len(n.ID), 64)]), " is skipped: ", strconv.Quote(n.Why[:min(len(n.Why), 200)]))
	}
}

// acceptedTypes has RFC 7517's own media type: for application/json alone, Kubernetes' API
// server has no key set, and answers 406 (pkg/routes/openidmetadata.go).
const acceptedTypes = "application/json, application/jwk-set+json, */*;q=0.1"

// beginFetch begins a fetch. The host makes it for the plugin, never for a request,
// which could end before the response comes.
func (r *remoteKeys) beginFetch(f *keys.Fetch) {
	headers := [][2]string{
		{":method", "GET"}, {":scheme", f.Scheme}, {":authority", f.Authority}, {":path", f.Path},
		{"accept", acceptedTypes}, {"user-agent", "modelgate"},
	}
	headers = append(headers, f.Headers...)
	source := r.remote.Source
	err := r.plugin.host.Fetch(f.Cluster, headers, source.Timeout, source.MaxDocument(), func(a keys.Answer) {
		logPanic(r.plugin.host, func() {
			r.plugin.mu.Lock()
			defer r.plugin.mu.Unlock()
			r.finishFetch(f, a)
		})
	})
	if err != nil {
		r.log(Error, "calling the cluster ", f.Cluster, ": ", err.Error())
		r.finishFetch(f, keys.Answer{})
	}
}

// finishFetch passes the response to the refresher, and shares the result with the
// other VMs.
func (r *remoteKeys) finishFetch(f *keys.Fetch, a keys.Answer) {
	now := r.plugin.host.Now()
	raw, cas, err := r.sharedEntry()
	if err != nil {
		r.log(Critical, "reading shared data: ", err.Error())
		return // the lease expires, and another fetch begins
	}
	effects, outcome, err := r.refresher.HandleAnswer(now, raw, f, a)
	switch {
	case effects.Fetch != nil:
		r.beginFetch(effects.Fetch)
		return
	case effects.Store == nil:
		r.log(Warn, err.Error())
		return
	case err != nil:
		r.log(Error, outcome.String(), ": ", err.Error())
	}
	add(r.plugin.host, r.metrics.outcomes[outcome], 1)
	if err := r.plugin.host.SetSharedData(r.dataKey, effects.Store, cas); err != nil {
		r.log(Error, "writing shared data: ", err.Error())
		return
	}
	r.tick(now)
}

func (r *remoteKeys) log(level Level, parts ...string) {
	r.plugin.host.Log(level, append([]string{"model gate: keys of ", r.remote.Name, ": "}, parts...)...)
}
