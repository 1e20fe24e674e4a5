package gate

import (
	"strings"
	"unsafe"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
)

// Cache remembers, for one configuration in one VM:
//
//   - verified tokens (authn.Cache);
//   - routes: what a request asks for, for every caller;
//   - decisions: that a caller was allowed a request.
//
// It never remembers
//
//   - a refusal, except that of a token;
//   - what depends on more than the request's key and the caller: on the connection's
//     certificate, on a header that names a model, on a body, on a reply;
//   - what depends on the time. A rule in shadow ends at some time, so a call that is
//     allowed by such a rule is not remembered: it passes, but its Reason is a refusal.
//
// The caller of a decision is one verified token under one set of keys. Each request
// checks that the token has not expired and that the keys are the same before a decision
// is used. A Cache is not safe for concurrent use.
type Cache struct {
	tokens        *authn.Cache
	routes        map[requestKey]*routeEntry
	routeBytes    int
	latestRoute   *routeEntry // the last one that was found
	decisions     map[*authn.Principal][]*decisionEntry
	decisionBytes int // of all callers
}

// The bounds of a Cache beside those of authn.Cache: 16 MiB in all. What exceeds one is not
// evicted one by one: all decisions of the caller, all decisions or all routes are dropped,
// and those in use are soon back. An entry larger than maxEntryBytes is not kept.
const (
	maxDecisionBytes      = 12 << 20
	maxRouteBytes         = 4 << 20
	maxEntryBytes         = 64 << 10
	maxDecisionsPerCaller = 16
	maxKeyBytes           = 512 // of path and host together
)

// Found is what the caches had for a request's head.
type Found struct {
	Token    authn.Lookup // the verified token, or the refused one
	Decision authn.Lookup // asked for if the token was found, and allowed
}

// Found returns what the caches had for the head, when it was decided last.
func (x *Exchange) Found() Found { return x.found }

func newCache() *Cache {
	c := &Cache{tokens: authn.NewCache(), routes: map[requestKey]*routeEntry{}, decisions: map[*authn.Principal][]*decisionEntry{}}
	c.tokens.OnEvict = c.dropDecisions
	return c
}

// requestKey is all of a request that a cached route or decision depends on.
type requestKey struct {
	method, path, authority string
	grpc, upgrade           bool
}

func (h *head) requestKey() requestKey {
	return requestKey{h.Method, h.Path, h.Authority, h.GRPC, h.Upgrade}
}

// cacheable reports whether the requestKey is all that the request's route depends on,
// and short enough.
func (h *head) cacheable() bool {
	return len(h.Routing) == 0 && !h.byActivator && len(h.Path)+len(h.Authority) <= maxKeyBytes
}

func (h *head) hasQuery() bool { return strings.IndexByte(h.Path, '?') >= 0 }

// routeEntry is what a request asks for.
type routeEntry struct {
	requestKey
	match inference.Match
}

// bytes is the size of an entry, with what the maps take for it.
func (r *routeEntry) bytes() int {
	return entryBytes + int(unsafe.Sizeof(*r)) + len(r.method) + len(r.path) + len(r.authority) + r.match.Bytes()
}

// entryBytes is what an entry takes in a map or a list.
const entryBytes = 128

// newRouteEntry copies the strings of the key and the match: they are the request's.
func newRouteEntry(k requestKey, m *inference.Match) *routeEntry {
	k.method, k.path, k.authority = strings.Clone(k.method), strings.Clone(k.path), strings.Clone(k.authority)
	return &routeEntry{k, m.Clone()}
}

// decisionEntry is a request that a caller was allowed.
type decisionEntry struct {
	*routeEntry
	rule string
	set  [][2]string // of the Edit
}

// bytes is the size of an entry with its route, which may be in no map.
func (d *decisionEntry) bytes() int {
	n := entryBytes + int(unsafe.Sizeof(*d)) + d.routeEntry.bytes()
	for i := range d.set {
		n += pairBytes + len(d.set[i][0]) + len(d.set[i][1])
	}
	return n
}

// findRoute returns the cached route of a request, or nil.
func (c *Cache) findRoute(h *head) *routeEntry {
	if c == nil || !h.cacheable() {
		return nil
	}
	key, r := h.requestKey(), c.latestRoute
	if r == nil || r.requestKey != key {
		if r = c.routes[key]; r == nil {
			return nil
		}
		c.latestRoute = r
	}
	return r
}

func (c *Cache) addRoute(r *routeEntry) {
	size := r.bytes()
	if size > maxEntryBytes || c.routes[r.requestKey] != nil {
		return
	}
	if c.routeBytes+size > maxRouteBytes {
		clear(c.routes)
		c.routeBytes = 0
	}
	c.routes[r.requestKey] = r
	c.routeBytes += size
}

// recall returns the cached decision for a caller's request, or nil.
func (c *Cache) recall(caller *authn.Result, h *head) *decisionEntry {
	if c == nil || !caller.CacheHit || !h.cacheable() {
		return nil
	}
	key := h.requestKey()
	for _, d := range c.decisions[caller.Principal] {
		if d.requestKey == key {
			return d
		}
	}
	return nil
}

func (c *Cache) addDecision(who *authn.Principal, d *decisionEntry) {
	size := d.bytes()
	if size > maxEntryBytes {
		return
	}
	if len(c.decisions[who]) >= maxDecisionsPerCaller {
		c.dropDecisions(who)
	}
	if c.decisionBytes+size > maxDecisionBytes {
		clear(c.decisions)
		c.decisionBytes = 0
	}
	c.decisions[who] = append(c.decisions[who], d)
	c.decisionBytes += size
}

// dropDecisions forgets what a caller was allowed. It is called when the caller's token
// is evicted.
func (c *Cache) dropDecisions(who *authn.Principal) {
	for _, d := range c.decisions[who] {
		c.decisionBytes -= d.bytes()
	}
	delete(c.decisions, who)
}
