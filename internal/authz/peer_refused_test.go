package authz_test

import (
	"strings"
	"testing"
)

func TestPeerMembersRefused(t *testing.T) {
	const noPeer = `needs "peer" in the configuration, with the trust domain of the certificates`
	const domain = `must be spiffe://TRUST-DOMAIN/PATH in the trust domain that "peer" or an issuer names; got `
	const needs = `needs "peer": true, for certificates, or "issuers", for tokens`
	const noIssuer = `needs an issuer that is a Kubernetes cluster or has a trust domain, or "peer" in the configuration`
	const mixed = `must have only members that a certificate makes, and neither issuers nor claims, because it has "peer"`
	const label, inDeny = `must be namespace: and a DNS-1123 label; got `,
		`must not be in a deny, which applies to certificates without it`
	const member = `must be allUsers, allAuthenticatedUsers, ` +
		`or a name after sub:, user:, serviceAccount:, group:, domain:, principal:, principalSet:, ` +
		`spiffe:, namespace:, dns:, subject: or certificate:; got `
	const inIAM = `must not be there: IAM policies have no such member; write a grant instead`
	const noCluster = `needs an issuer that is a Kubernetes cluster`
	const noIssuers = `needs "issuers": without them any issuer could assert the members`
	grant := func(more string) string {
		return `"grants": [{"name": "g", "verbs": ["predict"], "models": ["a/b"], ` + more + `}]`
	}
	deny := func(more string) string { return `"denies": [{"name": "d", ` + more + `}]` }
	for _, c := range []struct{ policy, want string }{
		{pinned + grant(`"peer": true, "members": ["`+web+`", "namespace:prod"]`), ``},
		{pinned + grant(`"peer": true, "members": ["namespace:`+strings.Repeat("a", 63)+`", "spiffe://cluster.local/a"]`), ``},
		{pinned + deny(`"members": ["`+web+`", "namespace:prod", "user:ana@example.com"]`), ``},
		{pinned + grant(`"members": ["`+web+`"]`), `"/grants/0": ` + needs},
		{pinned + grant(`"issuers": ["corp"], "members": ["namespace:prod"]`), `"/grants/0/members/0": ` + noIssuer},
		{pinned + grant(`"issuers": ["corp"], "members": ["user:ana@example.com", "namespace:prod"]`), `"/grants/0/members/1": ` + noIssuer},
		{pinned + grant(`"issuers": ["corp"], "members": ["`+web+`"]`), `"/grants/0/members/0": ` + domain + `"` + web + `"`},
		{pinned + grant(`"issuers": ["corp"], "members": ["serviceAccount:prod/web"]`), `"/grants/0/members/0": ` + noCluster},
		{pinned + grant(`"peer": true, "members": ["serviceAccount:prod/web"]`), `"/grants/0": ` + mixed},
		{pinned + grant(`"members": ["serviceAccount:prod/web"]`), `"/grants/0": ` + noIssuers},
		{pinned + deny(`"members": ["serviceAccount:prod/web"]`), ``}, // a certificate may be of the account
		{deny(`"members": ["serviceAccount:prod/web"]`), `"/denies/0/members/0": ` + noCluster},
		{pinned + grant(`"peer": false, "members": ["namespace:prod"]`), `"/grants/0/peer": must be true, or left out; got false`},
		{pinned + grant(`"peer": "yes", "members": ["namespace:prod"]`), `"/grants/0/peer": must be true, or left out; got "yes"`},
		{pinned + grant(`"peer": true, "members": ["namespace:prod", "user:ana@example.com"]`), `"/grants/0": ` + mixed},
		{pinned + grant(`"peer": true, "members": ["namespace:prod", "allUsers"]`), `"/grants/0": ` + mixed},
		{pinned + grant(`"peer": true, "members": ["namespace:prod", "deleted:user:x@y?uid=1"]`), `"/grants/0": ` + mixed},
		{pinned + grant(`"peer": true, "members": ["user:ana@example.com"]`), `"/grants/0": ` + mixed},
		{pinned + grant(`"peer": true, "members": ["namespace:prod"], "issuers": ["corp"]`), `"/grants/0": ` + mixed},
		{pinned + grant(`"peer": true, "members": ["namespace:prod"], "claims": [{"pointer": "/a", "exists": true}]`), `"/grants/0": ` + mixed},
		{pinned + grant(`"peer": true`), `"/grants/0": ` + mixed},
		{pinned + deny(`"peer": true, "members": ["namespace:prod"]`), `"/denies/0/peer": ` + inDeny},
		{pinned + deny(`"peer": false`), `"/denies/0/peer": ` + inDeny},
		{pinned + grant(`"peer": true, "members": ["spiffe://other.local/a"]`),
			`"/grants/0/members/0": must be spiffe://TRUST-DOMAIN/PATH in the trust domain that "peer" names; got "spiffe://other.local/a"`},
		// Without "peer" in the configuration, or of another trust domain.
		{grant(`"peer": true, "members": ["` + web + `"]`), `"/grants/0/members/0": ` + noPeer},
		{grant(`"peer": true, "members": ["namespace:prod"]`), `"/grants/0/members/0": ` + noPeer},
		{deny(`"members": ["` + web + `"]`), `"/denies/0/members/0": ` + domain + `"` + web + `"`},
		{deny(`"members": ["user:ana@example.com", "namespace:prod"]`), `"/denies/0/members/1": ` + noIssuer},
		{pinned + deny(`"members": ["spiffe://other.local/ns/prod/sa/web"]`),
			`"/denies/0/members/0": ` + domain + `"spiffe://other.local/ns/prod/sa/web"`},
		{pinned + deny(`"members": ["spiffe://cluster.local/"]`), `"/denies/0/members/0": ` + domain + `"spiffe://cluster.local/"`},
		{pinned + deny(`"members": ["spiffe://cluster.local/a/*"]`), `"/denies/0/members/0": ` + domain + `"spiffe://cluster.local/a/*"`},
		{pinned + deny(`"members": ["spiffe:cluster.local/a"]`), `"/denies/0/members/0": ` + domain + `"spiffe:cluster.local/a"`},
		{pinned + deny(`"members": ["SPIFFE://cluster.local/a"]`),
			`"/denies/0/members/0": ` + member + `"SPIFFE://cluster.local/a"; did you mean "spiffe://cluster.local/a"?`},
		{pinned + deny(`"members": ["spiffe:"]`), `"/denies/0/members/0": ` + member + `"spiffe:"`},
		{pinned + deny(`"members": ["namespace:"]`), `"/denies/0/members/0": ` + member + `"namespace:"`},
		{pinned + deny(`"members": ["namespace:*"]`), `"/denies/0/members/0": ` + label + `"namespace:*"`},
		{pinned + deny(`"members": ["namespace:Prod"]`), `"/denies/0/members/0": ` + label + `"namespace:Prod"; did you mean "namespace:prod"?`},
		{pinned + deny(`"members": ["namespace:a/b"]`), `"/denies/0/members/0": ` + label + `"namespace:a/b"`},
		{pinned + deny(`"members": ["namespace:a.b"]`), `"/denies/0/members/0": ` + label + `"namespace:a.b"`},
		{pinned + deny(`"members": ["namespace:-a"]`), `"/denies/0/members/0": ` + label + `"namespace:-a"`},
		{pinned + deny(`"members": ["namespace: a"]`), `"/denies/0/members/0": ` + label + `"namespace: a"; did you mean "namespace:a"?`},
		// Neither groups nor IAM policies have such members.
		{
			pinned + `"groups": [{"name": "g", "members": ["namespace:prod"]}]`,
			`"/groups/0/members/0": must be sub:, a user or a service account by its address (write nested groups out); got "namespace:prod"`,
		},
		{
			pinned + `"iam": [{"name": "i", "issuers": ["corp"], "roles": {"r": {"role": "viewer", "models": ["a/b"]}},
				"policy": {"bindings": [{"role": "r", "members": ["namespace:prod", "` + web + `", "allUsers"]}]}}]`,
			`"/iam/0/policy/bindings/0/members/0": ` + inIAM + "\n" + `"/iam/0/policy/bindings/0/members/1": ` + inIAM,
		},
	} {
		t.Run(c.policy, func(t *testing.T) {
			if _, problems := tryCompile("{" + c.policy + "}"); problems.Error() != c.want {
				t.Errorf("Compile(%s) = %v, want %s", c.policy, problems, c.want)
			}
		})
	}
}
