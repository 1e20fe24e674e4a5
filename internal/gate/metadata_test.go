package gate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

func metadataWorld(t *testing.T, document string) string {
	t.Helper()
	return edit.Set(t, world, "/challenge", `{"resourceMetadata": `+document+`}`)
}

// compact returns a text without white space.
func compact(text string) string { return strings.Join(strings.Fields(text), "") }

// TestMetadataIsServed: to everybody, on the resource's host, at the path that follows from
// the resource (RFC 9728 section 3.1), and nowhere else.
func TestMetadataIsServed(t *testing.T) {
	const wellKnown = "/.well-known/oauth-protected-resource"
	for _, c := range []struct{ resource, host, line, url string }{ // url is "" for a request that is refused
		{"https://m.example.com", "m.example.com", "GET " + wellKnown, "https://m.example.com" + wellKnown},
		{"https://m.example.com", "m.example.com:443", "HEAD " + wellKnown, "https://m.example.com" + wellKnown},
		{"https://m.example.com/", "m.example.com", "GET " + wellKnown, "https://m.example.com" + wellKnown},
		{"https://m.example.com/ai/v1", "m.example.com", "GET " + wellKnown + "/ai/v1", "https://m.example.com" + wellKnown + "/ai/v1"},
		{"https://m.example.com:8443/a", "m.example.com:8443", "GET " + wellKnown + "/a", "https://m.example.com:8443" + wellKnown + "/a"},
		{"https://m.example.com:443/a", "m.example.com", "GET " + wellKnown + "/a", "https://m.example.com:443" + wellKnown + "/a"},
		{"https://[::1]/a", "[::1]:443", "GET " + wellKnown + "/a", "https://[::1]" + wellKnown + "/a"},
		{"https://m.example.com/a", "m.example.com", "GET " + wellKnown, ""},
		{"https://m.example.com/a", "m.example.com", "GET " + wellKnown + "/b", ""},
		{"https://m.example.com/a", "m.example.com", "GET " + wellKnown + "/a/", ""},
		{"https://m.example.com/a", "m.example.com", "GET " + wellKnown + "/a?x", ""},
		{"https://m.example.com/a", "m.example.com", "POST " + wellKnown + "/a", ""},
		{"https://m.example.com/a", "m.example.com", "OPTIONS " + wellKnown + "/a", ""},
		{"https://m.example.com/a", "m.example.com:8443", "GET " + wellKnown + "/a", ""},
		{"https://m.example.com/a", "n.example.com", "GET " + wellKnown + "/a", ""},
		{"https://m.example.com:8443/a", "m.example.com", "GET " + wellKnown + "/a", ""},
		{"https://m.example.com:8443/a", "m.example.com:443", "GET " + wellKnown + "/a", ""},
		{"https://[::1]:8443/a", "[::1]:443", "GET " + wellKnown + "/a", ""},
	} {
		t.Run(c.resource+" "+c.host+" "+c.line, func(t *testing.T) {
			document := `{"resource": "` + c.resource + `", "scopes_supported": ["a"]}`
			g, s := load(t, metadataWorld(t, document))
			for _, more := range [][]pair{nil, {{"authorization", "Bearer x"}}, {bearer(t, s, corp(nil))}} {
				h := headOn(c.host, c.line, more...)
				h.End = true
				_, step := begin(g, h)
				if c.url == "" {
					if step.Act != gate.Refuse {
						t.Errorf("Begin = act %d, %s, want a refusal", step.Act, step.Reason)
					}
					continue
				}
				r := step.Reply
				if step.Act != gate.Answer || step.Reason != reason.ResourceMetadata || r.Status != 200 || compact(r.Body) != compact(document) ||
					arrival(r.Headers, "content-type") != "application/json" || r.Details != "modelgate_resource_metadata" {
					t.Errorf("Begin = act %d, %s, %+v, want the metadata", step.Act, step.Reason, r)
				}
				h.End = false // a body follows
				if _, step := begin(g, h); step.Act != gate.Refuse {
					t.Errorf("Begin(and a body) = act %d, %s, want a refusal", step.Act, step.Reason)
				}
			}
			if c.url != "" {
				_, step := begin(g, head(askStaff))
				want := `Bearer realm="model gate", resource_metadata="` + c.url + `"`
				if got := arrival(step.Reply.Headers, "www-authenticate"); got != want {
					t.Errorf("the challenge is %s, want %s", got, want)
				}
			}
		})
	}
}

func TestMetadataForm(t *testing.T) {
	const all = `{"resource": "https://a", "authorization_servers": ["https://as/x", "https://b"], "scopes_supported": ["a:b", "c/d"],
		"bearer_methods_supported": ["header"], "resource_name": "The Ministry's \"models\"", "resource_documentation": "https://a/docs?x=y",
		"resource_policy_uri": "https://a/p", "resource_tos_uri": "https://a/t", "tls_client_certificate_bound_access_tokens": true}`
	if got := metadataProblem(t, all); got != "" {
		t.Errorf("New(%s) = %s, want a gate", all, got)
	}
	const url = "must be an https URL with a host, without a user and a fragment"
	const resource = url + ", without a query, and in lower case with a canonical path; got "
	for member, want := range map[string]string{
		``:                                  `needs "resource"`,
		`"resource": "http://a"`:            `/resource": ` + resource + `"http://a"`,
		`"resource": "https://a?x"`:         `/resource": ` + resource + `"https://a?x"`,
		`"resource": "https://a/b#c"`:       `/resource": ` + resource + `"https://a/b#c"`,
		`"resource": "https://A/b"`:         `/resource": ` + resource + `"https://A/b"`,
		`"resource": "https://a/b/../c"`:    `/resource": ` + resource + `"https://a/b/../c"`,
		`"resource": "https://a//b"`:        `/resource": ` + resource + `"https://a//b"`,
		`"resource": "https://u:p@a"`:       `/resource": ` + url + ", without a query, and in lower case with a canonical path",
		`"resource": 1`:                     `/resource": must be a string; got 1`,
		`"authorization_servers": []`:       `/authorization_servers": must not be empty; leave it out instead`,
		`"authorization_servers": ["corp"]`: `/authorization_servers/0": ` + url + `, and without a query; got "corp"`,
		`"authorization_servers": "x"`:      `/authorization_servers": must be an array; got "x"`,
		`"scopes_supported": ["a b"]`:       `/scopes_supported/0": must be a scope (RFC 6749 section 3.3) without spaces; got "a b"`,
		`"scopes_supported": ["a\"b"]`:      `/scopes_supported/0": must be a scope (RFC 6749 section 3.3) without spaces; got "a\"b"`,
		`"bearer_methods_supported": ["body"]`: `/bearer_methods_supported/0": must be header: the gate reads no token from a body or a query; ` +
			`got "body"`,
		`"resource_name": ""`:                                `/resource_name": must not be empty; leave it out instead`,
		`"resource_documentation": "docs"`:                   `/resource_documentation": ` + url + `; got "docs"`,
		`"tls_client_certificate_bound_access_tokens": "no"`: `/tls_client_certificate_bound_access_tokens": must be true or false; got "no"`,
	} {
		document := `{"resource": "https://a", ` + member + `}`
		if strings.HasPrefix(member, `"resource":`) || member == "" {
			document = `{` + member + `}`
		}
		t.Run(member, func(t *testing.T) {
			if got := metadataProblem(t, document); strings.TrimPrefix(got, `"/challenge/resourceMetadata`) != want {
				t.Errorf("New(%s) = %s, want %s", document, got, want)
			}
		})
	}
	if got := metadataProblem(t, `{"resource": "https://a", "jwks_uri": "https://a"}`); !strings.Contains(got, "unknown field") {
		t.Errorf("New(jwks_uri) = %s, want an unknown field", got)
	}
}

// TestMetadataWarnings: an authorization server whose tokens would be refused, and a scope of
// which a client cannot know.
func TestMetadataWarnings(t *testing.T) {
	config := metadataWorld(t, `{"resource": "https://a", "authorization_servers": ["https://corp.example", "https://other.example"],
		"scopes_supported": ["a", "b"]}`)
	for _, scopes := range []string{`"a"`, `["x", "b"]`, `["x", "y"]`} {
		config = edit.Set(t, config, "/grants/-", `{"name": "g `+strings.ReplaceAll(scopes, `"`, "")+`", "issuers": ["corp"],
			"claims": [{"scope": `+scopes+`}], "role": "viewer", "models": ["prod/fraud"]}`)
	}
	_, s := load(t, config)
	want := []string{
		`the metadata of "challenge" names the authorization server "https://other.example", ` +
			`which is the iss of no issuer: its tokens are refused`,
		`grant "g [x, y]" asks for the scope "x", which "scopes_supported" of "challenge" does not name`,
	}
	if got, err := gate.Review(s.Config, s.Secret, now); err != nil || !slices.Equal(messages(got), want) {
		t.Errorf("Review() = %q, %v, want %q", got, err, want)
	}
}

// TestLackingScopes: a challenge names the scope with which a call would be granted (RFC
// 6750 section 3), and only to a caller whom a scope would help.
func TestLackingScopes(t *testing.T) {
	const insufficient = `Bearer realm="model gate", error="insufficient_scope", error_description="grant_missing"`
	grant := func(name, members, conditions, models string) string {
		return `{"name": "` + name + `", "issuers": ["corp"]` + members + `, "claims": [` + conditions + `], "role": "invoker",
			"models": [` + models + `]}`
	}
	config := edit.Set(t, world, "/routes/-", `{"protocol": "openai", "service": "chat/llm", "hosts": ["llm.example.com"]}`)
	for _, g := range []string{
		grant("ops", `, "members": ["group:ops"]`, `{"scope": "first"}`, `"a/x"`),
		grant("read", ``, `{"scope": "read"}, {"pointer": "/tier", "equals": "gold"}`, `"a/x"`),
		grant("any", ``, `{"scope": ["one", "two"]}`, `"a/any"`),
		grant("both", ``, `{"scope": "one"}, {"scope": "two"}`, `"a/both"`),
		grant("later", ``, `{"pointer": "/tier", "equals": "gold"}`, `"a/later"`),
		grant("word", ``, `{"pointer": "/scope", "word": "one"}`, `"a/word"`),
		grant("chat", ``, `{"scope": "chat"}`, `"chat/llm/m"`),
		grant("no", ``, `{"scope": "denied"}`, `"a/frozen"`),
	} {
		config = edit.Set(t, config, "/grants/-", g)
	}
	g, s := load(t, config)
	gold := func(scope string) claims { return claims{"tier": "gold", "scope": scope, "groups": []string{"x"}} }
	for _, c := range []struct {
		name, model string
		claims      claims // nil for an anonymous caller
		want        string // "-" for an allowed call
	}{
		{"no scope", "a/x", gold("openid"), insufficient + `, scope="read"`},
		{"no claim", "a/x", claims{"tier": "gold"}, insufficient + `, scope="read"`},
		{"the first grant", "a/x", claims{"tier": "gold", "groups": []string{"ops"}}, insufficient + `, scope="first"`},
		{"the scope", "a/x", gold("read"), "-"},
		{"no scope would do", "a/x", claims{"tier": "silver"}, insufficient},
		{"no scope would do, and one is there", "a/x", claims{"scope": "read"}, insufficient},
		{"no grant", "b/x", gold(""), insufficient},
		{"one of several", "a/any", gold(""), insufficient + `, scope="one"`},
		{"both", "a/both", gold(""), insufficient + `, scope="one two"`},
		{"the other", "a/both", gold("one"), insufficient + `, scope="two"`},
		{"a condition that is no scope", "a/later", claims{}, insufficient},
		{"a word that is no scope", "a/word", claims{}, insufficient},
		{"denied", "a/frozen", gold(""), `Bearer realm="model gate", error="insufficient_scope", error_description="denied"`},
		{"anonymous", "a/x", nil, `Bearer realm="model gate"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var more []pair
			if c.claims != nil {
				more = []pair{bearer(t, s, corp(c.claims))}
			}
			_, step := begin(g, head("POST /kfserving/"+c.model+":predict", more...))
			got := arrival(step.Reply.Headers, "www-authenticate")
			if step.Reason == reason.Allowed {
				got = "-"
			}
			if got != c.want {
				t.Errorf("Begin = %s with the challenge %s, want %s", step.Reason, got, c.want)
			}
		})
	}
	// A model in the body: nothing of the service is granted, or not this model.
	body := func(scope, model string) gate.Step {
		h := headOn("llm.example.com", "POST /v1/chat/completions", bearer(t, s, corp(gold(scope))), pair{"content-type", "application/json"})
		_, step := g.DecideRequest(gate.Env{Now: now, Keys: g.Keys()}, h, []byte(`{"model": "`+model+`", "messages": []}`), nil)
		return step
	}
	for _, c := range []struct{ scope, model, want string }{
		{"", "m", insufficient + `, scope="chat"`},
		{"", "other", insufficient + `, scope="chat"`}, // its head alone is refused
		{"chat", "other", insufficient},
		{"chat", "m", ""},
	} {
		if got := arrival(body(c.scope, c.model).Reply.Headers, "www-authenticate"); got != c.want {
			t.Errorf("the challenge for %s with the scope %q is %s, want %s", c.model, c.scope, got, c.want)
		}
	}
}
