package analysis

import (
	"fmt"

	"github.com/go-air/gini/z"

	"github.com/modelgate/modelgate/internal/authn"
)

// look is how callers look of whom one fact alone is known, and who they are.
type look struct {
	who *authn.Principal
	is  z.Lit
}

// looks lists how callers look by a fact, each once.
func (sp *space) looks(side int, by source) []look {
	key := fmt.Sprint(side, by.fact)
	for _, s := range by.slots {
		key = fmt.Sprint(key, " ", s.at)
	}
	list, known := sp.looksBy[key]
	if known {
		return list
	}
	seen := map[string]int{}
	sp.each(by.slots, func(c choice, lits []z.Lit) {
		base := sp.probe(side, sp.with(side, c))
		if base == nil {
			return
		}
		who := sp.only(side, base, by.fact, nil)
		text := fmt.Sprintf("%q %q %q %q %q %q %d %q %q", who.Subject, who.Pool, who.PoolSubject, who.Email, who.ClaimedEmail, who.Domain,
			who.Untold, who.Attributes, who.UntoldAttributes)
		i, is := seen[text]
		if !is {
			i = len(list)
			seen[text], list = i, append(list, look{who, sp.F})
		}
		list[i].is = sp.Or(list[i].is, sp.Ands(lits...))
	})
	sp.looksBy[key] = list
	return list
}
