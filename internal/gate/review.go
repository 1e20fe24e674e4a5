package gate

import (
	"fmt"
	"slices"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
)

// Review compiles a configuration as New does, and returns a warning for each part of it
// that may not do what its author means by now. It is for the terminal: the module, which
// never calls it, does not carry its code.
func Review(doc string, secrets authn.Secrets, now time.Time) (warnings []string, err error) {
	rules := authz.NewReview()
	g, err := newGate(doc, secrets, rules)
	if err != nil {
		return nil, err
	}
	for _, r := range g.Remotes() {
		if r.Source.Plain() {
			warnings = append(warnings, fmt.Sprintf(
				"issuer %q publishes its keys under http: anybody on the way can replace them, unless the cluster uses TLS", r.Name))
		}
	}
	for _, server := range g.authorizationServers {
		if !g.authn.Trusts(server) {
			warnings = append(warnings, fmt.Sprintf(
				"the metadata of \"challenge\" names the authorization server %q, which is the iss of no issuer: its tokens are refused", server))
		}
	}
	if i := g.routes.ReadsBodies(); i >= 0 && g.tellsCall && !g.holdsHeaders {
		warnings = append(warnings, fmt.Sprintf("an identity header says what a call is for, and the headers go before the body: "+
			"requests on route %d whose body names the model are refused as call_untold, unless \"host\" has \"holdHeaders\": true", i))
	}
	return slices.Concat(warnings, g.authn.Warnings(), g.routes.Warnings(), rules.Warnings(g.policy, g.authn),
		g.routes.EndedShadows(now), rules.EndedShadows(now)), nil
}
