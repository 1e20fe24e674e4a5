package inference_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
)

func TestParsePattern(t *testing.T) {
	for _, s := range []string{
		"prod/fraud", "*/*", "prod/*", "*/fraud", "prod/risk-*", "prod-*/a*", "p/0",
		"prod/fraud@3", "prod/*@v1.2_3",
		"prod/llm/*", "prod/llm/meta-llama/Llama-3.1-8B", "prod/llm/meta-*/Llama*", "prod/llm/a/b/c/d@1", "prod/llm/A_b",
		long + "/" + long, long + "*/" + long + "*", long[:61] + "-*/a", "prod/a--*", "prod/llm/" + strings.Repeat("m", 253),
		"prod/llm/llama3:8b", "prod/llm/llama3:*", "prod/llm/ft:gpt-4o:org::id", "prod/llm//mnt/models", "prod/llm//*", "prod/llm/.cache/x",
		"prod/llm/claude@@2025", "prod/llm/claude@@2025@3", "prod/llm/@@cf/meta/x", "prod/llm/a@@@@b", "prod/llm/a@@*", "prod/llm/a@@/b",
		"prod/llm/~x/y=1+2", "prod/llm/...",
	} {
		t.Run(s, func(t *testing.T) {
			if _, err := inference.ParsePattern(s); err != nil {
				t.Errorf("ParsePattern: %v", err)
			}
		})
	}
}

func TestParsePatternRefuses(t *testing.T) {
	for _, c := range []struct {
		name, want string
		patterns   []string
	}{
		{"a namespace is missing", "must have a namespace", []string{
			"", "fraud", "*", "fraud@3",
		}},
		{"a version is missing, or not exact", "must have one exact version after '@'", []string{
			"prod/fraud@", "prod/fraud@*", "prod/fraud@3@4", "prod/fraud@a/b", "prod/fraud@.",
			"prod/llm/a@@@", "prod/llm/a@1@@2", "prod/llm/a@v:0", "prod/llm/@cf/x", "prod/llm/a@@b@",
		}},
		{"a star is not at the end", "must have '*' only once in a segment, at its end", []string{
			"prod/**", "prod/*a", "prod/a*b", "*prod/a", "prod/llm/*x", "prod/llm/*:8b", "prod/llm/a*@@b",
		}},
		{"no label", "must have DNS-1123 labels as namespace and service", []string{
			"/fraud", "prod/", "Prod/fraud", "prod/Fraud", "prod/fr.aud", "prod/-fraud", "prod/fraud-", "prod/fr_aud", "prod /fraud",
			long + "a/fraud", "prod/fraud@@3", "prod/fr:aud", "p@@d/fraud",
		}},
		{"no beginning of a label", "must have the beginning of a DNS-1123 label before '*'", []string{
			"prod/-*", "-*/fraud", "prod/A*", "prod/a.*", "prod/a.b*", "prod/" + long + "a*", "prod/" + long[:62] + "-*",
		}},
		{"no model's name", "must have names of models after the service", []string{
			"prod/llm/", "prod/llm//", "prod/llm///x", "prod/llm/a//x", "prod/llm/a/", "prod/llm/a b", "prod/llm/é", "prod/llm/%41",
			"prod/llm/.", "prod/llm/../x", "prod/llm/..*", "prod/llm/a,b",
			"prod/llm/a;b", "prod/llm/a#b", `prod/llm/a\b`, "prod/llm/a?b", "prod/llm/a\tb",
			"prod/llm/" + strings.Repeat("m", 254),
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, pattern := range c.patterns {
				p, err := inference.ParsePattern(pattern)
				if err == nil || !strings.HasPrefix(err.Error(), c.want) || !strings.Contains(err.Error(), "; got ") {
					t.Errorf("ParsePattern(%q) = %v, %v, want %s...", pattern, p, err, c.want)
				}
			}
		})
	}
}

func TestParsePatternHints(t *testing.T) {
	const noRegexp = `a pattern is no regular expression: a "*" at the end of a part matches any further characters`
	for _, c := range []struct{ pattern, want string }{
		{"fraud", `write "*/fraud" for this service in every namespace`},
		{"Prod/fraud", `did you mean "prod/fraud"?`},
		{"prod/risk.*", noRegexp},
		{"prod/llm/.*", noRegexp},
		{".*/fraud", noRegexp},
		{"^prod/fraud$", noRegexp},
		{"prod/(fraud|risk)", noRegexp},
		{"prod/[a-z]+", noRegexp},
		{"prod/fr_aud", `got "prod/fr_aud"`},
		{"prod/llm/@cf/meta/x", `in the name of a model, write "@@" for "@"`},
		{"prod/llm/claude@v1:0", `in the name of a model, write "@@" for "@"`},
	} {
		t.Run(c.pattern, func(t *testing.T) {
			if _, err := inference.ParsePattern(c.pattern); err == nil || !strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("ParsePattern = %v, want ... %s", err, c.want)
			}
		})
	}
}

func TestPatternMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, namespace, service, name, version string
		want                                       bool
	}{
		{"prod/fraud", "prod", "fraud", "fraud", "", true},
		{"prod/fraud", "prod", "fraud", "fraud", "3", true},
		{"prod/fraud", "prod", "fraud", "other/model", "", true}, // a service covers the models inside it
		{"prod/fraud", "prod", "fraud-admin", "fraud-admin", "", false},
		{"prod/fraud", "prod", "frau", "fraud", "", false},
		{"prod/fraud", "prod", "other", "fraud", "", false},
		{"prod/fraud", "production", "fraud", "fraud", "", false},
		{"prod/fraud", "fraud", "prod", "prod", "", false},
		{"prod/fraud@3", "prod", "fraud", "fraud", "3", true},
		{"prod/fraud@3", "prod", "fraud", "fraud", "", false},
		{"prod/fraud@3", "prod", "fraud", "fraud", "30", false},
		{"*/*", "prod", "fraud", "any/thing", "9", true},
		{"prod/*", "prod", "fraud", "fraud", "", true},
		{"prod/*", "prod-eu", "fraud", "fraud", "", false},
		{"prod*/*", "prod-eu", "fraud", "fraud", "", true},
		{"prod/risk-*", "prod", "risk-eu", "risk-eu", "", true},
		{"prod/risk-*", "prod", "risk-", "risk-", "", true},
		{"prod/risk-*", "prod", "risk", "risk", "", false},
		{"prod/risk-*", "prod", "a-risk-eu", "a-risk-eu", "", false},
		{"prod/llm/*", "prod", "llm", "llama", "", true},
		{"prod/llm/*", "prod", "llm", "meta/llama", "", true}, // the last star takes the rest
		{"prod/llm/*", "prod", "llm", "/mnt/models", "", true},
		{"prod/llm/*/llama", "prod", "llm", "a/b/llama", "", false}, // another stays in its segment
		{"prod/llm//mnt/*", "prod", "llm", "/mnt/models", "", true},
		{"prod/llm//mnt/*", "prod", "llm", "mnt/models", "", false},
		{"prod/llm/llama3:8b", "prod", "llm", "llama3:8b", "", true},
		{"prod/llm/llama3", "prod", "llm", "llama3:8b", "", false},
		{"prod/llm/claude@@2025", "prod", "llm", "claude@2025", "", true},
		{"prod/llm/claude@@2025", "prod", "llm", "claude", "2025", false},
		{"prod/llm/claude@2025", "prod", "llm", "claude@2025", "", false},
		{"prod/llm/claude@@2025@3", "prod", "llm", "claude@2025", "3", true},
		{"prod/llm/meta/*", "prod", "llm", "meta/llama", "", true},
		{"prod/llm/meta/*", "prod", "llm", "meta", "", false},
		{"prod/llm/meta/*", "prod", "llm", "metal/llama", "", false},
		{"prod/llm/meta*/llama*", "prod", "llm", "metal/llama-3", "", true},
		{"prod/llm/llama", "prod", "llm", "Llama", "", false},
		{"prod/llm/llama@1", "prod", "llm", "llama", "1", true},
		{"prod/llm/llama@1", "prod", "llm", "llama", "2", false},
	} {
		m := inference.Model{Namespace: c.namespace, Service: c.service, Name: c.name, Version: c.version}
		t.Run(c.pattern+" "+m.String(), func(t *testing.T) {
			p, err := inference.ParsePattern(c.pattern)
			if got := p.Matches(m); err != nil || got != c.want {
				t.Errorf("Matches = %v, %v, want %v", got, err, c.want)
			}
		})
	}
}
