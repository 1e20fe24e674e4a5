package inference_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
)

// checkPattern checks that the text of a model is a pattern that selects this model.
func checkPattern(t *testing.T, m inference.Model) inference.Pattern {
	t.Helper()
	p, err := inference.ParsePattern(m.String())
	if err != nil {
		t.Fatalf("ParsePattern(%s) of the model %q: %v", m, m.Name, err)
	}
	if !p.Matches(m) || p.String() != m.String() {
		t.Errorf("the pattern %s of the model %s selects it: %v", p, m, p.Matches(m))
	}
	return p
}

// TestModelsArePatterns: the text of a model selects this model, and no other.
func TestModelsArePatterns(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	model := func() inference.Model {
		name := pick("", "", "/")
		for i := range 1 + random.IntN(4) {
			if i > 0 {
				name += pick("", "", "/", ":", "@", "@")
			}
			name += pick("a", "b", "@", "@@", ":", "~", "=", "+", ".a", "1")
		}
		return inference.Model{Namespace: "prod", Service: "llm", Name: name, Version: pick("", "", "1", "a")}
	}
	different := 0
	for range 50_000 {
		m, other := model(), model()
		p := checkPattern(t, m)
		if other != m && (other.Name != m.Name || m.Version != "") {
			different++
			if p.Matches(other) {
				t.Errorf("the pattern %s selects %q@%q too", p, other.Name, other.Version)
			}
		}
		if m.Version == "" && m.String() == other.String() && m != other {
			t.Errorf("%q and %q are both %s", m.Name, other.Name, m)
		}
	}
	if different < 10_000 {
		t.Errorf("%d pairs of different models, want more", different)
	}
}

// FuzzNames: each name that a body may have can be written as a pattern of one model, in a
// header as it is, and in a list.
func FuzzNames(f *testing.F) {
	for _, name := range []string{
		"llama3:8b", "/mnt/models", "claude@2025", "ft:gpt-4o:org::id", "hf.co/user/repo:Q4_K_M", "@cf/meta/x", "a@@b@",
		"..", "a/../b", "//", "a*", "~x",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !inference.IsFreeName(name) {
			return
		}
		checkPattern(t, inference.Model{Namespace: "prod", Service: "llm", Name: name})
		if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`*,;"'\%?#&<>()[]{}|^`+"`$!", r) }) {
			t.Errorf("IsFreeName(%q), which has a character of another meaning", name)
		}
		if !inference.IsCanonicalPath("/v1/models/"+strings.TrimPrefix(name, "/")) || len(name) > 253 {
			t.Errorf("IsFreeName(%q), which is no path", name)
		}
	})
}

// FuzzPattern: a pattern writes itself as it was written, so that each has one meaning.
func FuzzPattern(f *testing.F) {
	for _, s := range []string{
		"prod/llm", "*/*@3", "prod/llm/a@@b@1", "prod/llm//mnt/*", "prod/llm/@@cf/*",
		"prod/llm/a@@@@", "prod/llm/a@@@2", "prod/llm/a@", "prod/llm/..*",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := inference.ParsePattern(s)
		if err == nil && p.String() != s {
			t.Errorf("ParsePattern(%q) = %q", s, p)
		}
		if err == nil && !strings.Contains(s, "*") && len(p.Segments) > 2 {
			name := strings.Join(p.Segments[2:], "/")
			checkPattern(t, inference.Model{Namespace: p.Segments[0], Service: p.Segments[1], Name: name, Version: p.Version})
		}
	})
}
