package authz

import (
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// What follows reads the index that Decide looks things up in, for questions about all
// callers at once. A host has no use for it: its code is linked only where it is called.

// Term is one rule as it is filed for one member: it applies to a caller that is the
// member, meets the conditions and has the proofs. Several terms may be of one rule.
type Term struct {
	Rule       string
	Order      int // of the rule among those of its kind, as they are configured
	Deny       bool
	Shadow     bool // a grant in shadow, which lets requests pass until its shadow ends
	Member     Member
	Conditions []Condition
	Require    authn.Proofs
}

// Member is a member as an issuer asserts it. Two that are equal are the same member.
type Member struct {
	m    member
	deny bool // it is filed for a deny, which compares and doubts otherwise than a grant
}

// Issuer returns the name of the issuer that asserts the member; "" for any, and for
// everyone and the members that a certificate makes.
func (m Member) Issuer() string { return m.m.issuer }

// Fact is what a caller's credential says by which the caller is a member.
type Fact uint8

// The facts.
const (
	Always      Fact = iota // of everyone, or of every token
	Address                 // the address
	Domain                  // the domain
	Groups                  // the groups, and by the configuration's groups the address and the subject
	Subject                 // the subject
	Pool                    // being in the pool, and the subject in it
	Attribute               // an attribute of the pool
	Certificate             // the client certificate
)

// Fact returns by what a caller is the member, or by what it is untold whether it is.
func (m Member) Fact() Fact {
	switch m.m.kind {
	case user, serviceAccount, untoldAddress:
		return Address
	case domain, untoldDomain:
		return Domain
	case group, poolGroup, untoldGroup, untoldPoolGroup:
		return Groups
	case subject, poolMember, untoldPool:
		return Pool
	case poolAttribute, untoldAttribute:
		return Attribute
	case spiffe, certificate, untoldCertificate:
		return Certificate
	case callerSubject, untoldSubject:
		return Subject
	case account, namespace:
		if m.m.issuer == "" {
			return Certificate
		}
		return Subject
	}
	return Always
}

// Name returns the name without its kind, as far as there is one: an address, a domain, a
// group, a subject, a namespace, the value of an attribute, or a certificate's name with
// its prefix.
func (m Member) Name() string { return m.m.name }

// Attribute returns the name of the attribute, or "".
func (m Member) Attribute() string { return m.m.attribute }

// Untold reports whether the member stands for the callers of whom a token does not tell
// whether they are members of a deny.
func (m Member) Untold() bool { return m.m.kind >= untoldSubject }

// IsNamespace reports whether the member is all workloads of a namespace.
func (m Member) IsNamespace() bool { return m.m.kind == namespace }

// IsAccount reports whether the member is a service account of Kubernetes, by its SPIFFE
// ID: the name is NAMESPACE/sa/NAME then.
func (m Member) IsAccount() bool { return m.m.kind == account }

// untoldNames are how String calls the members that stand for others.
var untoldNames = map[memberKind]string{
	untoldSubject: "callers without a subject", untoldAddress: "callers whose address is not told",
	untoldDomain: "callers whose domain is not told", untoldGroup: "callers whose groups are not told",
	untoldPoolGroup: "callers whose groups are not told", untoldAttribute: "callers whose attribute is not told",
	untoldPool: "callers of whom it is not told whether they are in the pool", untoldCertificate: "callers whose certificate is not told",
}

// String writes the member as a rule does.
func (m Member) String() string {
	name := m.m.name
	switch m.m.kind {
	case everyone:
		return "allUsers"
	case authenticated:
		return "allAuthenticatedUsers"
	case user:
		return "user:" + name
	case serviceAccount:
		return "serviceAccount:" + name
	case group:
		return "group:" + name
	case domain:
		return "domain:" + name
	case callerSubject:
		if rest, ok := strings.CutPrefix(name, accountPrefix); ok {
			return "serviceAccount:" + strings.Replace(rest, ":", "/", 1)
		} else if strings.HasPrefix(name, "spiffe://") {
			return name
		}
		return "sub:" + name
	case account:
		return "serviceAccount:" + strings.Replace(name, "/sa/", "/", 1)
	case namespace:
		return "namespace:" + name
	case subject:
		return "principal:subject/" + name
	case poolAttribute:
		return "principalSet:attribute." + m.m.attribute + "/" + name
	case poolGroup:
		return "principalSet:group/" + name
	case poolMember:
		return "principalSet:*"
	}
	if text := untoldNames[m.m.kind]; text != "" {
		return text
	}
	return name // of a certificate
}

// Condition is a condition of a rule.
type Condition struct{ c *condition }

// Pointers returns the claims that the condition reads.
func (c Condition) Pointers() []strictjson.Pointer {
	if c.c.op == scope {
		return []strictjson.Pointer{{"scope"}, {"scp"}}
	}
	return []strictjson.Pointer{c.c.pointer}
}

// Operator returns the operator's name, and Want what it compares with.
func (c Condition) Operator() string { return operators[c.c.op] }

// Want returns what the operator compares with: one of them is enough.
func (c Condition) Want() []strictjson.Result { return c.c.want }

// String writes the condition in a form that tells two apart: /acr equals "gold".
func (c Condition) String() string {
	var want []string
	for _, v := range c.c.want {
		want = append(want, v.Raw)
	}
	text := operators[c.c.op] + " " + strings.Join(want, " or ")
	if c.c.op != scope {
		text = c.c.pointer.String() + " " + text
	}
	return text
}

// Met reports whether a caller meets the condition of a grant: it is known to hold.
func (c Condition) Met(who *authn.Principal) bool { return allHold([]condition{*c.c}, who) }

// MayBeMet reports whether a deny with the condition applies: it is not known not to hold.
func (c Condition) MayBeMet(who *authn.Principal) bool { return noneFails([]condition{*c.c}, who) }

// InPool reports whether only a caller who is in the issuer's pool can be the member.
func (m Member) InPool() bool {
	switch m.m.kind {
	case subject, poolAttribute, poolGroup, poolMember, untoldPoolGroup, untoldAttribute:
		return true
	}
	return false
}
