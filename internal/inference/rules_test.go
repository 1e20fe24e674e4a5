package inference_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
)

// patternText writes patterns with commas between them.
func patternText(list []inference.Pattern) string {
	var texts []string
	for _, p := range list {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, ", ")
}

const (
	oneAlias    = `[{"protocol": "openai", "service": "prod/llm", "aliases": {"gpt": "meta/Llama", "org/small": "base"}}]`
	freeAliases = `[{"protocol": "openai", "service": "prod/llm", "aliases": {"chat@1": "/mnt/models", "/x": "llama3:8b"}}]`
	twoAlias    = `[
		{"protocol": "openai", "service": "prod/llm", "hosts": ["a"], "aliases": {"gpt": "one", "same": "base"}},
		{"protocol": "openai", "service": "prod/llm", "hosts": ["b"], "aliases": {"gpt": "two", "same": "base"}},
		{"protocol": "kserve-v2", "service": "lab/gpu", "hosts": ["c"], "aliases": {"gpt": "three"}}]`
	manyServices = `[{"protocol": "openai", "modelHeader": "x-model", "models": {"a": "prod/llm", "b": "prod/embed"},
		"aliases": {"first": "a", "second": "b", "lost": "c"}}]`
	byHostNames = `[{"protocol": "kserve-v2", "names": "kserve", "aliases": {"gpt": "own"}},
		{"protocol": "grpc", "service": "echo.Echo", "model": "prod/echo", "verb": "predict"}]`
)

// TestNamesInRules: names in rules mean what they mean in requests.
func TestNamesInRules(t *testing.T) {
	for _, c := range []struct{ name, routes, rule, canonical, possible string }{
		{"an alias", oneAlias, "prod/llm/gpt", "prod/llm/meta/Llama", "prod/llm/gpt, prod/llm/meta/Llama"},
		{"an alias with a slash", oneAlias, "prod/llm/org/small", "prod/llm/base", "prod/llm/org/small, prod/llm/base"},
		{"an alias and a version", oneAlias, "prod/llm/gpt@3", "prod/llm/meta/Llama@3", "prod/llm/gpt@3, prod/llm/meta/Llama@3"},
		{"an alias in any service", oneAlias, "*/*/gpt", "prod/llm/meta/Llama, */*/gpt", "*/*/gpt, prod/llm/meta/Llama"},
		{"an alias of another service", oneAlias, "prod/other/gpt", "prod/other/gpt", "prod/other/gpt"},
		{"an alias in another namespace", oneAlias, "lab/llm/gpt", "lab/llm/gpt", "lab/llm/gpt"},
		{"an alias in upper case", oneAlias, "prod/llm/GPT", "prod/llm/GPT", "prod/llm/GPT, prod/llm/meta/Llama"},
		{"a pattern that an alias fits", oneAlias, "prod/llm/g*", "prod/llm/g*", "prod/llm/g*, prod/llm/meta/Llama"},
		{"a pattern that no alias fits", oneAlias, "prod/llm/x*", "prod/llm/x*", "prod/llm/x*"},
		{"a model's own name, which has an alias", oneAlias, "prod/llm/base", "prod/llm/base", "prod/llm/base, prod/llm/org/small"},
		{"a model's own name", oneAlias, "prod/llm/other", "prod/llm/other", "prod/llm/other"},
		{"a pattern that fits the rest of an alias", oneAlias, "prod/llm/org*", "prod/llm/org*", "prod/llm/org*, prod/llm/base"},
		{"free names", freeAliases, "prod/llm/chat@@1", "prod/llm//mnt/models", "prod/llm/chat@@1, prod/llm//mnt/models"},
		{"a free name behind a slash", freeAliases, "prod/llm//x", "prod/llm/llama3:8b", "prod/llm//x, prod/llm/llama3:8b"},
		{"a free name of another", freeAliases, "prod/llm//MNT/*", "prod/llm//MNT/*", "prod/llm//MNT/*, prod/llm/chat@@1"},
		{"a service", oneAlias, "prod/gpt", "prod/gpt", "prod/gpt"},
		{"every service", oneAlias, "*/*", "*/*", "*/*"},
		{"a publisher's name", oneAlias, "prod/llm/publishers/prod/models/m", "prod/llm/m", "prod/llm/publishers/prod/models/m, prod/llm/m"},
		{"a publisher's name of an alias", oneAlias, "prod/llm/publishers/prod/models/gpt", "prod/llm/meta/Llama",
			"prod/llm/publishers/prod/models/gpt, prod/llm/gpt, prod/llm/meta/Llama"},
		{"a publisher's name with a slash", oneAlias, "prod/llm/publishers/prod/models/a/b", "prod/llm/a/b",
			"prod/llm/publishers/prod/models/a/b, prod/llm/a/b"},
		{"a publisher's pattern", oneAlias, "prod/llm/publishers/prod/models/a*", "prod/llm/a*",
			"prod/llm/publishers/prod/models/a*, prod/llm/a*"},
		{"a publisher in any namespace", oneAlias, "*/llm/publishers/prod/models/m", "prod/llm/m",
			"*/llm/publishers/prod/models/m, prod/llm/m"},
		{"any publisher in one namespace", oneAlias, "prod/llm/publishers/*/models/m", "prod/llm/m",
			"prod/llm/publishers/*/models/m, prod/llm/m"},
		{"a publisher of another namespace", oneAlias, "prod/llm/publishers/lab/models/m",
			"prod/llm/publishers/lab/models/m", "prod/llm/publishers/lab/models/m"},
		{"half of a publisher's name", oneAlias, "prod/llm/publishers/prod/models",
			"prod/llm/publishers/prod/models", "prod/llm/publishers/prod/models"},
		{"two meanings", twoAlias, "prod/llm/gpt", "prod/llm/one, prod/llm/two", "prod/llm/gpt, prod/llm/one, prod/llm/two"},
		{"one meaning of two routes", twoAlias, "prod/llm/same", "prod/llm/base", "prod/llm/same, prod/llm/base"},
		{"the meaning of one service", twoAlias, "lab/gpu/gpt", "lab/gpu/three", "lab/gpu/gpt, lab/gpu/three"},
		{"three meanings", twoAlias, "*/*/gpt", "prod/llm/one, */*/gpt, prod/llm/two, lab/gpu/three",
			"*/*/gpt, prod/llm/one, prod/llm/two, lab/gpu/three"},
		{"an alias of one of several services", manyServices, "prod/llm/first", "prod/llm/a", "prod/llm/first, prod/llm/a"},
		{"an alias of another of them", manyServices, "prod/llm/second", "prod/llm/second", "prod/llm/second"},
		{"an alias of no service", manyServices, "prod/llm/lost", "prod/llm/c", "prod/llm/lost, prod/llm/c"},
		{"an alias on every host", byHostNames, "any/thing/gpt", "any/thing/own", "any/thing/gpt, any/thing/own"},
	} {
		t.Run(c.name, func(t *testing.T) {
			routes := compile(t, c.routes)
			p, err := inference.ParsePattern(c.rule)
			if err != nil {
				t.Fatal(err)
			}
			if got := patternText(routes.CanonicalNames(p)); got != c.canonical {
				t.Errorf("CanonicalNames(%s) = %s, want %s", c.rule, got, c.canonical)
			}
			if got := patternText(routes.PossibleNames(p)); got != c.possible {
				t.Errorf("PossibleNames(%s) = %s, want %s", c.rule, got, c.possible)
			}
		})
	}
}
