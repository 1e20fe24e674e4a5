package authz_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
)

const everybody = `"grants": [{"name": "all", "members": ["allUsers"], "role": "admin", "models": ["*/*"]}]`

// predictLLM is a call of the model of that name, inside prod/llm.
func predictLLM(name string) *inference.Call {
	return &inference.Call{Verb: inference.Predict, Models: []inference.Model{{Namespace: "prod", Service: "llm", Name: name}}}
}

// TestDenyNames: a deny finds a model under each name by which some server finds it.
func TestDenyNames(t *testing.T) {
	for _, c := range []struct{ pattern, denied, allowed string }{
		{"secret", "secret SECRET Secret secret:latest SECRET:LATEST library/secret Library/Secret registry.ollama.ai/library/secret:latest " +
			"https://registry.ollama.ai/library/secret", "secrets my/secret secret:8b a/library/secret library/secret/x registry.ollama.ai/secret"},
		{"SECRET", "secret library/secret", "secrets"},
		{"library/secret", "secret library/secret LIBRARY/secret:latest", "my/secret library/secrets secret:8b"},
		{"registry.ollama.ai/library/secret", "secret library/secret", "my/secret registry.ollama.ai/my/secret"},
		{"registry.ollama.ai/my/secret", "my/secret registry.ollama.ai/my/secret", "secret library/secret"},
		{"my/secret", "my/secret registry.ollama.ai/my/secret:latest", "secret library/secret hub.example/my/secret"},
		{"meta-llama/*", "meta-llama/x meta-llama/x/y META-LLAMA/X registry.ollama.ai/meta-llama/x", "meta-llama meta-llamas/x x/meta-llama/y"},
		{"meta*", "meta meta-llama/x metal meta/x:8b", "a/meta"},
		{"*", "x x/y x/y/z /models/x", ""},
		{"library/*", "x library/x X:8b library/x/y registry.ollama.ai/library/x", "my/x"},
		{"library/l*", "llama library/llama Llama:8b", "my/llama x"},
		{"*/secret", "secret my/secret library/secret", "a/b/secret secrets"},
		{"my*/x*/z", "my/x/z myself/xx/z", "my/x/y/z my/x"},
		{"registry.ollama.ai/*", "x my/x registry.ollama.ai/my/x", ""},
		{"reg*/library/secret", "secret library/secret reg/library/secret", "my/secret"},
		{"draft*", "draft-1 draft/x DRAFT library/draft-1", "a/draft-1"},
		{"llama:8b", "llama:8b LLAMA:8B library/llama:8b registry.ollama.ai/library/llama:8b", "llama llama:latest llama:8bx other:8b"},
		{"llama", "llama llama:latest Library/Llama:Latest", "llama:8b"},
		{"llama:latest", "llama llama:latest registry.ollama.ai/library/llama", "llama:8b latest"},
		{"llama:*", "llama llama:8b LLAMA:70b library/llama:8b", "llama3:8b"},
		{"llama:8b", "llama:8b:local LLAMA:8B:LOCAL library/llama:8b:local", "llama:8b:cloud llama:8b-cloud llama:local llama:70b:local"},
		{"llama", "llama:local llama:latest:local library/llama:local", "llama:cloud llama:8b:local"},
		{"llama:local", "llama llama:latest", "llama:8b:local llama:cloud"},
		{"llama:8b:local", "llama:8b", "llama llama:8b:cloud"},
		{"gpt:20b-cloud", "gpt:20b:cloud GPT:20B-Cloud library/gpt:20b:cloud", "gpt:20b gpt:20b:local gpt:cloud"},
		{"gpt:20b:cloud", "gpt:20b-cloud", "gpt:20b"},
		{"gpt:cloud", "gpt:cloud gpt:latest:cloud gpt:latest-cloud library/gpt:cloud", "gpt gpt:20b:cloud"},
		{"gpt:20b-c*", "gpt:20b:cloud gpt:20b-cloud", "gpt:20b"},
		{"b:cloud", "a:b:cloud b:cloud", "b-cloud"},
		{"library/llama:8b", "llama:8b library/llama:8b", "my/llama:8b"},
		{"hf.co/u/r:Q4", "hf.co/u/r:Q4 HF.co/u/R:q4", "hf.co/u/r hf.co/u/r:Q8"},
		{"hf.co/u/r", "hf.co/u/r hf.co/u/r:latest", "hf.co/u/r:Q4"},
		{"/mnt/models", "/mnt/models mnt/models /MNT/models", "/mnt/models/x /mnt"},
		{"mnt/models", "/mnt/models mnt/models", "models"},
		{"/mnt/*", "/mnt/models mnt/x/y", "/data/x"},
		{"adapter", "adapter base:adapter any:Adapter", "base base:adapter2 base:adapter:x"},
		{"adapter*", "base:adapter2 base:adapter/x", "base:my-adapter"},
		{"base:adapter", "base:adapter", "base adapter other:adapter"},
		{"claude@@2025", "claude@2025 CLAUDE@2025", "claude claude@2026"},
		{"claude@2025", "claude@2025 Claude@2025 library/claude@2025 claude", "claude@2026 claude@2025x"},
		{"claude@V1", "claude@v1 claude@V1", "claude@v2"},
		{"google/cl*@2025", "google/claude@2025 google/claude@2026 google/claude", "claude@2025"},
		{"@@cf/*", "@cf/meta/x", "cf/meta/x"},
	} {
		for want, models := range map[string]string{"deny no": c.denied, "allow all": c.allowed} {
			for _, model := range strings.Fields(models) {
				t.Run(c.pattern+" "+model, func(t *testing.T) {
					policy := `{"denies": [{"name": "no", "models": ["prod/llm/` + c.pattern + `"]}], ` + everybody + `}`
					p, problems := tryCompile(policy)
					if problems != nil {
						t.Fatalf("compile(%s) = %v", c.pattern, problems)
					}
					if got := line(p.Decide(noon, who("", ""), predictLLM(model))); got != want {
						t.Errorf("Decide(%s) = %q with a deny on %s, want %q", model, got, c.pattern, want)
					}
				})
			}
		}
	}
}

// TestGrantNames: a grant compares exactly. A star at the end takes slashes.
func TestGrantNames(t *testing.T) {
	decide(t, `{"grants": [{"name": "g", "members": ["allUsers"], "role": "invoker",
		"models": ["prod/llm/Exact", "prod/llm/meta-llama/*", "prod/llm/draft*", "prod/llm/a*/z"]}]}`, []decideCase{
		{"", "", "predict prod/llm/Exact", "allow g"},
		{"", "", "predict prod/llm/exact", "deny"},
		{"", "", "predict prod/llm/library/Exact", "deny"},
		{"", "", "predict prod/llm/Exact:latest", "deny"},
		{"", "", "predict prod/llm/meta-llama/x", "allow g"},
		{"", "", "predict prod/llm/meta-llama/x/y/z", "allow g"},
		{"", "", "predict prod/llm/meta-llama", "deny"},
		{"", "", "predict prod/llm/Meta-llama/x", "deny"},
		{"", "", "predict prod/llm/draft", "allow g"},
		{"", "", "predict prod/llm/draft/x", "allow g"},
		{"", "", "predict prod/llm/ab/z", "allow g"},
		{"", "", "predict prod/llm/ab/c/z", "deny"},
		{"", "", "predict prod/llm/", "deny"},
	})
}

// TestAliases: names in rules are resolved as in requests.
func TestAliases(t *testing.T) {
	const routes = `"routes": [
		{"protocol": "openai", "service": "prod/llm", "hosts": ["a.example"], "aliases": {"shiny": "secret", "open": "public"}},
		{"protocol": "openai", "service": "lab/llm", "hosts": ["b.example"], "aliases": {"shiny": "other"}}]`
	decide(t, `{`+routes+`, "denies": [{"name": "no", "models": ["prod/llm/shiny"]}], "grants": [
		{"name": "all", "members": ["allUsers"], "role": "admin", "models": ["*/llm"]},
		{"name": "alias", "members": ["allUsers"], "role": "invoker", "models": ["prod/one/open"]}]}`, []decideCase{
		{"", "", "predict prod/llm/secret", "deny no"},
		{"", "", "predict prod/llm/Secret", "deny no"},
		{"", "", "predict lab/llm/other", "allow all"},
		{"", "", "predict prod/llm/public", "allow all"},
	})
	decide(t, `{`+routes+`, "grants": [{"name": "g", "members": ["allUsers"], "role": "invoker",
		"models": ["prod/llm/open", "lab/llm/shiny"]}]}`,
		[]decideCase{
			{"", "", "predict prod/llm/public", "allow g"},
			{"", "", "predict prod/llm/open", "deny"},
			{"", "", "predict lab/llm/other", "allow g"},
			{"", "", "predict lab/llm/secret", "deny"},
		})
	const grants = `"grants": [{"name": "g", "members": ["allUsers"], "role": "invoker", "models": ["*/llm/shiny"]}]`
	if _, problems := tryCompile(`{` + routes + `, ` + grants + `}`); problems == nil {
		t.Error("Compile of a grant on an alias with two meanings succeeds")
	}
}

// TestDenyVersions: where nothing tells the version, a deny on one applies. Only
// TensorFlow Serving has labels.
func TestDenyVersions(t *testing.T) {
	p := compile(t, `{"denies": [{"name": "three", "models": ["prod/a@3"]}, {"name": "canary", "models": ["prod/b@canary"]},
		{"name": "one", "models": ["prod/c@1.0"]}], `+everybody+`}`)
	for _, c := range []struct{ protocol, call, want string }{
		{"triton", "predict prod/a@3", "deny three"},
		{"triton", "predict prod/a@4", "allow all"},
		{"triton", "predict prod/a", "deny three"},
		{"triton", "predict prod/a/m", "deny three"},
		{"triton", "predict prod/a/", "deny three"},
		{"triton", "predict prod/a/m@4", "allow all"},
		{"tfserving", "predict prod/a@4", "allow all"},
		{"tfserving", "predict prod/a@stable", "deny three"},
		{"tfserving", "predict prod/b@canary", "deny canary"},
		{"tfserving", "predict prod/b@stable", "deny canary"},
		{"tfserving", "predict prod/b@7", "deny canary"},
		{"kserve-v2", "predict prod/b@stable", "allow all"},
		{"kserve-v2", "predict prod/b@7", "allow all"},
		{"torchserve", "predict prod/c@1.0", "deny one"},
		{"torchserve", "predict prod/c@2.0", "allow all"},
		{"torchserve", "predict prod/c", "deny one"},
	} {
		t.Run(c.protocol+" "+c.call, func(t *testing.T) {
			call := call(t, c.call)
			call.Protocol = c.protocol
			if got := line(p.Decide(noon, who("", ""), call)); got != c.want {
				t.Errorf("Decide(%s, %s) = %q, want %q", c.protocol, c.call, got, c.want)
			}
		})
	}
}

// TestConditionOnAddress: a grant's condition on /email needs an issuer that vouches.
func TestConditionOnAddress(t *testing.T) {
	const grant = `{"grants": [{"name": "g", "issuers": ["corp"], "claims": [{"pointer": "/email", %s}],
		"role": "invoker", "models": ["*/*"]}]}`
	const deny = `{"denies": [{"name": "d", "issuers": ["corp"], "claims": [{"pointer": "/email", %s}]}], ` + everybody + `}`
	verified, claimed := who("corp", `{"email": "ana@x.example"}`), who("corp", `{"email": "ana@x.example"}`)
	claimed.Email = ""
	for _, c := range []struct{ condition, verified, claimed, denied string }{
		{`"suffix": "@x.example"`, "allow g", "deny", "deny d"},
		{`"prefix": "ana@"`, "allow g", "deny", "deny d"},
		{`"equals": "ana@x.example"`, "allow g", "deny", "deny d"},
		{`"anyOf": ["ana@x.example"]`, "allow g", "deny", "deny d"},
		{`"suffix": "@y.example"`, "deny", "deny", "allow all"},
		{`"exists": true`, "allow g", "allow g", "deny d"},
		{`"exists": false`, "deny", "deny", "allow all"},
	} {
		t.Run(c.condition, func(t *testing.T) {
			for _, x := range []struct {
				policy string
				who    *authn.Principal
				want   string
			}{{grant, verified, c.verified}, {grant, claimed, c.claimed}, {deny, verified, c.denied}, {deny, claimed, c.denied}} {
				p := compile(t, fmt.Sprintf(x.policy, c.condition))
				if got := line(p.Decide(noon, x.who, call(t, "predict a/b"))); got != x.want {
					t.Errorf("Decide(%q, vouched for %q) = %q, want %q", x.who.ClaimedEmail, x.who.Email, got, x.want)
				}
			}
		})
	}
}
