package authz

import (
	"fmt"

	"github.com/modelgate/modelgate/internal/authn"
)

// Warnings say which issuers are trusted and not used: a key that somebody
// holds, for nothing.
func (p *Policy) Warnings(issuers *authn.Authenticator) (list []string) {
	used := map[string]bool{}
	for _, t := range []*table{p.grants, p.shadowGrants} {
		for m := range t.members {
			used[m.issuer] = true
		}
	}
	for _, name := range issuers.Names() {
		if !used[name] {
			list = append(list, fmt.Sprintf("issuer %q is trusted, but no grant names it: its tokens only keep their callers from being anonymous", name))
		}
	}
	return list
}
