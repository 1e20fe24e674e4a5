package authz_test

import (
	"fmt"
	"testing"
)

func TestDenies(t *testing.T) {
	const grant = `"grants": [{"name": "world", "members": ["allUsers"], "role": "admin", "models": ["*/*"]}]`
	ana := `{"email": "ana@example.com", "hd": "example.com", "groups": ["ops"]}`
	for _, c := range []struct{ deny, issuer, claims, call, want string }{
		// What a deny leaves out does not constrain it.
		{`{}`, "google", ana, "predict prod/fraud", "deny no"},
		{`{}`, "", "", "ready a/b", "deny no"},
		{`"models": ["prod/*"]`, "", "", "predict prod/fraud", "deny no"},
		{`"models": ["prod/*"]`, "", "", "predict dev/fraud", "allow world"},
		{`"verbs": ["explain"]`, "google", ana, "explain prod/fraud", "deny no"},
		{`"verbs": ["explain"]`, "google", ana, "predict prod/fraud", "allow world"},
		{`"role": "viewer"`, "", "", "ready prod/fraud", "deny no"},
		{`"role": "viewer"`, "", "", "predict prod/fraud", "allow world"},
		// Members without issuers: any issuer may assert them.
		{`"members": ["user:ana@example.com"]`, "google", ana, "predict a/b", "deny no"},
		{`"members": ["user:ana@example.com"]`, "corp", ana, "predict a/b", "deny no"},
		{`"members": ["user:ana@example.com"]`, "corp", `{"email": "bob@example.com"}`, "predict a/b", "allow world"},
		{`"members": ["user:ana@example.com"]`, "", "", "predict a/b", "allow world"},
		{`"members": ["group:ops"]`, "partner", ana, "predict a/b", "deny no"},
		{`"members": ["domain:example.com"]`, "corp", ana, "predict a/b", "deny no"},
		{`"members": ["group:crew"]`, "corp", ana, "predict a/b", "deny no"}, // by the snapshot
		{`"members": ["allAuthenticatedUsers"]`, "corp", `{}`, "predict a/b", "deny no"},
		{`"members": ["allAuthenticatedUsers"]`, "", "", "predict a/b", "allow world"},
		{`"members": ["allUsers"]`, "", "", "predict a/b", "deny no"},
		{`"members": ["deleted:user:ana@example.com?uid=1", "user:x@example.com"]`, "google", ana, "predict a/b", "allow world"},
		{`"members": ["principalSet://iam.googleapis.com/` + pool + `/*"]`, "partner", `{}`, "predict a/b", "deny no"},
		{`"members": ["principalSet://iam.googleapis.com/` + pool + `/*"]`, "google", `{}`, "predict a/b", "allow world"},
		{`"members": ["principal://iam.googleapis.com/` + pool + `/subject/7"]`, "partner", `{"sub": "7"}`, "predict a/b", "deny no"},
		// With issuers: only as those assert them, and never anonymous.
		{`"issuers": ["corp"]`, "corp", `{}`, "predict a/b", "deny no"},
		{`"issuers": ["corp"]`, "google", `{}`, "predict a/b", "allow world"},
		{`"issuers": ["corp"]`, "", "", "predict a/b", "allow world"},
		{`"issuers": ["corp"], "members": ["user:ana@example.com"]`, "google", ana, "predict a/b", "allow world"},
		{`"issuers": ["corp"], "members": ["user:ana@example.com"]`, "corp", ana, "predict a/b", "deny no"},
		{`"claims": [{"pointer": "/country", "equals": "XX"}]`, "google", `{"country": "XX"}`, "predict a/b", "deny no"},
		{`"claims": [{"pointer": "/country", "equals": "XX"}]`, "google", `{"country": "YY"}`, "predict a/b", "allow world"},
		{`"claims": [{"pointer": "/country", "equals": "XX"}]`, "google", `{}`, "predict a/b", "deny no"}, // cannot be evaluated
		{`"claims": [{"pointer": "/country", "equals": "XX"}]`, "", "", "predict a/b", "allow world"},
		// One denied model denies the call, whatever its position.
		{`"models": ["prod/*"]`, "google", ana, "predict a/b prod/x", "deny no"},
		{`"models": ["prod/*"]`, "google", ana, "predict prod/x a/b", "deny no"},
	} {
		more := ", " + c.deny
		if c.deny == `{}` {
			more = ""
		}
		decide(t, `{"groups": [{"name": "crew", "members": ["user:ana@example.com"]}], "denies": [{"name": "no"`+more+`}], `+grant+`}`,
			[]decideCase{{c.issuer, c.claims, c.call, c.want}})
	}
	decide(t, `{"denies": [{"name": "a", "models": ["x/*"]}, {"name": "b"}], `+grant+`}`,
		[]decideCase{{"", "", "predict x/y", "deny a"}, {"", "", "predict y/x", "deny b"}, {"", "", "predict y/x x/y", "deny b"}})
}

// TestDeniesOfAddresses: a denied caller cannot avoid the deny by another spelling
// of the address, or by an address that is not verified. Neither gets a grant.
func TestDeniesOfAddresses(t *testing.T) {
	const policy = `{"groups": [{"name": "crew", "members": ["user:Bob@example.com", "serviceAccount:s@p.iam.gserviceaccount.com"]}],
		"denies": [{"name": "ana", "members": ["user:Ana@Example.com"], "models": ["a/*"]}, {"name": "robot",
			"members": ["serviceAccount:r@p.iam.gserviceaccount.com"], "models": ["a/*"]},
			{"name": "crew", "members": ["group:crew"], "models": ["b/*"]}, {"name": "there", "members": ["domain:example.com"],
				"models": ["c/*"]}],
		"grants": [{"name": "exact", "issuers": ["corp"], "members": ["user:Ana@Example.com", "group:crew", "domain:example.com"],
			"role": "invoker", "models": ["d/*"]},
			{"name": "all", "members": ["allUsers"], "role": "invoker", "models": ["a/*", "b/*", "c/*"]}]}`
	decide(t, policy, []decideCase{
		{"corp", `{"email": "Ana@Example.com"}`, "predict a/x", "deny ana"},
		{"corp", `{"email": "ana@example.com"}`, "predict a/x", "deny ana"},
		{"corp", `{"email": "ANA@EXAMPLE.COM"}`, "predict a/x", "deny ana"},
		{"corp", `{"claimed": "ana@example.com"}`, "predict a/x", "deny ana"},
		{"corp", `{"claimed": "bana@example.com"}`, "predict a/x", "allow all"},
		{"corp", `{}`, "predict a/x", "deny ana"}, // nothing tells that it is not she
		{"corp", `{"email": "R@p.iam.GServiceAccount.com"}`, "predict a/x", "deny robot"},
		{"corp", `{"claimed": "r@p.iam.gserviceaccount.com"}`, "predict a/x", "deny robot"},
		{"corp", `{"email": "bob@EXAMPLE.com"}`, "predict b/x", "deny crew"},
		{"corp", `{"claimed": "BOB@example.com"}`, "predict b/x", "deny crew"},
		{"corp", `{"claimed": "s@p.iam.gserviceaccount.com"}`, "predict b/x", "deny crew"},
		{"corp", `{"groups": ["crew"]}`, "predict b/x", "deny crew"},
		{"corp", `{"groups": ["Crew"], "email": "x@example.com"}`, "predict b/x", "allow all"}, // an issuer's own names
		{"corp", `{"hd": "Example.COM"}`, "predict c/x", "deny there"},
		{"corp", `{"hd": "example.com."}`, "predict c/x", "allow all"},
		{"corp", `{"email": "Ana@Example.com"}`, "predict d/x", "allow exact"},
		{"corp", `{"email": "Bob@example.com"}`, "predict d/x", "allow exact"},
		{"corp", `{"hd": "example.com"}`, "predict d/x", "allow exact"},
		{"corp", `{"email": "ana@example.com"}`, "predict d/x", "deny"},
		{"corp", `{"claimed": "Ana@Example.com"}`, "predict d/x", "deny"},
		{"corp", `{"email": "bob@example.com"}`, "predict d/x", "deny"},
		{"corp", `{"claimed": "Bob@example.com"}`, "predict d/x", "deny"},
		{"corp", `{"hd": "Example.com"}`, "predict d/x", "deny"},
	})
}

func TestFirstGrantIsNamed(t *testing.T) {
	const policy = `{"grants": [
		{"name": "one", "issuers": ["google"], "members": ["user:ana@example.com"], "claims": [{"pointer": "/mfa", "equals": true}],
			"role": "invoker", "models": ["prod/*"]},
		{"name": "two", "issuers": ["google"], "members": ["domain:example.com"], "role": "viewer", "models": ["prod/fraud"]},
		{"name": "three", "issuers": ["google"], "members": ["user:ana@example.com"], "role": "invoker", "models": ["prod/*"]},
		{"name": "four", "issuers": ["google"], "members": ["user:ana@example.com", "user:ana@example.com"], "role": "admin",
			"models": ["prod/*", "prod/fraud"]},
		{"name": "five", "members": ["allUsers"], "verbs": ["admin", "predict"], "models": ["*/*"]}]}`
	ana := `{"email": "ana@example.com", "hd": "example.com"`
	decide(t, policy, []decideCase{
		{"google", ana + `, "mfa": true}`, "predict prod/fraud", "allow one"},
		{"google", ana + `, "mfa": true}`, "ready prod/fraud", "allow one"},
		{"google", ana + `}`, "ready prod/fraud", "allow two"},
		{"google", ana + `}`, "predict prod/fraud", "allow three"},
		{"google", ana + `}`, "load prod/fraud", "allow four"},
		{"google", ana + `}`, "admin prod/fraud", "allow four"},
		{"google", ana + `}`, "predict dev/fraud", "allow five"},
		{"google", ana + `}`, "load dev/fraud", "deny"},
		{"corp", ana + `, "mfa": true}`, "predict prod/fraud", "allow five"},
		{"google", ana + `}`, "load prod/fraud dev/fraud", "deny"}, // every model needs a grant
		{"google", ana + `}`, "predict dev/fraud prod/fraud", "allow three"},
	})
}

func TestIAM(t *testing.T) {
	const policy = `{"grants": [{"name": "own", "issuers": ["corp"], "members": ["user:ana@example.com"], "verbs": ["ready"],
		"models": ["prod/echo"]}],
		"iam": [{"name": "run", "issuers": ["google", "partner"],
			"roles": {"roles/run.invoker": {"role": "invoker", "models": ["prod/echo"]},
				"roles/own": {"verbs": ["load"], "models": ["prod/*", "dev/*"]}},
			"policy": {"version": 1, "etag": "x", "bindings": [
				{"role": "roles/run.invoker", "members": ["user:ana@example.com", "deleted:user:old@example.com?uid=1",
					"principalSet://iam.googleapis.com/` + pool + `/*"]},
				{"role": "roles/own", "members": ["domain:example.com"]},
				{"role": "roles/run.invoker", "members": ["allUsers"]}]}}]}`
	decide(t, policy, []decideCase{
		{"google", `{"email": "ana@example.com"}`, "predict prod/echo", "allow run/roles/run.invoker"},
		{"google", `{"hd": "example.com"}`, "load dev/x", "allow run/roles/own"},
		{"corp", `{"hd": "example.com"}`, "load dev/x", "deny"},
		{"google", `{"email": "ana@example.com"}`, "load prod/echo", "deny"},
		{"", "", "predict prod/echo", "allow run/roles/run.invoker"},
		{"", "", "predict prod/other", "deny"},
		{"partner", `{}`, "predict prod/echo", "allow run/roles/run.invoker"},
		{"corp", `{"email": "ana@example.com"}`, "ready prod/echo", "allow own"},
	})
}

// TestConditions holds each operator to each type of claim: yes grants and
// denies, no does neither, and unknown denies without granting.
func TestConditions(t *testing.T) {
	const yes, no, unknown = "yes", "no", "unknown"
	for _, c := range []struct{ condition, claims, want string }{
		{`"equals": "a"`, `{"c": "a"}`, yes},
		{`"equals": "a"`, `{"c": "A"}`, no},
		{`"equals": "a"`, `{"c": ""}`, no},
		{`"equals": "\u0061"`, `{"c": "\u0061"}`, yes},
		{`"equals": "a"`, `{}`, unknown},
		{`"equals": "a"`, `{"c": null}`, unknown},
		{`"equals": "a"`, `{"c": ["a"]}`, unknown},
		{`"equals": "a"`, `{"c": {"a": "a"}}`, unknown},
		{`"equals": "1"`, `{"c": 1}`, no},
		{`"equals": 1`, `{"c": "1"}`, no},
		{`"equals": true`, `{"c": "true"}`, no},
		{`"equals": "true"`, `{"c": true}`, no},
		{`"equals": 1`, `{"c": 1}`, yes},
		{`"equals": 1`, `{"c": 1.0}`, yes},
		{`"equals": 10`, `{"c": 1e1}`, yes},
		{`"equals": 1`, `{"c": 1.5}`, no},
		{`"equals": 0`, `{"c": -0}`, yes},
		{`"equals": 9007199254740993`, `{"c": 9007199254740992}`, no},
		{`"equals": 9007199254740993`, `{"c": 9007199254740993}`, yes},
		{`"equals": 1e400`, `{"c": 1e401}`, no},
		{`"equals": true`, `{"c": true}`, yes},
		{`"equals": true`, `{"c": false}`, no},
		{`"equals": false`, `{"c": false}`, yes},
		{`"equals": false`, `{}`, unknown},
		{`"anyOf": ["a", 2, true]`, `{"c": "a"}`, yes},
		{`"anyOf": ["a", 2, true]`, `{"c": 2}`, yes},
		{`"anyOf": ["a", 2, true]`, `{"c": true}`, yes},
		{`"anyOf": ["a", 2, true]`, `{"c": false}`, no},
		{`"anyOf": ["a"]`, `{"c": "b"}`, no},
		{`"anyOf": ["a"]`, `{}`, unknown},
		{`"anyOf": ["a"]`, `{"c": ["a"]}`, unknown},
		{`"anyOf": ["a"]`, `{"c": null}`, unknown},
		{`"anyOf": ["a"]`, `{"c": {}}`, unknown},
		{`"contains": "a"`, `{"c": ["b", "a"]}`, yes},
		{`"contains": "a"`, `{"c": ["b"]}`, no},
		{`"contains": "a"`, `{"c": []}`, no},
		{`"contains": 1`, `{"c": ["1", 1]}`, yes},
		{`"contains": true`, `{"c": [[true]]}`, no},
		{`"contains": "a"`, `{"c": "a"}`, unknown},
		{`"contains": "a"`, `{"c": "xax"}`, unknown},
		{`"contains": "a"`, `{"c": {"a": "a"}}`, unknown},
		{`"contains": 1`, `{"c": 1}`, unknown},
		{`"contains": "a"`, `{}`, unknown},
		{`"contains": true`, `{"c": true}`, unknown},
		{`"contains": "a"`, `{"c": null}`, unknown},
		{`"contains": ["a", 2]`, `{"c": ["b", "a"]}`, yes},
		{`"contains": ["a", 2]`, `{"c": ["b", 2]}`, yes},
		{`"contains": ["a", 2]`, `{"c": ["b", "2"]}`, no},
		{`"contains": ["a", 2]`, `{"c": []}`, no},
		{`"contains": ["a", 2]`, `{"c": "a"}`, unknown},
		{`"contains": ["a", 2]`, `{}`, unknown},
		{`"word": "b"`, `{"c": "a b c"}`, yes},
		{`"word": "b"`, `{"c": "b"}`, yes},
		{`"word": "b"`, `{"c": "  b  "}`, yes},
		{`"word": "b"`, `{"c": "a bb b2 B"}`, no},
		{`"word": "b"`, `{"c": "a,b"}`, no}, // one word
		{`"word": "b"`, `{"c": ""}`, no},
		{`"word": "b"`, `{"c": "a\tb"}`, unknown},
		{`"word": "b"`, `{"c": "a\tx b"}`, yes},
		{`"word": "b"`, `{"c": ["b"]}`, unknown},
		{`"word": "b"`, `{"c": null}`, unknown},
		{`"word": "1"`, `{"c": 1}`, unknown},
		{`"word": "b"`, `{}`, unknown},
		{`"word": ["b", "ü"]`, `{"c": "a ü"}`, yes},
		{`"word": ["b", "c"]`, `{"c": "a c"}`, yes},
		{`"word": ["b", "c"]`, `{"c": "a bc"}`, no},
		{`"prefix": "ri"`, `{"c": "risk"}`, yes},
		{`"prefix": "ri"`, `{"c": "ri"}`, yes},
		{`"prefix": "ri"`, `{"c": "Risk"}`, no},
		{`"prefix": "ri"`, `{"c": "r"}`, no},
		{`"prefix": "1"`, `{"c": 12}`, unknown},
		{`"prefix": "a"`, `{}`, unknown},
		{`"prefix": "a"`, `{"c": ["a"]}`, unknown},
		{`"prefix": "t"`, `{"c": true}`, unknown},
		{`"prefix": "n"`, `{"c": null}`, unknown},
		{`"prefix": "{"`, `{"c": {}}`, unknown},
		{`"suffix": "sk"`, `{"c": "risk"}`, yes},
		{`"suffix": "sk"`, `{"c": "skr"}`, no},
		{`"suffix": "2"`, `{"c": 12}`, unknown},
		{`"suffix": "a"`, `{}`, unknown},
		{`"suffix": "a"`, `{"c": ["a"]}`, unknown},
		{`"suffix": "e"`, `{"c": true}`, unknown},
		{`"suffix": "l"`, `{"c": null}`, unknown},
		{`"exists": true`, `{"c": "a"}`, yes},
		{`"exists": true`, `{"c": ""}`, yes},
		{`"exists": true`, `{"c": null}`, yes},
		{`"exists": true`, `{"c": false}`, yes},
		{`"exists": true`, `{"c": []}`, yes},
		{`"exists": true`, `{}`, no},
		{`"exists": false`, `{"c": "a"}`, no},
		{`"exists": false`, `{"c": null}`, no},
		{`"exists": false`, `{}`, yes},
		{`"exists": false`, `{"C": 1}`, yes},
	} {
		checkCondition(t, `{"pointer": "/c", `+c.condition+`}`, c.claims, c.want)
	}
	for _, c := range []struct{ scope, claims, want string }{
		{`"read"`, `{"scope": "read"}`, yes},
		{`"read"`, `{"scope": "openid read"}`, yes},
		{`"read"`, `{"scope": "openid reads unread"}`, no},
		{`"read"`, `{"scope": "Read"}`, no},
		{`"read"`, `{"scope": ""}`, no},
		{`"read"`, `{"scope": ["openid", "read"]}`, yes},
		{`"read"`, `{"scope": ["openid read"]}`, no},
		{`"read"`, `{"scope": []}`, no},
		{`"read"`, `{"scope": "openid\tread"}`, unknown},
		{`"read"`, `{"scope": "openid\nread x read"}`, yes},
		{`"read"`, `{"scp": "openid read"}`, yes},
		{`"read"`, `{"scp": ["openid", "read"]}`, yes},
		{`"read"`, `{"scp": ["openid"]}`, no},
		{`"read"`, `{}`, unknown}, // RFC 9068 section 2.2.3: tokens should have it
		{`"read"`, `{"scopes": "read"}`, unknown},
		{`"read"`, `{"scope": null}`, unknown},
		{`"read"`, `{"scope": 1}`, unknown},
		{`"read"`, `{"scope": {"read": true}}`, unknown},
		// A token with both says one thing, or nothing certain.
		{`"read"`, `{"scope": "read", "scp": ["read"]}`, yes},
		{`"read"`, `{"scope": "write", "scp": ["write"]}`, no},
		{`"read"`, `{"scope": "read", "scp": []}`, unknown},
		{`"read"`, `{"scope": "write", "scp": ["read"]}`, unknown},
		{`"read"`, `{"scope": null, "scp": ["read"]}`, unknown},
		{`["read", "all"]`, `{"scope": "openid all"}`, yes},
		{`["read", "all"]`, `{"scp": ["read"]}`, yes},
		{`["read", "all"]`, `{"scp": ["readall"]}`, no},
		{`["read", "all"]`, `{"scope": "read", "scp": ["all"]}`, yes},
	} {
		checkCondition(t, `{"scope": `+c.scope+`}`, c.claims, c.want)
	}
	// Pointers, and several conditions at once: all of them.
	for _, c := range []struct{ conditions, claims, want string }{
		{`{"pointer": "/a~1b/~0/2", "equals": 1}`, `{"a/b": {"~": [0, 0, 1]}}`, yes},
		{`{"pointer": "/act/sub", "equals": "proxy"}`, `{"sub": "ana", "act": {"sub": "proxy"}}`, yes}, // RFC 8693 section 4.1
		{`{"pointer": "/act/sub", "equals": "proxy"}`, `{"act": {"sub": "other", "act": {"sub": "proxy"}}}`, no},
		{`{"pointer": "/act/sub", "equals": "proxy"}`, `{"act": "proxy"}`, unknown},
		{`{"pointer": "/act", "exists": false}`, `{"sub": "ana"}`, yes},
		{`{"scope": "a"}, {"scope": "b"}`, `{"scope": "b a"}`, yes},
		{`{"scope": "a"}, {"scope": "b"}`, `{"scope": "b"}`, no},
		{`{"scope": "a"}, {"pointer": "/scope", "exists": true}`, `{}`, no},
		{`{"pointer": "/a.b", "equals": 1}`, `{"a": {"b": 1}}`, unknown},
		{`{"pointer": "/a/*", "exists": true}`, `{"a": {"b": 1}}`, no},
		{`{"pointer": "/", "equals": 1}`, `{"": 1}`, yes},
		{`{"pointer": "/a/b", "exists": true}`, `{"a": "b"}`, no},
		{`{"pointer": "/a", "exists": true}, {"pointer": "/a", "equals": 1}`, `{"a": 1}`, yes},
		{`{"pointer": "/a", "exists": true}, {"pointer": "/a", "equals": 1}`, `{"a": 2}`, no},
		{`{"pointer": "/a", "exists": true}, {"pointer": "/a", "equals": 1}`, `{}`, no}, // so a deny asks first
		{`{"pointer": "/a", "exists": true}, {"pointer": "/a", "equals": 1}`, `{"a": []}`, unknown},
		{`{"pointer": "/a", "exists": false}, {"pointer": "/b", "equals": 1}`, `{"b": 1}`, yes},
		{`{"pointer": "/a", "exists": false}, {"pointer": "/b", "equals": 1}`, `{"a": 1, "b": 1}`, no},
		{`{"pointer": "/a", "equals": 1}, {"pointer": "/b", "equals": 1}`, `{"a": 1}`, unknown},
		{`{"pointer": "/a", "equals": 1}, {"pointer": "/b", "equals": 1}`, `{"b": 2}`, no},
	} {
		checkCondition(t, c.conditions, c.claims, c.want)
	}
}

func checkCondition(t *testing.T, conditions, claims, want string) {
	t.Helper()
	const rule = `{"name": "n", "issuers": ["corp"], "claims": [%s], "role": "admin", "models": ["*/*"]}`
	const all = `{"name": "all", "members": ["allUsers"], "role": "admin", "models": ["*/*"]}`
	caller, asked := who("corp", claims), call(t, "predict a/b")
	granted := line(compile(t, fmt.Sprintf(`{"grants": [`+rule+`]}`, conditions)).Decide(noon, caller, asked)) == "allow n"
	denied := line(compile(t, fmt.Sprintf(`{"denies": [`+rule+`], "grants": [`+all+`]}`, conditions)).Decide(noon, caller, asked)) == "deny n"
	if granted != (want == "yes") || denied != (want != "no") {
		t.Errorf("%s on %s: granted %v, denied %v, want %s", conditions, claims, granted, denied, want)
	}
}
