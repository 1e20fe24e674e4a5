package authz_test

import "testing"

// TestSubjects: sub: is the subject of the issuers that the rule names, exactly.
func TestSubjects(t *testing.T) {
	const policy = `{
		"groups": [{"name": "crew", "members": ["sub:7", "user:ana@example.com"]}, {"name": "robots", "members": ["sub:bot", "sub:Bot2"]}],
		"denies": [
			{"name": "no-eve", "members": ["sub:eve"], "models": ["no/eve"]},
			{"name": "no-corp-eve", "issuers": ["corp"], "members": ["sub:eve"], "models": ["no/corp"]},
			{"name": "no-robots", "members": ["group:robots"], "models": ["no/robots"]},
			{"name": "no-crew", "members": ["group:crew"], "models": ["no/crew"]}],
		"grants": [
			{"name": "one", "issuers": ["google"], "members": ["sub:7"], "role": "invoker", "models": ["m/one"]},
			{"name": "odd", "issuers": ["corp"], "members": ["sub: a:b@c/ü*"], "role": "invoker", "models": ["m/odd"]},
			{"name": "crew", "issuers": ["google", "corp"], "members": ["group:crew"], "role": "invoker", "models": ["m/crew"]},
			{"name": "robots", "issuers": ["google"], "members": ["group:robots"], "role": "invoker", "models": ["m/robots"]},
			{"name": "pool", "issuers": ["partner"], "members": ["principalSet://iam.googleapis.com/` + pool + `/group/robots"],
				"role": "invoker", "models": ["m/pool"]},
			{"name": "all", "members": ["allUsers"], "role": "invoker", "models": ["no/*"]}]}`
	decide(t, policy, []decideCase{
		{"google", `{"sub": "7"}`, "predict m/one", "allow one"},
		{"corp", `{"sub": "7"}`, "predict m/one", "deny"}, // another issuer's 7 is another caller
		{"partner", `{"sub": "7"}`, "predict m/one", "deny"},
		{"google", `{"sub": "77"}`, "predict m/one", "deny"},
		{"google", `{"sub": "7 "}`, "predict m/one", "deny"},
		{"google", `{"sub": "", "email": "7"}`, "predict m/one", "deny"},
		{"", "", "predict m/one", "deny"},
		{"corp", `{"sub": " a:b@c/ü*"}`, "predict m/odd", "allow odd"},
		{"corp", `{"sub": "a:b@c/ü*"}`, "predict m/odd", "deny"},
		{"corp", `{"sub": " a:b@c/üx"}`, "predict m/odd", "deny"}, // no pattern
		{"corp", `{"sub": " A:b@c/ü*"}`, "predict m/odd", "deny"},
		// A group of the configuration.
		{"google", `{"sub": "7"}`, "predict m/crew", "allow crew"},
		{"corp", `{"sub": "7"}`, "predict m/crew", "allow crew"},
		{"partner", `{"sub": "7"}`, "predict m/crew", "deny"},
		{"corp", `{"sub": "8", "email": "ana@example.com"}`, "predict m/crew", "allow crew"},
		{"corp", `{"sub": "8", "email": "7"}`, "predict m/crew", "deny"},
		{"google", `{"sub": "bot"}`, "predict m/robots", "allow robots"},
		{"google", `{"sub": "bot2"}`, "predict m/robots", "deny"},
		{"google", `{"email": "bot"}`, "predict m/robots", "deny"},
		{"partner", `{"sub": "bot"}`, "predict m/pool", "allow pool"},
		{"partner", `{"sub": "7"}`, "predict m/pool", "deny"},
		// A deny: of every issuer, or of those that it names.
		{"google", `{"sub": "eve"}`, "predict no/eve", "deny no-eve"},
		{"corp", `{"sub": "eve"}`, "predict no/eve", "deny no-eve"},
		{"google", `{"sub": "Eve"}`, "predict no/eve", "allow all"}, // subjects are compared exactly (OpenID Connect Core section 2)
		{"", "", "predict no/eve", "allow all"},
		{"google", `{"sub": "eve"}`, "predict no/corp", "allow all"},
		{"corp", `{"sub": "eve"}`, "predict no/corp", "deny no-corp-eve"},
		// A caller without a subject may be anybody.
		{"corp", `{"email": "x@example.com", "groups": []}`, "predict no/eve", "deny no-eve"},
		{"corp", `{"email": "x@example.com", "groups": []}`, "predict no/corp", "deny no-corp-eve"},
		{"google", `{"email": "x@example.com", "groups": []}`, "predict no/corp", "allow all"},
		// A group of subjects is told without an address; one of addresses too is not.
		{"corp", `{"sub": "bot", "groups": []}`, "predict no/robots", "deny no-robots"},
		{"corp", `{"sub": "x", "groups": []}`, "predict no/robots", "allow all"},
		{"corp", `{"sub": "x", "groups": ["robots"]}`, "predict no/robots", "deny no-robots"},
		{"corp", `{"sub": "x"}`, "predict no/robots", "deny no-robots"}, // the issuer names groups too, and may have left them out
		{"corp", `{"email": "x@example.com", "groups": []}`, "predict no/robots", "deny no-robots"},
		{"corp", `{"sub": "x", "groups": []}`, "predict no/crew", "deny no-crew"},
		{"corp", `{"sub": "x", "groups": [], "email": "x@example.com"}`, "predict no/crew", "allow all"},
	})
}
