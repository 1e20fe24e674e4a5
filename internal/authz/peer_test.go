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
			{"name": "no-web-of-corp", "issuers": ["corp"], "members": ["` + web + `"],
				"claims": [{"pointer": "/x", "equals": 1}], "models": ["narrow/*"]}],
		"grants": [
			{"name": "web", "peer": true, "members": ["` + web + `"], "role": "invoker", "models": ["prod/*", "denied/*", "narrow/*"]},
			{"name": "batch", "peer": true, "members": ["namespace:batch"], "role": "invoker", "models": ["batch/*"]},
			{"name": "both", "peer": true, "members": ["namespace:prod", "` + batch + `"], "verbs": ["list"], "models": ["*/*"]},
			{"name": "ana", "issuers": ["google"], "members": ["user:ana@example.com"], "role": "invoker", "models": ["*/*"]},
			{"name": "world", "members": ["allUsers"], "verbs": ["ready", "explain"], "models": ["public/*"]}]}`
	p := compile(t, policy)
	for _, c := range []struct{ peer, issuer, claims, call, want string }{
		// The peer's grant, without a token and with any issuer's.
		{web, "", "", "predict prod/fraud", "allow web"},
		{web, "google", `{}`, "predict prod/fraud", "allow web"},
		{web, "corp", ana, "predict prod/fraud", "allow web"},
		{web, "partner", `{}`, "predict prod/fraud", "allow web"},
		{batch, "", "", "predict batch/x", "allow batch"},
		{batch, "corp", `{}`, "predict batch/x", "allow batch"},
		{batch, "", "", "list any/x", "allow both"},
		{web, "", "", "list any/x", "allow both"},
		{"", "", "", "predict prod/fraud", "deny"},
		{"", "corp", ana, "predict prod/fraud", "deny"},
		{batch, "", "", "predict prod/fraud", "deny"},
		{web, "", "", "predict batch/x", "deny"},
		{web, "", "", "load prod/fraud", "deny"},
		{web + "2", "", "", "predict prod/fraud", "deny"},
		{web[:len(web)-1], "", "", "predict prod/fraud", "deny"},
		{strings.ToUpper(web), "", "", "predict prod/fraud", "deny"},
		{"spiffe://cluster.local/ns/batch2/sa/x", "", "", "predict batch/x", "deny"},
		{"spiffe://cluster.local/ns/batc/sa/x", "", "", "predict batch/x", "deny"},
		{plain, "", "", "predict batch/x", "deny"},
		{"spiffe://cluster.local/x/ns/batch/sa/x", "", "", "predict batch/x", "deny"},
		// A token's grant does not need the peer, and the two do not mix.
		{batch, "google", ana, "predict prod/fraud", "allow ana"},
		{"", "google", ana, "predict prod/fraud", "allow ana"},
		{plain, "google", ana, "predict prod/fraud", "allow ana"},
		{batch, "corp", ana, "predict prod/fraud", "deny"},
		{web, "google", ana, "predict prod/fraud", "allow web"}, // the first
		{web, "", "", "ready public/x", "allow world"},
		{plain, "", "", "ready public/x", "allow world"},
		// Each model of a call needs a grant, the peer's or the token's.
		{web, "google", ana, "predict prod/fraud dev/x", "allow ana"},
		{web, "", "", "predict prod/fraud dev/x", "deny"},
		{web, "corp", ana, "predict prod/fraud dev/x", "deny"},
		// Denies, with and without a token.
		{web, "", "", "predict denied/x", "deny no-web"},
		{web, "google", ana, "predict denied/x", "deny no-web"},
		{web, "partner", `{}`, "predict denied/x", "deny no-web"},
		{"", "google", ana, "predict denied/x", "allow ana"},
		{batch, "google", ana, "predict denied/x", "allow ana"},
		{batch, "", "", "explain public/x", "deny no-batch"},
		{batch, "google", ana, "explain public/x", "deny no-batch"},
		{plain, "google", ana, "explain public/x", "allow ana"},
		{"", "", "", "explain public/x", "allow world"},
		{"", "corp", `{"email": "eve@example.com"}`, "explain public/x", "deny no-batch"},
		{web, "", "", "explain public/x", "allow world"},
		{web, "google", ana, "predict prod/fraud denied/x", "deny no-web"},
		// The claims of a deny: what is not known to differ is denied.
		{web, "", "", "predict narrow/x", "deny no-web-of-corp"},
		{web, "corp", `{"x": 2}`, "predict narrow/x", "allow web"},
		{web, "corp", `{"x": 1}`, "predict narrow/x", "deny no-web-of-corp"},
		{batch, "corp", `{"x": 1}`, "predict narrow/x", "deny"},
	} {
		caller, asked := from(c.peer, c.issuer, c.claims), call(t, c.call)
		t.Run(c.peer+" "+c.issuer+" "+c.claims+" "+c.call, func(t *testing.T) {
			if got := line(p.Decide(noon, caller, asked)); got != c.want {
				t.Errorf("Decide(%s %s %s, %s) = %q, want %q", c.peer, c.issuer, c.claims, c.call, got, c.want)
			}
			if n := testing.AllocsPerRun(20, func() { p.Decide(noon, caller, asked) }); n != 0 {
				t.Errorf("Decide(%s %s, %s) allocates %v times, want 0", c.peer, c.issuer, c.call, n)
			}
		})
	}
}
