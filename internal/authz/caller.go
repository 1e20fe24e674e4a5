package authz

import (
	"slices"
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
	if m.kind == certificate && strings.HasPrefix(m.name, "subject:") { // X.520, caseIgnoreMatch
		m.name = strings.ToLower(m.name)
	}
	return m
}

// membersOf calls yield with each member that p is in the rules of an issuer: by
// its token, and by the groups in the configuration that have its address. The groups
// in its token are groupsOf's.
func (t *table) membersOf(p *authn.Principal, issuer string, yield func(member)) {
	address, hosted := t.identityFor(p)
	yield(member{issuer: issuer, kind: authenticated})
	if address != "" {
		m := userMember(address)
		names := t.groups[m]
		m.issuer = issuer
		yield(m)
		for _, name := range names {
			yield(member{issuer: issuer, kind: group, name: name})
		}
	}
	if hosted != "" {
		yield(member{issuer: issuer, kind: domain, name: hosted})
	}
	if t.bySubject {
		t.subjectMembersOf(p, issuer, yield)
	}
	if p.Pool != "" {
		t.poolMembersOf(p, issuer, address, yield)
	}
	if t.doubts && p.Untold != 0 {
		untoldMembersOf(p, issuer, yield)
	}
}

// subjectMembersOf is membersOf for what p is by its subject: a token tells it always, or
// it is untold. A namespace and an account are of no rule that names no issuer.
func (t *table) subjectMembersOf(p *authn.Principal, issuer string, yield func(member)) {
	if p.Subject == "" {
		yield(member{issuer: issuer, kind: untoldSubject})
		return
	}
	yield(member{issuer: issuer, kind: callerSubject, name: p.Subject})
	if t.groupsOfSubjects {
		for _, name := range t.groups[member{kind: callerSubject, name: p.Subject}] {
			yield(member{issuer: issuer, kind: group, name: name})
			if p.Pool != "" {
				yield(member{issuer: issuer, kind: poolGroup, name: name})
			}
		}
	}
	if issuer != "" && t.workloads {
		if ns := subjectNamespace(p.Subject); ns != "" {
			yield(member{issuer: issuer, kind: namespace, name: ns})
		}
		yield(member{issuer: issuer, kind: account, name: authn.PeerAccount(p.Subject)})
	}
}

// poolMembersOf is membersOf for what p is in its pool. The groups that the
// configuration has are the pool's too.
func (t *table) poolMembersOf(p *authn.Principal, issuer, address string, yield func(member)) {
	yield(member{issuer: issuer, kind: poolMember})
	yield(member{issuer: issuer, kind: subject, name: p.PoolSubject})
	for _, a := range p.Attributes {
		yield(member{issuer: issuer, kind: poolAttribute, attribute: a[0], name: a[1]})
	}
	for _, name := range t.groups[userMember(address)] {
		yield(member{issuer: issuer, kind: poolGroup, name: name})
	}
}

// groupRule is a group that is the member of some rule: its number in members.
type groupRule struct {
	member
	id uint32
}

// isGroupOf reports whether a caller whose token names the group is this member.
func (g *groupRule) isGroupOf(p *authn.Principal) bool {
	return (g.issuer == "" || g.issuer == p.Issuer) && (g.kind == group || p.Pool != "")
}

// groupsOf calls yield with the number of each member that p is by a group in its token,
// until yield returns false. A token may have hundreds of groups, and the patterns may
// have rules for thousands: the smaller number decides the cost.
func (t *table) groupsOf(p *authn.Principal, patterns *idList, yield func(id uint32) bool) {
	inRules := 0
	for i := range patterns.n {
		inRules += len(t.groupsOn[patterns.at(i)])
	}
	switch {
	case inRules == 0:
	case inRules <= len(p.Groups)/8:
		for i := range patterns.n {
			for _, g := range t.groupsOn[patterns.at(i)] {
				if g.isGroupOf(p) && slices.Contains(p.Groups, g.name) && !yield(g.id) {
					return
				}
			}
		}
	default:
		for _, name := range p.Groups {
			for _, g := range t.groupsNamed[name] {
				if g.isGroupOf(p) && !yield(g.id) {
					return
				}
			}
		}
	}
}

// userMember returns the member of an address, without an issuer.
func userMember(address string) member {
	if strings.HasSuffix(address, serviceAccountDomain) {
		return member{kind: serviceAccount, name: address}
	}
	return member{kind: user, name: address}
}
