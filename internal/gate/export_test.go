package gate

// Decisions returns the number of cached decisions.
func (c *Cache) Decisions() (n int) {
	for _, list := range c.decisions {
		n += len(list)
	}
	return n
}

// Bytes returns what the cached routes and decisions weigh by the cache's count, and by
// another one.
func (c *Cache) Bytes() (routes, decisions, routesNow, decisionsNow int) {
	for _, r := range c.routes {
		routesNow += r.bytes()
	}
	for _, list := range c.decisions {
		for _, d := range list {
			decisionsNow += d.bytes()
		}
	}
	return c.routeBytes, c.decisionBytes, routesNow, decisionsNow
}

// The bounds of a Cache.
const (
	MaxRouteBytes    = maxRouteBytes
	MaxDecisionBytes = maxDecisionBytes
)

// IsOrigin is isOrigin.
func IsOrigin(text string) bool { return isOrigin(text) }
