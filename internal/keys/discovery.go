package keys

import (
	"strings"

	"github.com/modelgate/modelgate/internal/phrase"
	"github.com/modelgate/modelgate/internal/strictjson"
	"github.com/modelgate/modelgate/internal/uri"
)

// jwksTarget returns where the discovery document doc says that the keys are. The
// document must state exactly the configured issuer (OpenID Connect Discovery 1.0
// section 4.3). Its jwks_uri must be https, or http as the document's own URI, and its host
// must be the document's or one in "jwksClusters": a document cannot send the proxy anywhere
// else. Hosts are the same in whatever case, and with their scheme's port or without (RFC
// 3986 section 6.2.3).
func (s *Source) jwksTarget(doc string) (t Target, err error) {
	var problems strictjson.Problems
	root, ok := strictjson.Parse(doc, &problems)
	if !ok {
		return t, problems
	}
	if iss := root.JSON().Get("issuer"); !root.JSON().IsObject() || iss.Str != s.issuer {
		return t, phrase.Errorf("the discovery document's issuer is %.100q, not %q", iss.Str, s.issuer)
	}
	text := root.JSON().Get("jwks_uri").Str
	u, ok := uri.Parse(text)
	if !ok || u.Scheme != "https" && u.Scheme != s.endpoint.Scheme {
		return t, phrase.Errorf("the discovery document's jwks_uri %.100q is no %s URI", text, s.endpoint.Scheme)
	}
	host := hostOf(u.Scheme, strings.ToLower(u.Host))
	t = Target{Scheme: u.Scheme, Authority: host, Path: u.Path}
	if t.Cluster = s.jwksClusters[host]; t.Cluster == "" {
		t.Cluster = s.jwksClusters[host+defaultPort(u.Scheme)]
	}
	if t.Cluster == "" && host == hostOf(s.endpoint.Scheme, s.endpoint.Authority) {
		t.Cluster = s.endpoint.Cluster
	}
	if t.Cluster == "" {
		return t, phrase.Errorf("the discovery document's jwks_uri %.100q is on a host that has no cluster", text)
	}
	return t, nil
}

// hostOf returns an authority without its scheme's own port.
func hostOf(scheme, authority string) string {
	return strings.TrimSuffix(authority, defaultPort(scheme))
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return ":443"
	}
	return ":80"
}
