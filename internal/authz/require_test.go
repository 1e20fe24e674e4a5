package authz_test

import "testing"

// TestRequire: a grant that requires a certificate holds only beside one, and hides no
// later grant from callers without one.
func TestRequire(t *testing.T) {
	const ana, bob = `{"email": "ana@example.com"}`, `{"email": "bob@example.com"}`
	p := compile(t, `{`+pinned+`"grants": [
		{"name": "both", "issuers": ["google"], "members": ["user:ana@example.com", "user:bob@example.com"],
			"require": ["certificate"], "role": "invoker", "models": ["*/*"]},
		{"name": "token", "issuers": ["google"], "members": ["user:ana@example.com"], "verbs": ["ready"], "models": ["*/*"]},
		{"name": "any", "members": ["allUsers"], "require": ["certificate"], "verbs": ["list"], "models": ["public/*"]},
		{"name": "web", "peer": true, "members": ["`+web+`"], "require": ["certificate"], "verbs": ["load"], "models": ["a/*"]},
		{"name": "trial", "issuers": ["google"], "members": ["user:bob@example.com"], "require": ["certificate"],
			"verbs": ["unload"], "models": ["a/*"], "shadow": {"until": "2100-01-01T00:00:00Z"}}]}`)
	for _, c := range []struct{ peer, issuer, claims, call, want string }{
		{web, "google", ana, "predict a/b", "allow both"},
		{batch, "google", bob, "predict a/b", "allow both"},
		{"", "google", ana, "predict a/b", "deny"},
		{"", "google", bob, "predict a/b", "deny"},
		{web, "", "", "predict a/b", "deny"},
		{web, "corp", ana, "predict a/b", "deny"},
		{web, "google", `{"email": "eve@example.com"}`, "predict a/b", "deny"},
		{web, "google", ana, "ready a/b", "allow both"},
		{"", "google", ana, "ready a/b", "allow token"},
		{"", "google", bob, "ready a/b", "deny"},
		{web, "", "", "list public/x", "allow any"},
		{"", "", "", "list public/x", "deny"},
		{"", "google", bob, "list public/x", "deny"},
		{web, "", "", "load a/b", "allow web"},
		{batch, "", "", "load a/b", "deny"},
		{batch, "google", bob, "unload a/b", "allow trial"},
		{"", "google", bob, "unload a/b", "deny"},
	} {
		t.Run(c.peer+" "+c.issuer+" "+c.claims+" "+c.call, func(t *testing.T) {
			if got := line(p.Decide(noon, from(c.peer, c.issuer, c.claims), call(t, c.call))); got != c.want {
				t.Errorf("Decide(%s %s %s, %s) = %q, want %q", c.peer, c.issuer, c.claims, c.call, got, c.want)
			}
		})
	}
}
