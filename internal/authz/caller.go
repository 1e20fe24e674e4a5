package authz

import (
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
)

// verifiedIdentity returns the address and the domain of a caller for grants: the
// address that the issuer has verified, and both exactly as the token has them.
func verifiedIdentity(p *authn.Principal) (address, domain string) { return p.Email, p.Domain }

// claimedIdentity returns the address and the domain of a caller for denies, in
// lower case. An address that the caller only claims is enough. Google IAM
// compares addresses and domains without regard to case: a denied caller could
// otherwise come back under another spelling.
func claimedIdentity(p *authn.Principal) (address, domain string) {
	return strings.ToLower(p.ClaimedEmail), strings.ToLower(p.Domain)
}

// lowerCase returns the member as claimedIdentity names it.
func (m member) lowerCase() member {
	if m.kind == user || m.kind == serviceAccount || m.kind == domain {
		m.name = strings.ToLower(m.name)
	}
	return m
}

// membersOf calls yield with each member that p is in the rules of an issuer: by
// its token, and by the groups in the configuration that have its address.
func (t *table) membersOf(p *authn.Principal, issuer string, yield func(member)) {
	address, hosted := t.identityFor(p)
	yield(member{issuer: issuer, kind: authenticated})
	if address != "" {
		m := member{issuer: issuer, kind: user, name: address}
		if strings.HasSuffix(address, serviceAccountDomain) {
			m.kind = serviceAccount
		}
		yield(m)
		for _, name := range t.groups[member{kind: m.kind, name: address}] {
			yield(member{issuer: issuer, kind: group, name: name})
		}
	}
	if hosted != "" {
		yield(member{issuer: issuer, kind: domain, name: hosted})
	}
	for _, name := range p.Groups {
		yield(member{issuer: issuer, kind: group, name: name})
	}
	if p.Pool == "" {
		return
	}
	yield(member{issuer: issuer, kind: subject, name: p.Subject})
	for _, a := range p.Attributes {
		yield(member{issuer: issuer, kind: poolAttribute, attribute: a[0], name: a[1]})
	}
}
