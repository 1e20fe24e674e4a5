package authz_test

import (
	"fmt"
	"strings"
	"testing"
)

// manyGrants is n grants of different users on different models.
func manyGrants(n int) string {
	return manyGrantsTo(n, "user:user%d@example.com")
}

// manyGrantsTo is manyGrants to members of another kind.
func manyGrantsTo(n int, member string) string {
	var b strings.Builder
	b.WriteString(`{"grants": [`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"name": "g%d", "issuers": ["google"], "members": [%q], "role": "invoker",
			"models": ["ns%d/model%d"]}`, i, fmt.Sprintf(member, i), i%100, i)
	}
	b.WriteString(`]}`)
	return b.String()
}

// BenchmarkDecide shows that a decision costs the same whatever the number of
// grants: it depends on what the caller is and what the model falls under.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000, 100_000} {
		p := compile(b, manyGrants(n))
		i := n * 7 / 10
		caller := who("google", fmt.Sprintf(`{"email": "user%d@example.com", "hd": "example.com", "groups": ["a", "b"]}`, i))
		for _, c := range []struct{ name, asked, want string }{
			{"hit", fmt.Sprintf("predict ns%d/model%d", i%100, i), fmt.Sprintf("allow g%d", i)},
			{"other", fmt.Sprintf("predict ns%d/model%d", (i-1)%100, i-1), "deny"},
			{"miss", "predict ns0/unheard-of", "deny"},
		} {
			asked := call(b, c.asked)
			if got := line(p.Decide(noon, caller, asked)); got != c.want {
				b.Fatalf("Decide(%s) = %q, want %q", c.asked, got, c.want)
			}
			b.Run(fmt.Sprintf("grants=%d/%s", n, c.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					p.Decide(noon, caller, asked)
				}
			})
		}
	}
}

// BenchmarkDecideSubjects is BenchmarkDecide for members sub:.
func BenchmarkDecideSubjects(b *testing.B) {
	for _, n := range []int{10, 1_000, 100_000} {
		p := compile(b, manyGrantsTo(n, "sub:subject-%d"))
		i := n * 7 / 10
		caller := who("google", fmt.Sprintf(`{"sub": "subject-%d", "email": "a@example.com", "groups": ["a", "b"]}`, i))
		asked, want := call(b, fmt.Sprintf("predict ns%d/model%d", i%100, i)), fmt.Sprintf("allow g%d", i)
		if got := line(p.Decide(noon, caller, asked)); got != want {
			b.Fatalf("Decide() = %q, want %q", got, want)
		}
		b.Run(fmt.Sprintf("grants=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Decide(noon, caller, asked)
			}
		})
	}
}

// manyModels is n grants and n denies on models of one service, each to another group.
func manyModels(n int) string {
	var grants, denies []string
	for i := range n {
		grants = append(grants, fmt.Sprintf(`{"name": "g%d", "issuers": ["corp"], "members": ["group:g%d"], "role": "viewer",
			"models": ["prod/llm/org/model%d", "prod/gpu/m@%d"]}`, i, i, i, i+1))
		denies = append(denies, fmt.Sprintf(`{"name": "d%d", "members": ["group:d%d"], "verbs": ["predict"],
			"models": ["prod/llm/org/model%d", "prod/gpu/m@%d"]}`, i, i, i, i+1))
	}
	return `{"grants": [` + strings.Join(grants, ",") + `], "denies": [` + strings.Join(denies, ",") + `]}`
}

// manyGroups is a caller in n groups, which the first grants name.
func manyGroups(n int) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf(`"g%d"`, i))
	}
	return `{"email": "ana@example.com", "hd": "example.com", "groups": [` + strings.Join(names, ",") + `]}`
}

// BenchmarkDecideQuestions shows that each question costs the same with ten rules on
// models of one service and with ten thousand: of callers without a token, in one
// group and in two hundred; on one model, on a version, on the service as a whole, and
// before the model or its version is known.
func BenchmarkDecideQuestions(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		p := compile(b, manyModels(n))
		for _, c := range []struct{ name, issuer, claims string }{
			{"anonymous", "", ""},
			{"one group", "corp", manyGroups(1)},
			{"200 groups", "corp", manyGroups(200)},
			{"untold", "corp", `{}`},
		} {
			who := who(c.issuer, c.claims)
			for _, asked := range []string{
				"ready prod/llm/org/model7", "ready prod/llm/Org/Model7", "ready prod/llm/none",
				"ready prod/llm/", "ready prod/gpu/m", "ready prod/gpu/m@7",
			} {
				call := call(b, asked)
				b.Run(fmt.Sprintf("rules=%d/%s/%s", n, c.name, asked), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						p.Decide(noon, who, call)
						p.DecidePartial(noon, who, call)
					}
				})
			}
		}
	}
}

// TestQuestionsDoNotAllocate: none of them does, whatever the number of rules is.
func TestQuestionsDoNotAllocate(t *testing.T) {
	p := compile(t, manyModels(1_000))
	for _, claims := range []string{"", `{}`, manyGroups(1), manyGroups(200)} {
		issuer := "corp"
		if claims == "" {
			issuer = ""
		}
		caller := who(issuer, claims)
		for _, asked := range []string{
			"predict prod/llm/org/model7", "ready prod/llm/Org/Model7:latest", "predict prod/llm/registry.ollama.ai/library/X",
			"ready prod/llm/", "predict prod/gpu/m", "ready prod/gpu/m@7", "predict dev/llm/x", "ready prod/llm/" + strings.Repeat("long/", 40),
		} {
			call := call(t, asked)
			n := testing.AllocsPerRun(20, func() {
				p.Decide(noon, caller, call)
				p.DecidePartial(noon, caller, call)
			})
			if n != 0 {
				t.Errorf("Decide(%.60s, %s) allocates %v times, want 0", claims, asked, n)
			}
		}
	}
}

func TestDecideDoesNotAllocate(t *testing.T) {
	const policy = `{
		"groups": [{"name": "crew", "members": ["user:ana@example.com"]}, {"name": "g9", "members": ["user:ana@example.com"]}],
		"denies": [{"name": "embargo", "claims": [{"pointer": "/country", "anyOf": ["XX", "YY"]}, {"pointer": "/a/b", "exists": true}]},
			{"name": "mallory", "members": ["user:mallory@example.com", "group:h1", "group:h2"], "models": ["*/*", "prod*/*"]}],
		"grants": [
			{"name": "conditions", "issuers": ["partner"], "members": ["group:g8", "group:crew"], "claims": [
				{"pointer": "/acr", "equals": "gold"},
				{"pointer": "/n", "anyOf": [1, 2, 3]},
				{"pointer": "/groups", "contains": ["none", "g8"]}, {"pointer": "/acr_values", "word": ["silver", "gold"]},
				{"scope": ["models.admin", "models.predict"]},
				{"pointer": "/email", "suffix": "@example.com"}, {"pointer": "/email", "prefix": "ana"}, {"pointer": "/none", "exists": false}],
			 "role": "invoker", "models": ["prod/llm/meta-*/Llama*", "prod/fraud", "*/*@3", "prod/*"]},
			{"name": "more", "issuers": ["partner"],
				"members": ["group:g1", "group:g2", "group:g3", "group:g4", "group:g5", "group:g6", "group:g7", "domain:example.com",
				"principalSet://iam.googleapis.com/` + pool + `/*", "principalSet://iam.googleapis.com/` + pool + `/attribute.repository/r"],
				"role": "viewer", "models": ["prod/*", "pr*/*"]}]}`
	p := compile(t, policy)
	caller := who("partner", `{"sub": "7", "email": "ana@example.com", "hd": "example.com", "acr": "gold", "n": 3,
		"acr_values": "bronze gold", "scope": "openid models.predict", "repository": "r",
		"groups": ["g1", "g2", "g3", "g4", "g5", "g6", "g7", "g8"]}`)
	for _, c := range []struct{ issuer, call, want string }{
		{"partner", "predict prod/fraud", "allow conditions"},
		{"partner", "predict prod/llm/meta-llama/Llama-3@3", "allow conditions"},
		{"partner", "ready prod/fraud prod/other", "allow conditions"},
		{"partner", "list private/fraud", "allow more"},
		{"partner", "predict dev/fraud", "deny"},
		{"", "predict prod/fraud", "deny"},
	} {
		asked, caller := call(t, c.call), caller
		if c.issuer == "" {
			caller = who("", "")
		}
		if got := line(p.Decide(noon, caller, asked)); got != c.want {
			t.Errorf("Decide(%s) = %q, want %q", c.call, got, c.want)
		}
		if n := testing.AllocsPerRun(100, func() { p.Decide(noon, caller, asked) }); n != 0 {
			t.Errorf("Decide(%s) allocates %v times, want 0", c.call, n)
		}
	}
}

// TestManyMembersAndPatterns has more of both than are kept on the stack.
func TestManyMembersAndPatterns(t *testing.T) {
	var rules, groups, models []string
	for i := range 50 {
		groups = append(groups, fmt.Sprintf(`"g%d"`, i))
		models = append(models, fmt.Sprintf(`"prod/%s*"`, strings.Repeat("a", i)))
		rules = append(rules, fmt.Sprintf(`{"name": "r%d", "issuers": ["corp"], "members": ["group:g%d"], "role": "viewer",
			"models": ["prod/%s*"]}`, i, i, strings.Repeat("a", i)))
	}
	rules = append(rules, `{"name": "last", "issuers": ["corp"], "members": ["group:g49"], "role": "invoker",
		"models": [`+strings.Join(models, ",")+`]}`)
	p := compile(t, `{"grants": [`+strings.Join(rules, ",")+`]}`)
	caller := who("corp", `{"groups": [`+strings.Join(groups, ",")+`]}`)
	for asked, want := range map[string]string{
		"ready prod/b":   "allow r0",
		"predict prod/b": "allow last",
		"predict prod/" + strings.Repeat("a", 49): "allow last",
		"load prod/" + strings.Repeat("a", 49):    "deny",
		"predict dev/" + strings.Repeat("a", 49):  "deny",
	} {
		if got := line(p.Decide(noon, caller, call(t, asked))); got != want {
			t.Errorf("Decide(%s) = %q, want %q", asked, got, want)
		}
	}
	only := who("corp", `{"groups": ["g49"]}`)
	if got := line(p.Decide(noon, only, call(t, "ready prod/"+strings.Repeat("a", 49)))); got != "allow r49" {
		t.Errorf("Decide(by the last group) = %q, want r49", got)
	}
}

func TestTooManyPairs(t *testing.T) {
	var members, models []string
	for i := range 1_001 {
		members = append(members, fmt.Sprintf(`"user:u%d@example.com"`, i))
		models = append(models, fmt.Sprintf(`"prod/m%d"`, i))
	}
	rule := `{"name": "%s", "issuers": ["google"], "members": [` + strings.Join(members, ",") + `], "role": "viewer",
		"models": [` + strings.Join(models, ",") + `]}`
	_, problems := tryCompile(`{"grants": [` + fmt.Sprintf(rule, "a") + `,` + fmt.Sprintf(rule, "b") + `]}`)
	if len(problems) != 1 || problems[0].Pointer != "/grants/0" || !strings.Contains(problems[0].Message, "more than 1000000 pairs") {
		t.Errorf("problems = %v", problems)
	}
}
