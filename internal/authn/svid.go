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
