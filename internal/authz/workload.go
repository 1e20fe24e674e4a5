package authz

import (
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
)

// A workload is called by a certificate of the connection, by a JWT-SVID, or by a token of
// a Kubernetes cluster. Three kinds of members name workloads:
//
//   - spiffe://TRUST-DOMAIN/PATH is a certificate with this SPIFFE ID, or a JWT-SVID: its
//     sub is the ID (SPIFFE's JWT-SVID.md section 3.1).
//   - serviceAccount:NAMESPACE/NAME is the sub system:serviceaccount:NAMESPACE:NAME of a
//     cluster's token (MakeUsername in k8s.io/apiserver, pkg/authentication/serviceaccount).
//   - namespace:NAME is all of these in a namespace. A SPIFFE ID tells its namespace if it
//     has Istio's form, spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/NAME.
//
// dns:, subject: and certificate: are other names of a certificate, and of nothing else.
//
// A grant with "peer" is to certificates, and one with "issuers" to tokens. A deny is of
// both, so that a denied workload cannot come with the other credential.

// isWorkload reports whether an identifier names a workload.
func (id identifier) isWorkload() bool { return id.kind == account || id.namesPeer() }

// namesPeer reports whether certificates can make a caller the member.
func (id identifier) namesPeer() bool {
	return !id.deleted && (id.kind == spiffe || id.kind == namespace || id.kind == certificate)
}

// isOfSubject reports whether it is the subject of a token that makes a caller the member.
// Without an issuer, a namespace and an account are of the certificate.
func (m member) isOfSubject() bool {
	return m.kind == callerSubject || m.issuer != "" && (m.kind == namespace || m.kind == account)
}

const accountPrefix = "system:serviceaccount:"

// bindWorkload returns the members that a workload is in a rule: as a certificate, and as
// each issuer that may assert it has it in its tokens.
func (c *compiler) bindWorkload(r *rule, id identifier) (members []member) {
	if id.namesPeer() && (r.peer || r.denies) && c.isOfPeer(id) {
		members = append(members, id.member)
	}
	if r.peer {
		return members
	}
	ns, name, _ := strings.Cut(id.name, "/")
	if id.kind == account && r.denies && c.issuers.HasTrustDomain() {
		members = append(members, member{kind: account, name: ns + "/sa/" + name})
	}
	issuers := r.issuers
	if issuers == nil {
		issuers = c.issuers.IssuerNames()
	}
	for _, issuer := range issuers {
		cluster, m := c.issuers.IsCluster(issuer), id.member
		m.issuer = issuer
		switch {
		case id.kind == account && cluster:
			m.kind, m.name = callerSubject, accountPrefix+ns+":"+name
		case id.kind == spiffe && c.issuers.AssertsID(issuer, id.name):
			m.kind = callerSubject
		case id.kind == namespace && (cluster || c.issuers.AssertsIDs(issuer)):
		case id.kind == account && r.denies && c.issuers.AssertsIDs(issuer):
			m.name = ns + "/sa/" + name
		default:
			continue
		}
		members = append(members, m)
	}
	return members
}

// isOfPeer reports whether a certificate that is a principal can have the name, or be of
// the namespace.
func (c *compiler) isOfPeer(id identifier) bool {
	if id.kind == namespace {
		return c.issuers.HasTrustDomain()
	}
	return c.issuers.IsPeerName(id.name)
}

// subjectNamespace returns the namespace that a subject tells, or "".
func subjectNamespace(subject string) string {
	if rest, ok := strings.CutPrefix(subject, accountPrefix); ok {
		if ns, name, _ := strings.Cut(rest, ":"); name != "" {
			return ns
		}
		return ""
	}
	return authn.PeerNamespace(subject)
}

// checkWorkloads adds a problem for each workload that nobody of the rule can be.
func (c *compiler) checkWorkloads(r *rule) {
	if c.issuers == nil {
		return
	}
	for _, id := range r.members {
		switch {
		case !id.isWorkload() || id.kind == account && r.peer || len(c.bindWorkload(r, id)) > 0:
		case r.issuers == nil && !r.denies && !r.peer: // reported for the grant
		case id.kind == certificate:
			c.checkCertificate(r, id)
		case id.kind == account:
			id.at.Fail("needs an issuer that is a Kubernetes cluster")
		case r.peer && !c.issuers.HasTrustDomain():
			id.at.Fail(`needs "peer" in the configuration, with the trust domain of the certificates`)
		case r.peer:
			id.at.MustBe(`spiffe://TRUST-DOMAIN/PATH in the trust domain that "peer" names`)
		case id.kind == spiffe:
			id.at.MustBe(`spiffe://TRUST-DOMAIN/PATH in the trust domain that "peer" or an issuer names`)
		default:
			id.at.Fail(`needs an issuer that is a Kubernetes cluster or has a trust domain, or "peer" in the configuration`)
		}
	}
}

// noteKind notes what a lookup must ask because of the member.
func (t *table) noteKind(m member) {
	if m.isOfSubject() {
		t.bySubject, t.workloads = true, t.workloads || m.kind != callerSubject
	}
	switch m.kind {
	case everyone, spiffe, certificate, untoldCertificate, namespace, account: // without an issuer these are of the certificate
	default:
		t.anyIssuer = t.anyIssuer || m.issuer == ""
	}
}
