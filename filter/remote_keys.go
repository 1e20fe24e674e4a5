//go:build wasip1

package main

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"time"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
)

// remoteKeys fetches and shares the key set that one issuer publishes, in this VM.
// It performs what keys.Refresher decides: the Refresher knows the schedule, and
// remoteKeys knows the host.
type remoteKeys struct {
	plugin    *plugin
	remote    authn.Remote
	refresher *keys.Refresher
	document  string             // the key set in force
	waiting   map[uint32]*stream // requests that wait for a key, by context
	metrics   *keyMetrics
	dataKey   string // of the entry in shared data
}

func newRemoteKeys(p *plugin, r authn.Remote, holder uint64) (*remoteKeys, error) {
	metrics, err := p.vm.keyMetricsFor(r.Name)
	return &remoteKeys{
		plugin: p, remote: r, waiting: map[uint32]*stream{}, metrics: metrics,
		refresher: keys.NewRefresher(r.Source, r.CheckKeys, holder),
		dataKey:   "modelgate/keys/" + hex.EncodeToString([]byte(r.Source.ID)),
	}, err
}

// loadRemoteKeys creates remoteKeys for each issuer that publishes its keys, and
// puts in force what other VMs have fetched. It fetches nothing: while a plugin
// starts, the host may not have its clusters yet. The first tick fetches.
func (p *plugin) loadRemoteKeys(g *gate.Gate) error {
	p.keys = g.Keys()
	remotes := g.Remotes()
	if len(remotes) == 0 {
		return nil
	}
	var random [8]byte
	rand.Read(random[:]) // never fails (crypto/rand)
	holder := binary.LittleEndian.Uint64(random[:])
	p.remotes, p.calls = map[string]*remoteKeys{}, map[uint32]func(int){}
	now := hostTime()
	for _, remote := range remotes {
		r, err := newRemoteKeys(p, remote, holder)
		if err != nil {
			return err
		}
		p.remotes[remote.Name] = r
		raw, _, err := r.sharedEntry()
		if err != nil {
			return err
		}
		if err := r.refresher.Load(raw); err != nil {
			r.log(abi.Error, err.Error())
		}
		r.install(now)
	}
	p.period = tickMilliseconds
	return abi.SetTickPeriod(p.period)
}

// sharedEntry returns the entry in shared data and its version. If there is no
// entry, cas is a version that no entry has: Envoy accepts any version where there
// is no entry, and rejects this one as soon as there is one, so only one VM creates
// the entry.
func (r *remoteKeys) sharedEntry() (raw string, cas uint32, err error) {
	b, cas, err := abi.SharedData(r.dataKey)
	if err == abi.NotFound {
		return "", math.MaxUint32, nil
	}
	return string(b), cas, err
}

// tick takes over what other VMs have fetched, begins a fetch if one is due, and
// collects the requests that wait no longer.
func (r *remoteKeys) tick(now time.Time) {
	raw, cas, err := r.sharedEntry()
	if err != nil {
		r.log(abi.Critical, "reading shared data: ", err.Error())
		return
	}
	effects, err := r.refresher.Tick(now, raw)
	if err != nil {
		r.log(abi.Error, err.Error())
	}
	r.install(now)
	if effects.Store != nil && abi.SetSharedData(r.dataKey, effects.Store, cas) == nil {
		if effects.ForUnknownKey {
			add(r.metrics.refetches, 1)
		}
		r.beginFetch(effects.Fetch)
	}
	for _, request := range effects.Resume {
		r.plugin.resumed = append(r.plugin.resumed, resumedRequest{r, request})
	}
	if age, ok := r.refresher.Age(now); ok {
		r.metrics.setAge(age)
	}
}

// install puts the refresher's present key set in force, or removes one that is too
// old.
func (r *remoteKeys) install(now time.Time) {
	if document := r.refresher.Document(now); document != r.document {
		r.document = document
		r.plugin.keys = r.plugin.keys.With(r.remote, document)
		r.log(abi.Info, "a key set of ", strconv.Itoa(len(document)), " bytes is in force")
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
		r.log(abi.Info, "kid ", strconv.Quote(n.ID[:min(len(n.ID), 64)]), " is skipped: ", strconv.Quote(n.Why[:min(len(n.Why), 200)]))
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
	timeout := uint32(r.remote.Source.Timeout.Milliseconds())
	call, err := abi.HTTPCall(f.Cluster, headers, timeout)
	if err != nil {
		r.log(abi.Error, "calling the cluster ", f.Cluster, ": ", err.Error())
		r.finishFetch(f, keys.Answer{})
		return
	}
	r.plugin.calls[call] = func(size int) {
		r.fetchResponse(f, size)
		r.plugin.resumeBatch()
	}
}

// fetchResponse reads the response to a fetch. It does not read a body that is too
// large. A response without headers is a failed call.
func (r *remoteKeys) fetchResponse(f *keys.Fetch, size int) {
	var a keys.Answer
	a.Headers, _ = abi.CallHeaders.Pairs()
	if a.Oversized = size > r.remote.Source.MaxDocument(); !a.Oversized && size > 0 {
		body, err := abi.CallBody.Bytes(0, size)
		if err != nil {
			a.Headers = nil
		}
		a.Body = string(body)
	}
	abi.KeepResults() // the refresher keeps some of the headers
	r.finishFetch(f, a)
}

// finishFetch passes the response to the refresher, and shares the result with the
// other VMs.
func (r *remoteKeys) finishFetch(f *keys.Fetch, a keys.Answer) {
	now := hostTime()
	raw, cas, err := r.sharedEntry()
	if err != nil {
		r.log(abi.Critical, "reading shared data: ", err.Error())
		return // the lease expires, and another fetch begins
	}
	effects, outcome, err := r.refresher.HandleAnswer(now, raw, f, a)
	switch {
	case effects.Fetch != nil:
		r.beginFetch(effects.Fetch)
		return
	case effects.Store == nil:
		r.log(abi.Warn, err.Error())
		return
	case err != nil:
		r.log(abi.Error, outcome.String(), ": ", err.Error())
	}
	add(r.metrics.outcomes[outcome], 1)
	if err := abi.SetSharedData(r.dataKey, effects.Store, cas); err != nil {
		r.log(abi.Error, "writing shared data: ", err.Error())
		return
	}
	r.tick(now)
}

func (r *remoteKeys) log(level abi.Level, parts ...string) {
	abi.Log(level, append([]string{"model gate: keys of ", r.remote.Name, ": "}, parts...)...)
}
