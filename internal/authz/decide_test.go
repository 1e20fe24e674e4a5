package authz_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

const pool = "projects/1/locations/global/workloadIdentityPools/partner"

// noon is when the tests decide; rules in shadow count from it.
var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// compile compiles a policy over three issuers: google, corp, and partner,
// which has a workload identity pool. All of them name groups. A policy may have more.
func compile(t testing.TB, policy string) *authz.Policy {
	t.Helper()
	p, problems := tryCompile(policy)
	if problems != nil {
		t.Fatalf("policy %s:\n%v", policy, problems)
	}
	return p
}

func tryCompile(policy string) (*authz.Policy, strictjson.Problems) {
	row := func(name, more string) string {
		return fmt.Sprintf(`{"name": %q, "issuer": %q, "audiences": ["a"], "algorithms": ["HS256"], "groups": "/groups",
			"symmetric": {"env": "K"}%s}`,
			name, name, more)
	}
	issuers := "[" + row("google", "") + "," + row("corp", "") + "," +
		row("partner", `, "pool": "`+pool+`", "attributes": {"repository": "/repository"}`) + "]"
	if more := strictjson.Read(policy).Get("issuers"); more.Exists() {
		issuers = issuers[:len(issuers)-1] + "," + more.Raw[1:]
	}
	var problems strictjson.Problems
	is, _ := strictjson.Parse(issuers, &problems)
	root, _ := strictjson.Parse(policy, &problems)
	o := root.Object("peer", "issuers", "groups", "grants", "denies", "iam", "routes")
	routes := &inference.Routes{}
	if o.Get("routes").Exists() {
		routes = inference.Compile(o.Get("routes"), strictjson.Value{}, false)
	}
	a, _ := authn.Compile(is, o.Get("peer"), true, func(string) (string, bool) {
		return base64.RawURLEncoding.EncodeToString(make([]byte, 32)), true
	})
	return authz.Compile(authz.Config{
		Groups: o.Get("groups"), Grants: o.Get("grants"), Denies: o.Get("denies"), IAM: o.Get("iam"),
	}, a, routes), problems
}

// who makes a caller of an issuer's name and claims; "" is anonymous. What the claims
// leave out is untold.
func who(issuer, claims string) *authn.Principal {
	if issuer == "" {
		return &authn.Principal{}
	}
	c := strictjson.Read(claims)
	p := &authn.Principal{Issuer: issuer, Subject: c.Get("sub").Str, Email: c.Get("email").Str, Domain: c.Get("hd").Str, Claims: c}
	p.ClaimedEmail = p.Email
	if claimed := c.Get("claimed"); claimed.Exists() { // and not verified
		p.ClaimedEmail = claimed.Str
	}
	for name, kind := range map[string]authn.Untold{
		"email": authn.UntoldAddress, "hd": authn.UntoldDomain, "groups": authn.UntoldGroups | authn.OmittedGroups,
	} {
		if !c.Get(name).Exists() && (name != "email" || p.ClaimedEmail == "") {
			p.Untold |= kind
		}
	}
	c.Get("groups").ForEach(func(_, g strictjson.Result) bool {
		p.Groups = append(p.Groups, g.Str)
		return true
	})
	if issuer == "partner" {
		p.Pool, p.PoolSubject = pool, p.Subject
		if r := c.Get("repository"); r.Exists() {
			p.Attributes = [][2]string{{"repository", r.Str}}
		} else {
			p.Untold |= authn.UntoldAttributes
			p.UntoldAttributes = []string{"repository"}
		}
	}
	return p
}

// call reads "predict prod/fraud prod/llm/llama@3".
func call(t testing.TB, s string) *inference.Call {
	t.Helper()
	fields := strings.Fields(s)
	c := &inference.Call{}
	var ok bool
	if c.Verb, ok = inference.ParseVerb(fields[0]); !ok {
		t.Fatalf("no verb in %q", s)
	}
	for _, f := range fields[1:] {
		path, version, _ := strings.Cut(f, "@")
		parts := strings.SplitN(path, "/", 3)
		c.Models = append(c.Models, inference.Model{Namespace: parts[0], Service: parts[1], Name: parts[len(parts)-1], Version: version})
	}
	return c
}

// line writes a decision: "allow RULE", "deny RULE", or "deny".
func line(d authz.Decision) string {
	s := "deny"
	if d.Effect == authz.Allow {
		s = "allow"
	}
	return strings.TrimSpace(s + " " + d.Rule)
}

type decideCase struct{ issuer, claims, call, want string }

func decide(t *testing.T, policy string, cases []decideCase) {
	t.Helper()
	p := compile(t, policy)
	for _, c := range cases {
		t.Run(c.call+" "+c.issuer+" "+c.claims, func(t *testing.T) {
			if got := line(p.Decide(noon, who(c.issuer, c.claims), call(t, c.call))); got != c.want {
				t.Errorf("Decide(%s %s, %s) = %q, want %q", c.issuer, c.claims, c.call, got, c.want)
			}
		})
	}
}

func TestZeroDenies(t *testing.T) {
	var d authz.Decision
	if line(d) != "deny" {
		t.Errorf("the zero Decision is %q", line(d))
	}
	decide(t, `{}`, []decideCase{
		{"google", `{"email": "ana@example.com"}`, "predict prod/fraud", "deny"},
		{"", "", "predict prod/fraud", "deny"},
	})
	// No grant covers a call that names no model.
	decide(t, `{"grants": [{"name": "all", "members": ["allUsers"], "role": "admin",
		"models": ["*/*"]}]}`, []decideCase{{"", "", "predict", "deny"}, {"", "", "predict a/b", "allow all"}})
}

func TestMembers(t *testing.T) {
	const policy = `{
		"groups": [{"name": "team@example.com", "members": ["user:gus@example.com", 
			"serviceAccount:bot@p.iam.gserviceaccount.com", "deleted:user:old@example.com?uid=1"]},
			{"name": "crew", "members": ["user:gus@example.com"]}],
		"grants": [
			{"name": "user", "issuers": ["google"], "members": ["user:ana@example.com"], "verbs": ["predict"], "models": ["m/user"]},
			{"name": "sa", "issuers": ["google"], "members": ["serviceAccount:bot@p.iam.gserviceaccount.com"], "verbs": ["predict"],
				"models": ["m/sa"]},
			{"name": "group", "issuers": ["google", "corp"], "members": ["group:team@example.com"], "verbs": ["predict"], "models": ["m/group"]},
			{"name": "crew", "issuers": ["google"], "members": ["group:crew"], "verbs": ["predict"], "models": ["m/crew"]},
			{"name": "domain", "issuers": ["google"], "members": ["domain:example.com"], "verbs": ["predict"], "models": ["m/domain"]},
			{"name": "anyone", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "verbs": ["predict"], "models": ["m/auth"]},
			{"name": "world", "members": ["allUsers"], "verbs": ["predict"], "models": ["m/all"]},
			{"name": "deleted", "issuers": ["google"], "members": ["deleted:user:ana@example.com?uid=7", "deleted:allUsers"],
				"verbs": ["predict"], "models": ["m/deleted"]},
			{"name": "subject", "issuers": ["partner", "google"],
				"members": ["principal://iam.googleapis.com/` + pool + `/subject/repo:a/b"], "verbs": ["predict"], "models": ["m/subject"]},
			{"name": "poolgroup", "issuers": ["partner"], "members": ["principalSet://iam.googleapis.com/` + pool + `/group/ops"],
				"verbs": ["predict"], "models": ["m/poolgroup"]},
			{"name": "attribute", "issuers": ["partner"],
				"members": ["principalSet://iam.googleapis.com/` + pool + `/attribute.repository/acme/models"], "verbs": ["predict"],
				"models": ["m/attribute"]},
			{"name": "pool", "issuers": ["partner"], "members": ["principalSet://iam.googleapis.com/` + pool + `/*"], "verbs": ["predict"],
				"models": ["m/pool"]},
			{"name": "claims-only", "issuers": ["corp"], "claims": [{"pointer": "/acr", "equals": "gold"}], "verbs": ["predict"],
				"models": ["m/claims"]}
		]}`
	decide(t, policy, []decideCase{
		{"google", `{"email": "ana@example.com"}`, "predict m/user", "allow user"},
		{"google", `{"email": "Ana@example.com"}`, "predict m/user", "deny"},
		{"google", `{"email": "ana@example.com.evil.com"}`, "predict m/user", "deny"},
		{"google", `{"sub": "ana@example.com"}`, "predict m/user", "deny"},
		{"google", `{"groups": ["ana@example.com"]}`, "predict m/user", "deny"},
		{"corp", `{"email": "ana@example.com"}`, "predict m/user", "deny"}, // another issuer's ana
		{"", ``, "predict m/user", "deny"},
		{"google", `{"email": "bot@p.iam.gserviceaccount.com"}`, "predict m/sa", "allow sa"},
		{"google", `{"email": "bot@q.iam.gserviceaccount.com"}`, "predict m/sa", "deny"},
		{"corp", `{"email": "bot@p.iam.gserviceaccount.com"}`, "predict m/sa", "deny"},
		// Groups: by the token's claim, and by the addresses in "groups".
		{"google", `{"groups": ["x", "team@example.com"]}`, "predict m/group", "allow group"},
		{"corp", `{"groups": ["team@example.com"]}`, "predict m/group", "allow group"},
		{"partner", `{"groups": ["team@example.com"]}`, "predict m/group", "deny"},
		{"google", `{"groups": ["Team@example.com", "team@example.co"]}`, "predict m/group", "deny"},
		{"google", `{"email": "gus@example.com"}`, "predict m/group", "allow group"},
		{"corp", `{"email": "gus@example.com"}`, "predict m/group", "allow group"},
		{"partner", `{"email": "gus@example.com"}`, "predict m/group", "deny"},
		{"google", `{"email": "bot@p.iam.gserviceaccount.com"}`, "predict m/group", "allow group"},
		{"google", `{"email": "old@example.com"}`, "predict m/group", "deny"},
		{"google", `{"email": "team@example.com"}`, "predict m/group", "deny"},
		{"google", `{"email": "gus@example.com"}`, "predict m/crew", "allow crew"},
		{"corp", `{"email": "gus@example.com"}`, "predict m/crew", "deny"},
		// A domain is hd, never an address's suffix.
		{"google", `{"hd": "example.com"}`, "predict m/domain", "allow domain"},
		{"google", `{"email": "ana@example.com"}`, "predict m/domain", "deny"},
		{"google", `{"hd": "sub.example.com"}`, "predict m/domain", "deny"},
		{"corp", `{"hd": "example.com"}`, "predict m/domain", "deny"},
		{"corp", `{}`, "predict m/auth", "allow anyone"},
		{"google", `{}`, "predict m/auth", "deny"},
		{"", ``, "predict m/auth", "deny"},
		{"", ``, "predict m/all", "allow world"},
		{"google", `{}`, "predict m/all", "allow world"},
		{"google", `{"email": "ana@example.com"}`, "predict m/deleted", "deny"},
		{"", ``, "predict m/deleted", "deny"},
		// Pools: only an issuer that has the pool.
		{"partner", `{"sub": "repo:a/b"}`, "predict m/subject", "allow subject"},
		{"google", `{"sub": "repo:a/b"}`, "predict m/subject", "deny"},
		{"partner", `{"sub": "repo:a"}`, "predict m/subject", "deny"},
		{"partner", `{"groups": ["ops"]}`, "predict m/poolgroup", "allow poolgroup"},
		{"corp", `{"groups": ["ops"]}`, "predict m/poolgroup", "deny"},
		{"partner", `{"repository": "acme/models"}`, "predict m/attribute", "allow attribute"},
		{"partner", `{"repository": "acme"}`, "predict m/attribute", "deny"},
		{"google", `{"repository": "acme/models"}`, "predict m/attribute", "deny"},
		{"partner", `{}`, "predict m/pool", "allow pool"},
		{"google", `{}`, "predict m/pool", "deny"},
		{"corp", `{"acr": "gold"}`, "predict m/claims", "allow claims-only"},
		{"corp", `{"acr": "silver"}`, "predict m/claims", "deny"},
		{"google", `{"acr": "gold"}`, "predict m/claims", "deny"},
	})
}

func TestVerbsAndModels(t *testing.T) {
	const policy = `{"grants": [
		{"name": "viewer", "members": ["allUsers"], "role": "viewer", "models": ["v/*"]},
		{"name": "invoker", "members": ["allUsers"], "role": "invoker", "models": ["i/*"]},
		{"name": "admin", "members": ["allUsers"], "role": "admin", "models": ["a/*"]},
		{"name": "two", "members": ["allUsers"], "verbs": ["explain", "load"], "models": ["t/*"]},
		{"name": "risk", "members": ["allUsers"], "verbs": ["predict"], "models": ["prod/risk-*", "eu-*/risk"]},
		{"name": "inner", "members": ["allUsers"], "verbs": ["predict"], "models": ["prod/llm/meta-*/Llama-3", "prod/llm/solo"]},
		{"name": "version", "members": ["allUsers"], "verbs": ["predict"], "models": ["prod/old@3", "prod/llm/x*@v1", "ver/*@2"]}
	]}`
	verbs := strings.Fields("predict explain generate metadata ready list load unload admin")
	allowed := map[string]string{
		"v": "metadata ready list",
		"i": "metadata ready list predict explain generate",
		"a": strings.Join(verbs, " "),
		"t": "explain load",
	}
	names := map[string]string{"v": "viewer", "i": "invoker", "a": "admin", "t": "two"}
	var cases []decideCase
	for ns, list := range allowed {
		for _, verb := range verbs {
			want := "deny"
			if strings.Contains(" "+list+" ", " "+verb+" ") {
				want = "allow " + names[ns]
			}
			cases = append(cases, decideCase{"google", `{}`, verb + " " + ns + "/x", want})
		}
	}
	for _, c := range []struct{ model, want string }{
		{"prod/risk-eu", "allow risk"},
		{"prod/risk-", "allow risk"},
		{"prod/risk", "deny"},
		{"prod/arisk-eu", "deny"},
		{"staging/risk-eu", "deny"},
		{"prod-x/risk-eu", "deny"},
		{"prod/risk-eu/inner", "allow risk"},
		{"prod/risk-eu/inner/deep", "allow risk"},
		{"prod/risk-eu@9", "allow risk"},
		{"eu-1/risk", "allow risk"},
		{"eu-/risk", "allow risk"},
		{"eu/risk", "deny"},
		{"eu-1/risk-2", "deny"},
		{"prod/llm", "deny"},
		{"prod/llm/solo", "allow inner"},
		{"prod/llm/solo/more", "deny"},
		{"prod/llm/solos", "deny"},
		{"prod/llm/meta-llama/Llama-3", "allow inner"},
		{"prod/llm/meta-/Llama-3", "allow inner"},
		{"prod/llm/meta-llama/Llama-3@1", "allow inner"},
		{"prod/llm/meta-llama/llama-3", "deny"},
		{"prod/llm/meta-llama", "deny"},
		{"prod/llm/meta-llama/Llama-3/more", "deny"},
		{"prod/llm2/solo", "deny"},
		{"prod/old@3", "allow version"},
		{"prod/old", "deny"},
		{"prod/old@33", "deny"},
		{"prod/old/inner@3", "allow version"},
		{"prod/llm/xyz@v1", "allow version"},
		{"prod/llm/xyz@v2", "deny"},
		{"prod/llm/y@v1", "deny"},
		{"ver/a@2", "allow version"},
		{"ver/a@1", "deny"},
	} {
		cases = append(cases, decideCase{"", "", "predict " + c.model, c.want})
	}
	decide(t, policy, cases)
}
