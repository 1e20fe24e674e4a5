package authz

import "github.com/modelgate/modelgate/internal/authn"

// A deny applies to a caller whose token leaves untold whether the caller is the
// deny's member. So that a lookup finds such denies without reading them all, each is
// filed under its member, and once more under a member that stands for all of that
// kind. Callers whose token leaves the kind untold are looked up as the latter.
//
// The name of untoldGroup and untoldPoolGroup is inToken, or inConfiguration for groups
// that the configuration has: these are told by the caller's address, unless the issuer
// names groups in its tokens too. One that has subjects only, bySubject, is told without
// the address.
const (
	inToken         = "token"
	inConfiguration = "configuration"
	bySubject       = "subject"
)

// untold returns the members under which a deny is filed beside m. An attribute that
// the issuer does not map to a claim is untold for everybody in the pool.
func (c *compiler) untold(m member, configured groups) (list []member) {
	add := func(kind memberKind, name string) {
		list = append(list, member{issuer: m.issuer, kind: kind, name: name, attribute: m.attribute})
	}
	groupsIn := inToken
	addresses, subjects := configured.tells(m.name)
	switch {
	case addresses:
		groupsIn = inConfiguration
	case subjects:
		groupsIn = bySubject
	}
	if isGroup := m.kind == group || m.kind == poolGroup; subjects && isGroup || m.isOfSubject() {
		add(untoldSubject, "")
	}
	switch m.kind {
	case user, serviceAccount:
		add(untoldAddress, "")
	case domain:
		add(untoldDomain, "")
	case group:
		add(untoldGroup, groupsIn)
	case poolGroup:
		add(untoldPool, "")
		add(untoldPoolGroup, groupsIn)
	case poolAttribute:
		add(untoldPool, "")
		add(untoldAttribute, "")
		if mapped, _ := c.issuers.MapsAttribute(m.issuer, m.attribute); !mapped {
			list = append(list, member{issuer: m.issuer, kind: poolMember})
		}
	case spiffe, certificate, namespace, account:
		if m.issuer == "" { // of a certificate
			add(untoldCertificate, m.peerForm().prefix)
		}
	case poolMember, subject:
		add(untoldPool, "")
	}
	return list
}

// untoldMembersOf calls yield with the members under which denies are filed that p
// leaves untold.
func untoldMembersOf(p *authn.Principal, issuer string, yield func(member)) {
	is := func(kinds authn.Untold) bool { return p.Untold&kinds != 0 }
	if is(authn.UntoldAddress) {
		yield(member{issuer: issuer, kind: untoldAddress})
	}
	if is(authn.UntoldDomain) {
		yield(member{issuer: issuer, kind: untoldDomain})
	}
	groups := func(kind memberKind) {
		if is(authn.UntoldGroups) {
			yield(member{issuer: issuer, kind: kind, name: inToken})
		}
		if is(authn.UntoldAddress | authn.OmittedGroups) {
			yield(member{issuer: issuer, kind: kind, name: inConfiguration})
		}
		if is(authn.OmittedGroups) {
			yield(member{issuer: issuer, kind: kind, name: bySubject})
		}
	}
	groups(untoldGroup)
	if is(authn.UntoldPool) {
		yield(member{issuer: issuer, kind: untoldPool})
	}
	if p.Pool == "" {
		return
	}
	groups(untoldPoolGroup)
	for _, name := range p.UntoldAttributes {
		yield(member{issuer: issuer, kind: untoldAttribute, attribute: name})
	}
}
