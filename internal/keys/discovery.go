package keys

import (
	"fmt"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// jwksTarget returns where the discovery document doc says that the keys are. The
// document must state exactly the configured issuer (OpenID Connect Discovery 1.0
// section 4.3). Its jwks_uri must have the scheme of the document's own URI, and
// its host must be the document's or one in "jwksClusters": a document cannot send
// the proxy anywhere else.
func (s *Source) jwksTarget(doc string) (t Target, err error) {
	var problems strictjson.Problems
	root, ok := strictjson.Parse(doc, &problems)
	if !ok {
		return t, problems
	}
	if iss := root.JSON().Get("issuer"); !root.JSON().IsObject() || iss.Str != s.issuer {
		return t, fmt.Errorf("the discovery document's issuer is %.100q, not %q", iss.Str, s.issuer)
	}
	uri := root.JSON().Get("jwks_uri").Str
	t, ok = parseTarget(uri)
	if !ok || t.Scheme != s.endpoint.Scheme {
		return t, fmt.Errorf("the discovery document's jwks_uri %.100q is no %s URI", uri, s.endpoint.Scheme)
	}
	if t.Cluster = s.jwksClusters[t.Authority]; t.Cluster == "" && t.Authority == s.endpoint.Authority {
		t.Cluster = s.endpoint.Cluster
	}
	if t.Cluster == "" {
		return t, fmt.Errorf("the discovery document's jwks_uri %.100q is on a host that has no cluster", uri)
	}
	return t, nil
}
