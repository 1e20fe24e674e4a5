package authz_test

import (
	"strings"
	"testing"
)

// FuzzDenyNames: a deny on one model finds it in upper and in lower case, and under the
// names by which Ollama finds it. A grant finds none of the others.
func FuzzDenyNames(f *testing.F) {
	for _, name := range []string{"secret", "Library/secret", "registry.ollama.ai/library/x",
		"a/b/c/d", "meta-llama/Llama-3.1-8B", "LIBRARY/LIBRARY", "llama3:8b", "llama3:latest", "/mnt/models", "claude@2025", "hf.co/u/r:Q4_K_M"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		rules := func(section string) string {
			return `{"` + section + `": [{"name": "no", "members": ["allUsers"], "role": "admin", "models": ["prod/llm/` +
				strings.ReplaceAll(name, "@", "@@") + `"]}]`
		}
		if strings.ContainsAny(name, "\"\\* \t\r\n") {
			return
		}
		deny, problems := tryCompile(rules("denies") + `, ` + everybody + `}`)
		grant, _ := tryCompile(rules("grants") + `}`)
		if problems != nil {
			return
		}
		spellings := []string{name, strings.ToUpper(name), strings.ToLower(name), name + ":latest", "any:" + name}
		if short, ok := strings.CutSuffix(name, ":latest"); ok {
			spellings = append(spellings, short)
		}
		if lower := strings.ToLower(name); !strings.HasSuffix(lower, ":local") && !strings.HasSuffix(lower, "cloud") {
			spellings = append(spellings, name+":local")
		}
		switch strings.Count(name, "/") {
		case 0:
			spellings = append(spellings, "library/"+name, "registry.ollama.ai/library/"+name)
		case 1:
			spellings = append(spellings, "registry.ollama.ai/"+name)
		}
		for _, s := range spellings {
			asked := predictLLM(s)
			if got := line(deny.Decide(noon, who("", ""), asked)); got != "deny no" {
				t.Errorf("Decide(%q) = %q with a deny on %q", s, got, name)
			}
			if got := line(grant.Decide(noon, who("", ""), asked)); (got == "allow no") != (s == name) {
				t.Errorf("Decide(%q) = %q with a grant on %q", s, got, name)
			}
		}
	})
}
