package authz

// add adds a rule to a table, for each issuer, member and model.
func (c *compiler) add(t *table, r rule) {
	if c.issuers == nil {
		return
	}
	t.names, t.verbs = append(t.names, r.name), append(t.verbs, r.verbs)
	t.hasScopes = t.hasScopes || askForScopes(r.conditions)
	e := entry{rule: len(t.names) - 1, verbs: r.verbs, conditions: r.conditions, require: r.require, from: r.from, until: r.until}
	var members []member
	for _, id := range r.members {
		for _, m := range c.bindIssuers(r, id) {
			if members = append(members, m); t.doubts {
				members = append(members, c.untold(m, t.groups)...)
			}
		}
	}
	for _, p := range c.patterns(t, r) {
		patterns := t.patternIDs(p.Pattern, p.oneSegment)
		for int(t.patterns) >= len(t.firstOn) { // here and not with the members: a rule may have none, if all are deleted
			t.firstOn = append(t.firstOn, int32(e.rule))
		}
		for _, m := range members {
			if c.pairs++; c.pairs > maxPairs {
				if c.pairs == maxPairs+1 {
					r.at.Fail("must not have so many members and models: all rules together have more than %d pairs of them", maxPairs)
				}
				return
			}
			t.add(m, patterns, e)
		}
	}
}

// patterns returns the patterns of the models that a rule's patterns mean.
func (c *compiler) patterns(t *table, r rule) (list []denyPattern) {
	for _, p := range r.models {
		if t.doubts {
			for _, p := range c.routes.PossibleNames(p) {
				list = append(list, foldPattern(p)...)
			}
			continue
		}
		names := c.routes.CanonicalNames(p)
		if len(names) > 1 {
			r.at.Fail("must name one model: %q is an alias, which means another model on another route", p.String())
		}
		for _, p := range names {
			list = append(list, denyPattern{Pattern: p})
		}
	}
	return list
}

// bindIssuers returns a member for each issuer that may assert it.
func (c *compiler) bindIssuers(r rule, id identifier) (members []member) {
	issuers := r.issuers
	switch {
	case id.deleted:
		return nil
	case id.kind == everyone:
		return []member{id.member}
	case id.isWorkload():
		return c.bindWorkload(&r, id)
	case issuers == nil && id.pool == "":
		return []member{id.member} // of a deny, whatever the issuer
	case issuers == nil:
		issuers = c.issuers.IssuerNames()
	}
	for _, issuer := range issuers {
		if id.pool == "" || c.issuers.Pool(issuer) == id.pool {
			m := id.member
			m.issuer = issuer
			members = append(members, m)
		}
	}
	if members == nil {
		r.at.Fail("needs an issuer that has the pool %s", id.pool)
	}
	return members
}
