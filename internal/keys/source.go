// Package keys decides when the keys that an issuer publishes are fetched, how
// long they serve, and what becomes of requests that wait for them. It is a
// leaf that knows neither tokens nor hosts: time, answers and the data that the
// proxy's VMs share come in as arguments, and what is to be stored, fetched and
// woken goes out as Effects.
//
// # One fetch for all
//
// Each VM of a proxy has a Keeper, and all of them share one Entry a source. A
// VM that finds a fetch due writes its lease into the entry, which by compare
// and swap only one of them can, and then fetches; the others find the document
// in the entry at their next tick. A lease runs out, so that a VM that dies with
// it holds nobody up.
//
// # Nobody is locked out, nobody is let in
//
// A document serves until MaxStale after it came, whatever happens to the
// endpoint; an answer without a usable key changes nothing. A key that is not
// among them is looked for once an Interval at most, however many requests ask
// for however many keys, and a request is told that its key is unknown only by a
// fetch that was started after the request had come.
package keys

import (
	"crypto/sha256"
	"net/url"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// Source is where one issuer publishes its keys, and how they are kept. It is
// immutable.
type Source struct {
	// ID is 32 bytes: a hash of the issuer and of what stands in the
	// configuration about its keys. Configurations that agree in it share what
	// was fetched, so one that changes grants only keeps its keys.
	ID       string
	Refresh  time.Duration // between fetches; also the most that Cache-Control can ask for
	Timeout  time.Duration // of one request to the endpoint
	MaxStale time.Duration // how long a document serves after it came
	Interval time.Duration // least time between two fetches for unknown keys
	Wait     time.Duration // longest that a request waits

	issuer    string
	first     Target // the key set, or the discovery document
	discovery bool
	clusters  map[string]string // by the host of jwks_uri
}

// Target is one resource, reached through a cluster of the host's.
type Target struct{ Cluster, Scheme, Authority, Path string }

// Plain reports whether the source's URI says http: then only the cluster can
// make the connection a trusted one.
func (s *Source) Plain() bool { return s.first.Scheme == "http" }

// Compile reads "remote" of an issuer's "jwks"; issuer is its iss, and
// algorithms say which of the published keys it can use.
func Compile(v strictjson.Value, issuer string, algorithms ...string) *Source {
	o := v.Object("uri", "discovery", "cluster", "jwksClusters", "refresh", "timeout", "maxStale", "interval", "wait")
	sum := sha256.Sum256([]byte(issuer + "\x00" + strings.Join(algorithms, " ") + "\x00" + v.JSON().Raw))
	s := &Source{
		ID: string(sum[:]), issuer: issuer,
		Refresh: 5 * time.Minute, Timeout: 5 * time.Second, MaxStale: 24 * time.Hour,
		Interval: 5 * time.Second, Wait: 10 * time.Second,
	}
	for _, d := range []struct {
		name        string
		into        *time.Duration
		least, most time.Duration
	}{
		{"refresh", &s.Refresh, time.Second, 24 * time.Hour},
		{"timeout", &s.Timeout, 100 * time.Millisecond, 30 * time.Second},
		{"maxStale", &s.MaxStale, time.Second, 30 * 24 * time.Hour},
		{"interval", &s.Interval, time.Second, 10 * time.Minute},
		{"wait", &s.Wait, 100 * time.Millisecond, time.Minute},
	} {
		if given := o.Get(d.name); given.Exists() {
			*d.into = given.Duration(d.least, d.most)
		}
	}
	if s.MaxStale < s.Refresh {
		v.Fail("maxStale %s is shorter than refresh %s: keys would go before they are fetched anew", s.MaxStale, s.Refresh)
	}
	s.readTarget(o)
	return s
}

// readTarget reads where to fetch: a key set by "uri", or a discovery document
// (OpenID Connect Discovery 1.0 section 4) by "discovery".
func (s *Source) readTarget(o strictjson.Object) {
	uri, discovery, clusters := o.Get("uri"), o.Get("discovery"), o.Get("jwksClusters")
	s.discovery = discovery.Exists()
	if uri.Exists() == s.discovery {
		o.Fail(`needs "uri" (of a key set) or "discovery" (of an OpenID Connect discovery document), and not both`)
	}
	at := uri
	if s.discovery {
		at = discovery
	}
	if text := at.Text(); text != "" {
		var ok bool
		if s.first, ok = target(text); !ok {
			at.Fail("is no http or https URI without user and fragment")
		}
	}
	s.first.Cluster = o.Need("cluster").Text()
	if !clusters.Exists() {
		return
	}
	if !s.discovery {
		clusters.Fail(`has no meaning without "discovery"`)
	}
	s.clusters = map[string]string{}
	for _, m := range clusters.Object().Members {
		if t, ok := target("https://" + m.Name + "/"); !ok || t.Authority != m.Name {
			m.Value.Fail("%q is no host in lower case, with a port or without", m.Name)
		}
		s.clusters[m.Name] = m.Value.Text()
	}
}

// target takes a URI apart. It holds visible ASCII only, since its parts become
// headers.
func target(text string) (t Target, ok bool) {
	for i := 0; i < len(text); i++ {
		if text[i] <= ' ' || text[i] >= 0x7f {
			return t, false
		}
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		strings.Contains(text, "#") || u.Host != strings.ToLower(u.Host) {
		return t, false
	}
	return Target{Scheme: u.Scheme, Authority: u.Host, Path: u.RequestURI()}, true
}
