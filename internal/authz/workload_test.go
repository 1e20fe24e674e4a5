package authz_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
)

const workloadKeys = `"audiences": ["a"], "algorithms": ["ES256"], "jwks": {"inline": {"keys": [
	{"kty": "EC", "crv": "P-256", "x": "NiwHfKttbbmuH16v2nGLsVeFOrRpueljVehAbSDOM58", "y": "SqYj14Wj3sx9zk754KUrrjOQsnv_SxePQO9iga144nk"}]}}`

const workloadIssuers = `"issuers": [
	{"name": "cluster", "preset": "kubernetes", "issuer": "https://kubernetes.default.svc", ` + workloadKeys + `},
	{"name": "mesh", "preset": "spiffe", "trustDomain": "cluster.local", ` + workloadKeys + `}], `

// TestWorkloads: a service account, a SPIFFE ID and a namespace are of certificates, of
// JWT-SVIDs and of a cluster's tokens; a grant says of which.
func TestWorkloads(t *testing.T) {
	p := compile(t, `{`+pinned+workloadIssuers+`
		"denies": [
			{"name": "no-web", "members": ["`+web+`"], "models": ["no/web"]},
			{"name": "no-prod", "members": ["namespace:prod"], "models": ["no/prod"]},
			{"name": "no-account", "members": ["serviceAccount:prod/web"], "models": ["no/account"]},
			{"name": "no-cluster", "issuers": ["cluster"], "members": ["namespace:prod", "serviceAccount:batch/scorer"],
				"models": ["no/cluster"]}],
		"grants": [
			{"name": "account", "issuers": ["cluster", "corp"], "members": ["serviceAccount:prod/web"], "role": "invoker", "models": ["m/account"]},
			{"name": "ns", "issuers": ["cluster", "mesh", "corp"], "members": ["namespace:prod"], "role": "invoker", "models": ["m/ns"]},
			{"name": "ns-peer", "peer": true, "members": ["namespace:prod"], "role": "invoker", "models": ["m/peer"]},
			{"name": "svid", "issuers": ["mesh", "cluster"], "members": ["`+web+`", "`+plain+`"], "role": "invoker", "models": ["m/svid"]},
			{"name": "all", "members": ["allUsers"], "role": "invoker", "models": ["no/*"]}]}`)
	sub := func(s string) string { return fmt.Sprintf(`{"sub": %q, "email": "x@y", "groups": []}`, s) }
	const account, other = "system:serviceaccount:prod:web", "system:serviceaccount:batch:scorer"
	for _, c := range []struct{ peer, issuer, subject, model, want string }{
		{"", "cluster", account, "m/account", "allow account"},
		{"", "cluster", other, "m/account", "deny"},
		{"", "cluster", account + "2", "m/account", "deny"},
		{"", "cluster", "prod/web", "m/account", "deny"},
		{"", "corp", account, "m/account", "deny"}, // no cluster, whatever it says
		{"", "mesh", web, "m/account", "deny"},
		{web, "", "", "m/account", "deny"},
		{"", "cluster", account, "m/ns", "allow ns"},
		{"", "cluster", "system:serviceaccount:prod:x.y", "m/ns", "allow ns"},
		{"", "cluster", other, "m/ns", "deny"},
		{"", "cluster", "system:serviceaccount:prod", "m/ns", "deny"},
		{"", "cluster", "system:serviceaccounts:prod:web", "m/ns", "deny"},
		{"", "mesh", web, "m/ns", "allow ns"},
		{"", "mesh", batch, "m/ns", "deny"},
		{"", "mesh", plain, "m/ns", "deny"},
		{"", "corp", account, "m/ns", "deny"},
		{"", "corp", web, "m/ns", "deny"},
		{web, "", "", "m/ns", "deny"}, // a grant with issuers is to tokens
		{web, "corp", "x", "m/ns", "deny"},
		{web, "", "", "m/peer", "allow ns-peer"},
		{"", "mesh", web, "m/peer", "deny"}, // one with peer is to certificates
		{"", "cluster", account, "m/peer", "deny"},
		{"", "mesh", web, "m/svid", "allow svid"},
		{"", "mesh", plain, "m/svid", "allow svid"},
		{"", "mesh", batch, "m/svid", "deny"},
		{"", "corp", web, "m/svid", "deny"},
		{"", "cluster", web, "m/svid", "deny"},
		{web, "", "", "m/svid", "deny"},
		// A denied workload cannot come with the other credential.
		{"", "mesh", web, "no/web", "deny no-web"},
		{web, "", "", "no/web", "deny no-web"},
		{web, "corp", "x", "no/web", "deny no-web"},
		{"", "mesh", batch, "no/web", "allow all"},
		{"", "cluster", account, "no/prod", "deny no-prod"},
		{"", "mesh", web, "no/prod", "deny no-prod"},
		{web, "", "", "no/prod", "deny no-prod"},
		{batch, "mesh", batch, "no/prod", "allow all"},
		{"", "corp", account, "no/prod", "allow all"},
		{"", "cluster", account, "no/account", "deny no-account"},
		{"", "mesh", web, "no/account", "deny no-account"},
		{web, "", "", "no/account", "deny no-account"},
		{batch, "cluster", other, "no/account", "allow all"},
		{"", "mesh", plain, "no/account", "allow all"},
		{"", "cluster", account, "no/cluster", "deny no-cluster"},
		{"", "cluster", other, "no/cluster", "deny no-cluster"},
		{"", "mesh", web, "no/cluster", "allow all"},
		{web, "", "", "no/cluster", "deny no-cluster"}, // issuers say nothing of certificates
		// Without a subject a token may be of any workload of its issuer.
		{"", "cluster", "", "no/prod", "deny no-prod"},
		{"", "mesh", "", "no/account", "deny no-account"},
		{"", "corp", "", "no/prod", "allow all"},
	} {
		var caller *authn.Principal
		if caller = from(c.peer, c.issuer, sub(c.subject)); c.issuer == "" {
			caller = from(c.peer, "", "")
		}
		t.Run(strings.Join([]string{c.model, c.peer, c.issuer, c.subject}, " "), func(t *testing.T) {
			asked := call(t, "predict "+c.model)
			if got := line(p.Decide(noon, caller, asked)); got != c.want {
				t.Errorf("Decide() = %q, want %q", got, c.want)
			}
			if n := testing.AllocsPerRun(10, func() { p.Decide(noon, caller, asked) }); n != 0 {
				t.Errorf("Decide() allocates %v times, want 0", n)
			}
		})
	}
}

// TestWorkloadsRefused: a workload that no issuer of the rule can mean.
func TestWorkloadsRefused(t *testing.T) {
	const noCluster = `needs an issuer that is a Kubernetes cluster`
	const domain = `must be spiffe://TRUST-DOMAIN/PATH in the trust domain that "peer" or an issuer names; got `
	for _, c := range []struct{ issuers, member, want string }{
		{`"cluster"`, "serviceAccount:prod/web", ""},
		{`"cluster", "corp"`, "serviceAccount:prod/web.v2", ""},
		{`"cluster"`, "namespace:prod", ""},
		{`"mesh"`, "namespace:prod", ""},
		{`"mesh", "corp"`, web, ""},
		{`"mesh"`, "serviceAccount:prod/web", noCluster},
		{`"corp", "google"`, "serviceAccount:prod/web", noCluster},
		{`"cluster"`, web, domain + `"` + web + `"`},
		{`"mesh"`, "spiffe://other.local/a", domain + `"spiffe://other.local/a"`},
		{`"mesh"`, "spiffe://cluster.local/ns/*", domain + `"spiffe://cluster.local/ns/*"`},
		{`"corp"`, "namespace:prod", `needs an issuer that is a Kubernetes cluster or has a trust domain, or "peer" in the configuration`},
	} {
		t.Run(c.issuers+" "+c.member, func(t *testing.T) {
			_, problems := tryCompile(`{` + workloadIssuers + `"grants": [{"name": "g", "issuers": [` + c.issuers + `], "members": ["` + c.member +
				`"], "role": "viewer", "models": ["a/b"]}]}`)
			if want := `"/grants/0/members/0": ` + c.want; c.want == "" && problems != nil || c.want != "" && problems.Error() != want {
				t.Errorf("problems are %v, want %s", problems, c.want)
			}
		})
	}
}
