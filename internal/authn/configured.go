package authn

import (
	"slices"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// The methods below tell other packages what is configured.

// HasIssuer reports whether an issuer of that name is configured.
func (a *Authenticator) HasIssuer(name string) bool { return a.issuer(name) != nil }

func (a *Authenticator) issuer(name string) *Issuer { return a.byName[name] }

// IssuerNames lists the issuers' names in configured order.
func (a *Authenticator) IssuerNames() (names []string) {
	for _, is := range a.issuers {
		names = append(names, is.Name)
	}
	return names
}

// Pool returns the identity pool of the named issuer, or "".
func (a *Authenticator) Pool(issuer string) string {
	if is := a.issuer(issuer); is != nil {
		return is.pool
	}
	return ""
}

// VouchesForAddresses reports whether each address in a token of the named issuer counts
// that the token does not call unverified. Google says of each whether it is verified.
func (a *Authenticator) VouchesForAddresses(issuer string) bool {
	is := a.issuer(issuer)
	return is != nil && (is.trustsEmail || is.google || is.apiKeys != nil)
}

// HasGroups reports whether the named issuer says in which groups a caller is.
func (a *Authenticator) HasGroups(issuer string) bool {
	is := a.issuer(issuer)
	return is != nil && (is.groups != nil || is.apiKeys != nil || is.relay != nil && is.relay.groups != "")
}

// IsCluster reports whether the named issuer is a Kubernetes cluster: the subject of a
// token is system:serviceaccount:NAMESPACE:NAME.
func (a *Authenticator) IsCluster(issuer string) bool {
	is := a.issuer(issuer)
	return is != nil && is.cluster
}

// AssertsIDs reports whether the tokens of the named issuer are JWT-SVIDs: the subject is
// a SPIFFE ID in the issuer's trust domain.
func (a *Authenticator) AssertsIDs(issuer string) bool {
	is := a.issuer(issuer)
	return is != nil && is.trustDomain != ""
}

// AssertsID reports whether id is a SPIFFE ID that the tokens of the named issuer may have.
func (a *Authenticator) AssertsID(issuer, id string) bool {
	return a.AssertsIDs(issuer) && a.issuer(issuer).trustDomain.contains(id)
}

// ReadsGroupsFrom reports whether the named issuer has a list of groups in that claim.
func (a *Authenticator) ReadsGroupsFrom(issuer string, claim strictjson.Pointer) bool {
	is := a.issuer(issuer)
	return is != nil && slices.ContainsFunc(is.groups, func(g groupsClaim) bool {
		return g.form != "words" && g.form != "names" && slices.Equal(g.pointer, claim)
	})
}

// Requires reports whether every token of the named issuer has the claim.
func (a *Authenticator) Requires(issuer string, claim strictjson.Pointer) bool {
	is := a.issuer(issuer)
	if is == nil || is.relay != nil {
		return false
	}
	always := len(claim) == 1 && (claim[0] == "exp" || claim[0] == "iss" && is.iss != nil || claim[0] == "sub" && is.subject == nil)
	return always || is.requires(claim)
}

// Trusts reports whether tokens with that iss are those of a configured issuer.
func (a *Authenticator) Trusts(iss string) bool {
	return slices.ContainsFunc(a.issuers, func(is *Issuer) bool { return is.hasIss(iss) })
}

// Headers lists the headers that carry tokens, and those in which a gateway names
// the caller, in lower case.
func (a *Authenticator) Headers() (tokens, relayed []string) {
	for _, e := range a.extractors {
		if e.relay == nil {
			tokens = append(tokens, e.header)
			continue
		}
		for _, name := range []string{e.relay.subject, e.relay.email, e.relay.groups} {
			if name != "" {
				relayed = append(relayed, name)
			}
		}
	}
	return tokens, relayed
}
