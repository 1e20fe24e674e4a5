package authn

import (
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// A JWT-SVID names its caller by a SPIFFE ID in sub (JWT-SVID section 3.1). An issuer with a
// "trustDomain" makes them, and each must be of that domain: the keys of one trust domain
// must not vouch for IDs of another (SPIFFE Trust Domain and Bundle section 6). Where iss is
// not configured, sub finds the issuer: a JWT-SVID need not have iss.

// compileTrustDomainName reads the name of a trust domain.
func compileTrustDomainName(name strictjson.Value) trustDomain {
	text := name.Text()
	if strings.Trim(text, lowerAlphanumeric+".-_") != "" || len(text) > 255 {
		name.MustBe("a SPIFFE trust domain in lower case, without spiffe://, such as cluster.local")
	}
	return trustDomain(text)
}

// trustDomainOf returns the trust domain of a SPIFFE ID, or "".
func trustDomainOf(id string) trustDomain {
	rest, ok := strings.CutPrefix(id, "spiffe://")
	if domain, _, path := strings.Cut(rest, "/"); ok && path {
		return trustDomain(domain)
	}
	return ""
}

// makesSVIDs reports whether the issuer's tokens are JWT-SVIDs, whose keys have the use
// jwt-svid (SPIFFE Trust Domain and Bundle section 4.2.2).
func (is *Issuer) makesSVIDs() bool { return is.trustDomain != "" }

// serviceAccountPrefix is before NAMESPACE:NAME in the sub of a service account of
// Kubernetes (kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin).
const serviceAccountPrefix = "system:serviceaccount:"

// readWorkload reads which workload the caller is, for an issuer that names workloads.
func (is *Issuer) readWorkload(p *Principal) {
	if is.trustDomain != "" {
		p.Workload = p.Subject
	}
	rest, ok := strings.CutPrefix(p.Subject, serviceAccountPrefix)
	namespace, name, both := strings.Cut(rest, ":")
	if is.cluster && ok && both && namespace != "" && name != "" && !strings.ContainsAny(rest, "/") && !strings.Contains(name, ":") {
		p.ServiceAccount = namespace + "/" + name
	}
}

// TrustDomain returns the trust domain of the named issuer's JWT-SVIDs, or "".
func (a *Authenticator) TrustDomain(issuer string) string {
	if is := a.issuer(issuer); is != nil {
		return string(is.trustDomain)
	}
	return ""
}

// IsCluster reports whether the named issuer's tokens are of the service accounts of a
// Kubernetes cluster.
func (a *Authenticator) IsCluster(issuer string) bool {
	is := a.issuer(issuer)
	return is != nil && is.cluster
}
