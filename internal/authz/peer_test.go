package authz_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
)

const (
	web    = "spiffe://cluster.local/ns/prod/sa/web"
	batch  = "spiffe://cluster.local/ns/batch/sa/scorer"
	plain  = "spiffe://cluster.local/ns/batch" // of no namespace: not in Istio's form
	pinned = `"peer": {"trustDomain": "cluster.local"}, `
)

// from is a caller on a connection whose certificate is the peer's.
func from(peer, issuer, claims string) *authn.Principal {
	p := who(issuer, claims)
	p.Peer = peer
	return p
}

func TestPeerRules(t *testing.T) {
	ana := `{"email": "ana@example.com"}`
	const policy = `{` + pinned + `
		"denies": [
			{"name": "no-web", "members": ["` + web + `"], "models": ["denied/*"]},
			{"name": "no-batch", "members": ["namespace:batch", "user:eve@example.com"], "verbs": ["explain"]},
			{"name": "no-web-of-corp", "issuers": ["corp"], "members": ["` + web + `"], "claims": [{"pointer": "/x", "equals": 1}], "models": ["narrow/*"]}],
		"grants": [
			{"name": "web", "peer": true, "members": ["` + web + `"], "role": "invoker", "models": ["prod/*", "denied/*", "narrow/*"]},
			{"name": "batch", "peer": true, "members": ["namespace:batch"], "role": "invoker", "models": ["batch/*"]},
			{"name": "both", "peer": true, "members": ["namespace:prod", "` + batch + `"], "verbs": ["list"], "models": ["*/*"]},
			{"name": "ana", "issuers": ["google"], "members": ["user:ana@example.com"], "role": "invoker", "models": ["*/*"]},
			{"name": "world", "members": ["allUsers"], "verbs": ["ready", "explain"], "models": ["public/*"]}]}`
	p := compile(t, policy)
	for _, c := range []struct{ peer, issuer, claims, call, want string }{
		// The peer's grant, without a token and with any issuer's.
		{web, "", "", "predict prod/fraud", "allow web"}, {web, "google", `{}`, "predict prod/fraud", "allow web"}, {web, "corp", ana, "predict prod/fraud", "allow web"}, {web, "partner", `{}`, "predict prod/fraud", "allow web"},
		{batch, "", "", "predict batch/x", "allow batch"}, {batch, "corp", `{}`, "predict batch/x", "allow batch"}, {batch, "", "", "list any/x", "allow both"}, {web, "", "", "list any/x", "allow both"},
		{"", "", "", "predict prod/fraud", "deny"}, {"", "corp", ana, "predict prod/fraud", "deny"}, {batch, "", "", "predict prod/fraud", "deny"}, {web, "", "", "predict batch/x", "deny"}, {web, "", "", "load prod/fraud", "deny"},
		{web + "2", "", "", "predict prod/fraud", "deny"}, {web[:len(web)-1], "", "", "predict prod/fraud", "deny"}, {strings.ToUpper(web), "", "", "predict prod/fraud", "deny"},
		{"spiffe://cluster.local/ns/batch2/sa/x", "", "", "predict batch/x", "deny"}, {"spiffe://cluster.local/ns/batc/sa/x", "", "", "predict batch/x", "deny"}, {plain, "", "", "predict batch/x", "deny"}, {"spiffe://cluster.local/x/ns/batch/sa/x", "", "", "predict batch/x", "deny"},
		// A token's grant does not need the peer, and the two do not mix.
		{batch, "google", ana, "predict prod/fraud", "allow ana"}, {"", "google", ana, "predict prod/fraud", "allow ana"}, {plain, "google", ana, "predict prod/fraud", "allow ana"}, {batch, "corp", ana, "predict prod/fraud", "deny"},
		{web, "google", ana, "predict prod/fraud", "allow web"}, // the first
		{web, "", "", "ready public/x", "allow world"}, {plain, "", "", "ready public/x", "allow world"},
		// Each model of a call needs a grant, the peer's or the token's.
		{web, "google", ana, "predict prod/fraud dev/x", "allow ana"}, {web, "", "", "predict prod/fraud dev/x", "deny"}, {web, "corp", ana, "predict prod/fraud dev/x", "deny"},
		// Denies, with and without a token.
		{web, "", "", "predict denied/x", "deny no-web"}, {web, "google", ana, "predict denied/x", "deny no-web"}, {web, "partner", `{}`, "predict denied/x", "deny no-web"}, {"", "google", ana, "predict denied/x", "allow ana"}, {batch, "google", ana, "predict denied/x", "allow ana"},
		{batch, "", "", "explain public/x", "deny no-batch"}, {batch, "google", ana, "explain public/x", "deny no-batch"}, {plain, "google", ana, "explain public/x", "allow ana"}, {"", "", "", "explain public/x", "allow world"},
		{"", "corp", `{"email": "eve@example.com"}`, "explain public/x", "deny no-batch"}, {web, "", "", "explain public/x", "allow world"},
		{web, "google", ana, "predict prod/fraud denied/x", "deny no-web"},
		// The claims of a deny: what is not known to differ is denied.
		{web, "", "", "predict narrow/x", "deny no-web-of-corp"}, {web, "corp", `{"x": 2}`, "predict narrow/x", "allow web"}, {web, "corp", `{"x": 1}`, "predict narrow/x", "deny no-web-of-corp"}, {batch, "corp", `{"x": 1}`, "predict narrow/x", "deny"},
	} {
		caller, asked := from(c.peer, c.issuer, c.claims), call(t, c.call)
		if got := line(p.Decide(noon, caller, asked)); got != c.want {
			t.Errorf("Decide(%s %s %s, %s) = %q, want %q", c.peer, c.issuer, c.claims, c.call, got, c.want)
		}
		if n := testing.AllocsPerRun(20, func() { p.Decide(noon, caller, asked) }); n != 0 {
			t.Errorf("Decide(%s %s, %s) allocates %v times", c.peer, c.issuer, c.call, n)
		}
	}
}

func TestPeerMembersRefused(t *testing.T) {
	const domain = `is of no trust domain that "peer" names`
	const needs = `has members of the connection's certificate and needs "peer": true`
	const mixed = `a grant to the peer has members spiffe: and namespace:, and neither issuers nor claims`
	grant := func(more string) string {
		return `"grants": [{"name": "g", "verbs": ["predict"], "models": ["a/b"], ` + more + `}]`
	}
	deny := func(more string) string { return `"denies": [{"name": "d", ` + more + `}]` }
	for _, c := range []struct{ policy, want string }{
		{pinned + grant(`"peer": true, "members": ["`+web+`", "namespace:prod"]`), ``},
		{pinned + grant(`"peer": true, "members": ["namespace:`+strings.Repeat("a", 63)+`", "spiffe://cluster.local/a"]`), ``},
		{pinned + deny(`"members": ["`+web+`", "namespace:prod", "user:ana@example.com"]`), ``},
		{pinned + grant(`"members": ["`+web+`"]`), `"/grants/0": ` + needs},
		{pinned + grant(`"issuers": ["corp"], "members": ["namespace:prod"]`), `"/grants/0": ` + needs},
		{pinned + grant(`"issuers": ["corp"], "members": ["user:ana@example.com", "namespace:prod"]`), `"/grants/0": ` + needs},
		{pinned + grant(`"peer": false, "members": ["namespace:prod"]`), `"/grants/0/peer": is true or absent`},
		{pinned + grant(`"peer": "yes", "members": ["namespace:prod"]`), `"/grants/0/peer": true or false expected` + "\n" + `"/grants/0/peer": is true or absent`},
		{pinned + grant(`"peer": true, "members": ["namespace:prod", "user:ana@example.com"]`), `"/grants/0": ` + mixed},
		{pinned + grant(`"peer": true, "members": ["namespace:prod", "allUsers"]`), `"/grants/0": ` + mixed},
		{pinned + grant(`"peer": true, "members": ["namespace:prod", "deleted:user:x@y?uid=1"]`), `"/grants/0": ` + mixed},
		{pinned + grant(`"peer": true, "members": ["user:ana@example.com"]`), `"/grants/0": ` + mixed},
		{pinned + grant(`"peer": true, "members": ["namespace:prod"], "issuers": ["corp"]`), `"/grants/0": ` + mixed},
		{pinned + grant(`"peer": true, "members": ["namespace:prod"], "claims": [{"pointer": "/a", "exists": true}]`), `"/grants/0": ` + mixed},
		{pinned + grant(`"peer": true`), `"/grants/0": ` + mixed},
		{pinned + deny(`"peer": true, "members": ["namespace:prod"]`), `"/denies/0/peer": stands in grants only: a deny applies to its members without it`},
		{pinned + deny(`"peer": false`), `"/denies/0/peer": stands in grants only: a deny applies to its members without it`},
		// Without "peer" in the configuration, or of another trust domain.
		{grant(`"peer": true, "members": ["` + web + `"]`), `"/grants/0/members/0": ` + domain}, {grant(`"peer": true, "members": ["namespace:prod"]`), `"/grants/0/members/0": ` + domain},
		{deny(`"members": ["` + web + `"]`), `"/denies/0/members/0": ` + domain}, {deny(`"members": ["user:ana@example.com", "namespace:prod"]`), `"/denies/0/members/1": ` + domain},
		{pinned + deny(`"members": ["spiffe://other.local/ns/prod/sa/web"]`), `"/denies/0/members/0": ` + domain}, {pinned + deny(`"members": ["spiffe://cluster.local/"]`), `"/denies/0/members/0": ` + domain},
		{pinned + deny(`"members": ["spiffe://cluster.local/a/*"]`), `"/denies/0/members/0": ` + domain}, {pinned + deny(`"members": ["spiffe:cluster.local/a"]`), `"/denies/0/members/0": ` + domain},
		{pinned + deny(`"members": ["SPIFFE://cluster.local/a"]`), `"/denies/0/members/0": "SPIFFE://cluster.local/a" is of a kind that is not known here`},
		{pinned + deny(`"members": ["spiffe:"]`), `"/denies/0/members/0": is no member such as user:ana@example.com`}, {pinned + deny(`"members": ["namespace:"]`), `"/denies/0/members/0": is no member such as user:ana@example.com`},
		{pinned + deny(`"members": ["namespace:*"]`), `"/denies/0/members/0": "namespace:*" is no DNS-1123 label`}, {pinned + deny(`"members": ["namespace:Prod"]`), `"/denies/0/members/0": "namespace:Prod" is no DNS-1123 label`},
		{pinned + deny(`"members": ["namespace:a/b"]`), `"/denies/0/members/0": "namespace:a/b" is no DNS-1123 label`}, {pinned + deny(`"members": ["namespace:a.b"]`), `"/denies/0/members/0": "namespace:a.b" is no DNS-1123 label`},
		{pinned + deny(`"members": ["namespace:-a"]`), `"/denies/0/members/0": "namespace:-a" is no DNS-1123 label`}, {pinned + deny(`"members": ["namespace: a"]`), `"/denies/0/members/0": "namespace: a" is no DNS-1123 label`},
		// Neither a snapshot nor an IAM policy knows them.
		{pinned + `"groups": [{"name": "g", "members": ["namespace:prod"]}]`, `"/groups/0/members/0": a group's snapshot holds users and service accounts; write nested groups out`},
		{pinned + `"iam": [{"name": "i", "issuers": ["corp"], "roles": {"r": {"role": "viewer", "models": ["a/b"]}}, "policy": {"bindings": [{"role": "r", "members": ["namespace:prod", "` + web + `", "allUsers"]}]}}]`,
			`"/iam/0/policy/bindings/0/members/0": is no member of an IAM policy; write a grant with "peer": true instead` + "\n" +
				`"/iam/0/policy/bindings/0/members/1": is no member of an IAM policy; write a grant with "peer": true instead`},
	} {
		if _, problems := tryCompile("{" + c.policy + "}"); problems.Error() != c.want {
			t.Errorf("Compile(%s) = %v, want %s", c.policy, problems, c.want)
		}
	}
}
