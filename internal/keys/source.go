// Package keys decides when the keys that an issuer publishes are fetched, how
// long they are used, and what happens to requests that wait for them. It knows
// neither tokens nor hosts. Time, answers and the data that the proxy's VMs share
// are its arguments; what to store, what to fetch and which requests to resume are
// its results (Effects).
//
// # One fetch for all VMs
//
// Each VM of a proxy has a Refresher for each Source, and all VMs share one Entry
// for it. A VM that finds a fetch due writes its lease into the entry by compare
// and swap, so only one VM succeeds, and that VM fetches. The others find the
// document in the entry at their next tick. A lease expires, so a VM that dies
// with it blocks nobody.
//
// # Outages lock nobody out, and nobody in
//
// A document is used until MaxStale after it came, whatever happens to the
// endpoint, and an answer without a usable key changes nothing. A key that the
// document does not have is looked for once per Interval at most, however many
// requests ask for however many keys. A request is told that its key is unknown only
// after a fetch that was started after the request came, or less than Interval before.
package keys

import (
	"crypto/sha256"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/strictjson"
	"github.com/modelgate/modelgate/internal/uri"
)

// Source is where one issuer publishes its keys, and when they are fetched. It is
// immutable.
type Source struct {
	// ID is 32 bytes: a hash of the issuer and of all that the configuration means
	// for its keys. Configurations that agree in this share what was fetched, so
	// a configuration with other grants only, or that is only written in another way,
	// keeps its keys.
	ID       string
	Refresh  time.Duration // between two fetches; Cache-Control can only shorten it
	Timeout  time.Duration // of one request to the endpoint
	MaxStale time.Duration // how long a document is used after it came
	Interval time.Duration // the least time between two fetches for unknown keys
	Wait     time.Duration // the longest time that a request waits

	APIKeys bool // it publishes API keys, and not a key set

	issuer       string
	endpoint     Target // the key set, or the discovery document
	discovery    bool
	jwksClusters map[string]string // by the host of jwks_uri
	headers      [][2]string       // that are sent with each fetch
	headerNames  []string          // each followed by its variable's
}

// Target is an HTTP resource and the host's cluster that leads to it.
type Target struct{ Cluster, Scheme, Authority, Path string }

// Plain reports whether the source's URI has the scheme http. Then only the
// cluster can protect the connection.
func (s *Source) Plain() bool { return s.endpoint.Scheme == "http" }

// MaxDocument is the size, in bytes, of the largest document that is read.
func (s *Source) MaxDocument() int {
	if s.APIKeys {
		return maxAPIKeys
	}
	return maxKeySet
}

// Compile reads "remote" of an issuer's "jwks". issuer is the issuer's iss, and
// algorithms are those that its keys may serve.
func Compile(v strictjson.Value, issuer string, secrets Secrets, algorithms ...string) *Source {
	o := v.Object("uri", "discovery", "cluster", "jwksClusters", "headers", "refresh", "timeout", "maxStale", "interval", "wait")
	s := &Source{
		issuer:  issuer,
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
		v.Fail("must have a maxStale of at least refresh, or keys expire before they are fetched again; got maxStale %s and refresh %s",
			s.MaxStale, s.Refresh)
	}
	s.compileEndpoint(o)
	s.compileHeaders(o.Get("headers"), secrets)
	s.ID = s.id(algorithms)
	return s
}

// id hashes what the source means, and not its JSON text: a configuration that is written
// in another way, or says what is the default, keeps its keys.
func (s *Source) id(algorithms []string) string {
	parts := []string{s.issuer, strings.Join(algorithms, " "), strconv.FormatBool(s.discovery),
		s.endpoint.Cluster, s.endpoint.Scheme, s.endpoint.Authority, s.endpoint.Path}
	for _, d := range []time.Duration{s.Refresh, s.Timeout, s.MaxStale, s.Interval, s.Wait} {
		parts = append(parts, d.String())
	}
	for _, host := range slices.Sorted(maps.Keys(s.jwksClusters)) {
		parts = append(parts, host, s.jwksClusters[host])
	}
	parts = append(parts, s.headerNames...)
	var b []byte
	for _, part := range parts {
		b = strconv.AppendQuote(b, part)
	}
	sum := sha256.Sum256(b)
	return string(sum[:])
}

// compileEndpoint reads what to fetch: a key set at "uri", or a discovery document
// (OpenID Connect Discovery 1.0 section 4) at "discovery".
func (s *Source) compileEndpoint(o strictjson.Object) {
	uri, discovery := o.Get("uri"), o.Get("discovery")
	s.discovery = discovery.Exists()
	if uri.Exists() == s.discovery {
		o.Fail(`needs either "uri" (of a key set) or "discovery" (of an OpenID Connect discovery document)`)
	}
	given := uri
	if s.discovery {
		given = discovery
	}
	if text := given.Text(); text != "" {
		var ok bool
		switch s.endpoint, ok = parseTarget(text); {
		case ok:
		case strings.Contains(text, "@"): // what is before it may be a password: it is not shown
			given.Fail("must not have a user: the URI ends up in logs")
		default:
			given.MustBe("an http or https URI with its host in lower case and without a fragment")
		}
	}
	s.endpoint.Cluster = o.Need("cluster").Text()
	s.compileJWKSClusters(o.Get("jwksClusters"))
}

// compileJWKSClusters reads the clusters for the hosts to which a discovery
// document's jwks_uri may point.
func (s *Source) compileJWKSClusters(clusters strictjson.Value) {
	if !clusters.Exists() {
		return
	}
	if !s.discovery {
		clusters.Fail(`needs "discovery": only a discovery document points to another host`)
	}
	s.jwksClusters = map[string]string{}
	for _, m := range clusters.Object().Members {
		if t, ok := parseTarget("https://" + m.Name + "/"); !ok || t.Authority != m.Name {
			m.Value.Fail("must have a host in lower case as its name, such as keys.example or keys.example:8443; got %q", m.Name)
		}
		s.jwksClusters[m.Name] = m.Value.Text()
	}
}

// parseTarget parses an absolute URI, whose host must be in lower case.
func parseTarget(text string) (t Target, ok bool) {
	u, ok := uri.Parse(text)
	if !ok || u.Host != strings.ToLower(u.Host) {
		return t, false
	}
	return Target{Scheme: u.Scheme, Authority: u.Host, Path: u.Path}, true
}
