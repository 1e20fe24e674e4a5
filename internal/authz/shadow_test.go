package authz_test

import (
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/authz"
)

// mark is line, and what rules in shadow would change.
func mark(d authz.Decision) string {
	switch s := line(d); {
	case d.Missing && d.Shadow == d.Rule && d.Shadow != "":
		return s + ", missing"
	case d.Missing:
		return s + ", missing, and yet " + d.Shadow
	case d.Shadow != "":
		return s + ", denied by " + d.Shadow
	default:
		return s
	}
}

const shadowUntil = `"shadow": {"until": "2026-01-01T13:00:00+01:00"}` // noon

func TestShadow(t *testing.T) {
	const policy = `{` + pinned + `
		"denies": [
			{"name": "real", "models": ["*/frozen"]},
			{"name": "trial", "models": ["*/closing", "*/frozen"], ` + shadowUntil + `},
			{"name": "later", "members": ["user:ana@example.com"], "models": ["*/closing"], "shadow": {"until": "2026-01-02T00:00:00Z"}},
			{"name": "staff", "members": ["user:bob@example.com"], "models": ["prod/*"], ` + shadowUntil + `},
			{"name": "mesh", "members": ["namespace:batch"], "models": ["prod/*"], ` + shadowUntil + `}],
		"grants": [
			{"name": "try", "issuers": ["google"], "members": ["user:ana@example.com"], "role": "invoker",
				"models": ["prod/*", "dev/*"], ` + shadowUntil + `},
			{"name": "staff", "issuers": ["google"], "members": ["user:ana@example.com", "user:bob@example.com"], "role": "viewer",
				"models": ["prod/*"]},
			{"name": "again", "issuers": ["google"], "members": ["user:ana@example.com"], "role": "viewer", "models": ["prod/*", "test/*"],
				"shadow": {"until": "2030-01-01T00:00:00Z"}},
			{"name": "open", "members": ["allUsers"], "verbs": ["list"], "models": ["dev/*"], ` + shadowUntil + `},
			{"name": "web", "peer": true, "members": ["` + web + `"], "verbs": ["predict"], "models": ["dev/*"], ` + shadowUntil + `}]}`
	p := compile(t, policy)
	ana, bob := `{"email": "ana@example.com"}`, `{"email": "bob@example.com"}`
	for _, c := range []struct{ peer, claims, call, before, after string }{
		// A grant in shadow lets pass what no other covers.
		{"", ana, "predict prod/fraud", "allow try, missing", "deny"},
		{"", ana, "predict dev/x", "allow try, missing", "deny"},
		{"", bob, "predict prod/fraud", "deny", "deny staff"},
		{"", ana, "load prod/fraud", "deny", "deny"},
		{"", ana, "ready test/x", "allow again, missing", "allow again, missing"},
		{"", "", "list dev/x", "allow open, missing", "deny"},
		{web, "", "predict dev/x", "allow web, missing", "deny"},
		{batch, "", "predict dev/x", "deny", "deny"},
		// A grant in force wins without a mark, whatever the order.
		{"", ana, "ready prod/fraud", "allow staff", "allow staff"},
		{"", ana, "ready prod/fraud prod/other", "allow staff", "allow staff"},
		// Each model needs one; a single one in shadow marks the call.
		{"", ana, "ready prod/fraud test/x", "allow again, missing", "allow again, missing"},
		{"", ana, "ready test/x prod/fraud", "allow again, missing", "allow again, missing"},
		{"", ana, "ready dev/x test/x", "allow again, missing", "deny"},
		{"", ana, "predict prod/fraud other/x", "deny", "deny"},
		{"", ana, "predict other/x prod/fraud", "deny", "deny"},
		// A deny in shadow grants nothing, and does not deny before its trial ends.
		{"", bob, "ready prod/closing", "allow staff, denied by trial", "deny trial"},
		{"", ana, "ready prod/closing", "allow staff, denied by trial", "deny trial"},
		{"", bob, "predict prod/closing", "deny", "deny trial"},
		{"", "", "predict any/closing", "deny", "deny trial"},
		{"", bob, "ready prod/fraud", "allow staff, denied by staff", "deny staff"}, // the deny has the grant's name
		{batch, ana, "ready prod/fraud", "allow staff, denied by mesh", "deny mesh"},
		{web, ana, "ready prod/fraud", "allow staff", "allow staff"},
		// Shadow names a grant in shadow rather than a deny in shadow.
		{"", ana, "predict prod/closing", "allow try, missing", "deny trial"},
		// A real deny still denies.
		{"", ana, "ready prod/frozen", "deny real", "deny real"},
		{"", ana, "predict prod/frozen", "deny real", "deny real"},
		{"", ana, "ready prod/fraud prod/frozen", "deny real", "deny real"},
	} {
		issuer := "google"
		if c.claims == "" {
			issuer = ""
		}
		caller, asked := from(c.peer, issuer, c.claims), call(t, c.call)
		for _, at := range []struct {
			now  time.Time
			want string
		}{
			{noon.Add(-time.Hour), c.before},
			{noon.Add(-time.Second), c.before},
			{noon.Add(-time.Nanosecond), c.before},
			{noon, c.after},
			{noon.Add(time.Nanosecond), c.after},
			{noon.Add(time.Hour), c.after},
			{time.Unix(0, 0), c.before},
		} {
			if got := mark(p.Decide(at.now, caller, asked)); got != at.want {
				t.Errorf("Decide(%s %s, %s at %s) = %q, want %q", c.peer, c.claims, c.call, at.now, got, at.want)
			}
		}
		if n := testing.AllocsPerRun(20, func() { p.Decide(noon.Add(-time.Hour), caller, asked) }); n != 0 {
			t.Errorf("Decide(%s %s, %s) allocates %v times", c.peer, c.claims, c.call, n)
		}
	}
}

// TestShadowEndsOneByOne: of several rules for the same pair, each ends at its own
// time.
func TestShadowEndsOneByOne(t *testing.T) {
	p := compile(t, `{"grants": [
		{"name": "one", "members": ["allUsers"], "role": "viewer", "models": ["a/b"], "shadow": {"until": "2026-01-01T12:00:01Z"}},
		{"name": "two", "members": ["allUsers"], "role": "viewer", "models": ["a/b"], "shadow": {"until": "2026-01-01T12:00:03Z"}},
		{"name": "three", "members": ["allUsers"], "role": "viewer", "models": ["a/b"], "shadow": {"until": "2026-01-01T12:00:02Z"}}]}`)
	for i, want := range []string{"allow one, missing", "allow two, missing", "allow two, missing", "deny", "deny"} {
		if got := mark(p.Decide(noon.Add(time.Duration(i)*time.Second), who("", ""), call(t, "ready a/b"))); got != want {
			t.Errorf("Decide(%d s past noon) = %q, want %q", i, got, want)
		}
	}
}

// TestShadowOfDeniesEnds: a deny denies once its shadow has ended. Of two that
// deny, the first in the configuration is named.
func TestShadowOfDeniesEnds(t *testing.T) {
	const rest = `"grants": [{"name": "all", "members": ["allUsers"], "role": "viewer", "models": ["*/*"]}]}`
	p := compile(t, `{"denies": [
		{"name": "one", "models": ["a/*"], "shadow": {"until": "2026-01-01T12:00:02Z"}},
		{"name": "two", "models": ["a/b"], "shadow": {"until": "2026-01-01T12:00:01Z"}},
		{"name": "three", "models": ["a/b"], "shadow": {"until": "2026-01-01T12:00:03Z"}},
		{"name": "four", "models": ["a/*"], "verbs": ["list"]}], `+rest)
	for i, want := range []string{"allow all, denied by one", "deny two", "deny one", "deny one"} {
		if got := mark(p.Decide(noon.Add(time.Duration(i)*time.Second), who("", ""), call(t, "ready a/b"))); got != want {
			t.Errorf("Decide(ready, %d s past noon) = %q, want %q", i, got, want)
		}
	}
	for i, want := range []string{"deny four", "deny two", "deny one"} {
		if got := mark(p.Decide(noon.Add(time.Duration(i)*time.Second), who("", ""), call(t, "list a/b"))); got != want {
			t.Errorf("Decide(list, %d s past noon) = %q, want %q", i, got, want)
		}
	}
}

func TestShadowRefused(t *testing.T) {
	const form = `/until: must be a time such as 2026-12-31T00:00:00Z; got `
	for _, c := range []struct{ shadow, want string }{
		{`{"until": "2026-12-31T00:00:00Z"}`, ``},
		{`{"until": "2026-12-31T00:00:00.5+02:00"}`, ``},
		{`{"until": "2020-01-01T00:00:00Z"}`, ``},
		{`{}`, `: needs "until"`},
		{`true`, `: must be an object; got true`},
		{`"2026-12-31T00:00:00Z"`, `: must be an object; got "2026-12-31T00:00:00Z"`},
		{`{"until": "2026-12-31T00:00:00Z", "from": "x"}`, `/from: unknown field "from"; known are until`},
		{`{"until": "2026-12-31"}`, form + `"2026-12-31"`},
		{`{"until": "2026-12-31T00:00:00"}`, form + `"2026-12-31T00:00:00"`},
		{`{"until": "2026-13-01T00:00:00Z"}`, form + `"2026-13-01T00:00:00Z"`},
		{`{"until": "2026-02-30T00:00:00Z"}`, form + `"2026-02-30T00:00:00Z"`},
		{`{"until": "never"}`, form + `"never"`},
		{`{"until": "1969-12-31T00:00:00Z"}`, form + `"1969-12-31T00:00:00Z"`},
		{`{"until": "1970-01-01T00:00:00Z"}`, form + `"1970-01-01T00:00:00Z"`},
		{`{"until": "2026-12-31 00:00:00Z"}`, form + `"2026-12-31 00:00:00Z"`},
		{`{"until": 1798675200}`, form + `1798675200`},
		{`{"until": ""}`, form + `""`},
	} {
		for place, rule := range map[string]string{
			"grants": `{"name": "x", "members": ["allUsers"], "role": "viewer", "models": ["a/b"], "shadow": ` + c.shadow + `}`,
			"denies": `{"name": "x", "shadow": ` + c.shadow + `}`,
		} {
			t.Run(place+" "+c.shadow, func(t *testing.T) {
				_, problems := tryCompile(`{"` + place + `": [` + rule + `]}`)
				var got []string
				for _, p := range problems {
					got = append(got, p.Pointer[len("/"+place+"/0/shadow"):]+": "+p.Message)
				}
				if got := strings.Join(got, "\n"); got != c.want {
					t.Errorf("Compile(%s with shadow %s) = %q, want %q", place, c.shadow, got, c.want)
				}
			})
		}
	}
}
