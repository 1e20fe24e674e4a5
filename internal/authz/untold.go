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
	var kinds [3]memberKind // everyone is none
	name := ""
	switch m.kind {
	case user, serviceAccount:
		kinds[0] = untoldAddress
	case domain:
		kinds[0] = untoldDomain
	case group, poolGroup:
		kinds[0], name = untoldGroup, inToken
		if m.kind == poolGroup {
			kinds[0], kinds[1] = untoldPoolGroup, untoldPool
		}
		switch addresses, subjects := configured.tells(m.name); {
		case addresses && subjects:
			kinds[2], name = untoldSubject, inConfiguration
		case addresses:
			name = inConfiguration
		case subjects:
			kinds[2], name = untoldSubject, bySubject
		}
	case poolAttribute:
		kinds[0], kinds[1] = untoldAttribute, untoldPool
		if mapped, _ := c.issuers.MapsAttribute(m.issuer, m.attribute); !mapped {
			kinds[2] = poolMember
		}
	case poolMember, subject:
		kinds[0] = untoldPool
	case callerSubject, spiffe, certificate, namespace, account:
		if kinds[0] = untoldSubject; !m.isOfSubject() {
			kinds[0], name = untoldCertificate, m.peerForm().prefix
		}
	}
	for i, kind := range kinds {
		if kind == everyone {
			continue
		}
		n := member{issuer: m.issuer, kind: kind}
		if i == 0 {
			n.name, n.attribute = name, m.attribute
		}
		list = append(list, n)
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
