package authz_test

import "testing"

// TestDecidePartial decides before the call is complete: on a service without a
// model, which is written with a slash, and on a model without a version.
func TestDecidePartial(t *testing.T) {
	p := compile(t, `{
		"denies": [{"name": "closed", "models": ["prod/closed"]}, {"name": "frozen", "verbs": ["load"],
			"models": ["prod/llm/a"]}, {"name": "old", "models": ["prod/llm/a@1"]}],
		"grants": [
			{"name": "deep", "issuers": ["corp"], "members": ["user:ana@example.com"], "role": "invoker",
				"models": ["prod/llm/meta/llama*", "prod/tf/m@3", "lab-*/x*/y", "prod/one@7"]},
			{"name": "all", "issuers": ["corp"], "members": ["user:root@example.com"], "role": "admin", "models": ["*/*"]},
			{"name": "trial", "shadow": {"until": "2027-01-01T00:00:00Z"}, "issuers": ["corp"], "members": ["user:bob@example.com"],
				"role": "viewer", "models": ["prod/llm/a"]}]}`)
	const ana, bob, root = `{"email": "ana@example.com"}`, `{"email": "bob@example.com"}`, `{"email": "root@example.com"}`
	for _, c := range []struct{ claims, call, decide, partial string }{
		{ana, "predict prod/llm/", "deny old", "allow"},
		{ana, "predict prod/tf/", "deny", "allow"},
		{ana, "predict lab-1/xx/", "deny", "allow"},
		{ana, "predict prod/one/", "deny", "allow"},
		{ana, "predict prod/one/m", "deny", "allow"},
		{ana, "load prod/llm/", "deny frozen", "deny"},
		{ana, "predict prod/other/", "deny", "deny"},
		{ana, "predict lab/x/", "deny", "deny"},
		{ana, "predict prod/llm/ prod/other/", "deny old", "deny"},
		{ana, "predict prod/llm/ prod/tf/", "deny old", "allow"},
		{ana, "predict prod/tf/m", "deny", "allow"},
		{ana, "predict prod/tf/m@2", "deny", "deny"},
		{ana, "predict prod/tf/m@3", "allow deep", "allow"},
		{ana, "predict prod/tf/n", "deny", "deny"},
		{ana, "predict prod/llm/meta/llama-3", "allow deep", "allow"},
		{ana, "predict prod/llm/meta/other", "deny", "deny"},
		{ana, "predict prod/llm/meta", "deny", "deny"},
		{bob, "ready prod/llm/", "deny old", "allow"},
		{bob, "ready prod/llm/a", "deny old", "allow"},
		{bob, "ready prod/llm/a@2", "allow trial", "allow"},
		{bob, "predict prod/llm/", "deny old", "deny"},
		{root, "predict prod/closed/", "deny closed", "deny closed"},
		{root, "predict prod/closed/m", "deny closed", "deny closed"},
		{root, "load prod/llm/a", "deny frozen", "deny frozen"},
		{root, "load prod/llm/", "deny frozen", "allow"},
		{root, "predict prod/llm/a", "deny old", "allow"},
		{root, "predict prod/llm/a@2", "allow all", "allow"},
		{root, "predict prod/llm/b", "allow all", "allow"},
		{root, "predict prod/llm/a@1", "deny old", "deny old"},
		{root, "load prod/llm/ prod/closed/", "deny frozen", "deny closed"},
		{"", "predict prod/llm/", "deny old", "deny"},
		{root, "predict", "deny", "deny"},
	} {
		issuer := "corp"
		if c.claims == "" {
			issuer = ""
		}
		t.Run(c.call+" "+c.claims, func(t *testing.T) {
			if got := line(p.Decide(noon, who(issuer, c.claims), call(t, c.call))); got != c.decide {
				t.Errorf("Decide(%s, %s) = %q, want %q", c.claims, c.call, got, c.decide)
			}
			if got := line(p.DecidePartial(noon, who(issuer, c.claims), call(t, c.call))); got != c.partial {
				t.Errorf("DecidePartial(%s, %s) = %q, want %q", c.claims, c.call, got, c.partial)
			}
		})
	}
}
