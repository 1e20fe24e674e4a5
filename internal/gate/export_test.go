package gate

// Decisions returns the number of cached decisions.
func (c *Cache) Decisions() int { return c.decisionCount }
