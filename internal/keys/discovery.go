package keys

import (
	"fmt"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// located reads a discovery document (OpenID Connect Discovery 1.0 section 4.3):
// it has to state the configured issuer, exactly, and its jwks_uri has to lie on
// the host it came from itself or on one that the configuration names, under the
// same scheme. A document cannot send the proxy anywhere else.
func (s *Source) located(doc string) (t Target, err error) {
	var problems strictjson.Problems
	root, ok := strictjson.Parse(doc, &problems)
	if !ok {
		return t, problems
	}
	if iss := root.JSON().Get("issuer"); !root.JSON().IsObject() || iss.Str != s.issuer {
		return t, fmt.Errorf("the discovery document's issuer is %.100q, not %q", iss.Str, s.issuer)
	}
	uri := root.JSON().Get("jwks_uri").Str
	t, ok = target(uri)
	if !ok || t.Scheme != s.first.Scheme {
		return t, fmt.Errorf("the discovery document's jwks_uri %.100q is no %s URI", uri, s.first.Scheme)
	}
	if t.Cluster = s.clusters[t.Authority]; t.Cluster == "" && t.Authority == s.first.Authority {
		t.Cluster = s.first.Cluster
	}
	if t.Cluster == "" {
		return t, fmt.Errorf("the discovery document's jwks_uri %.100q is on a host that has no cluster", uri)
	}
	return t, nil
}
