package main

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/replay"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// auditFields are the members of an audit line that say what is at fault.
var auditFields = []string{
	"issuer", "kid", "alg", "claim", "subject", "address", "groups", "verb", "models", "rule", "grant", "lacks", "place", "why", "want", "got",
	"late_seconds", "early_seconds", "key", "part", "hides", "address_verified",
}

// TestLogOfReasons: what the page says that the log has for a Reason, the log has for some refusal of the
// examples with this Reason.
func TestLogOfReasons(t *testing.T) {
	lines := auditLines(t)
	text, err := os.ReadFile("../../../" + reasonsFile)
	if err != nil {
		t.Fatal(err)
	}
	var groups []group
	if err := yaml.Load(text, &groups, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	word := regexp.MustCompile("`([a-z_]+)[`:]")
	seen := 0
	for _, g := range groups {
		for name, h := range g.Reasons {
			if lines[name] == nil {
				continue
			}
			seen++
			said := []string{"place", "why"}
			for _, m := range word.FindAllStringSubmatch(h.Log, -1) {
				if slices.Contains(auditFields, m[1]) {
					said = append(said, m[1])
				}
			}
			for _, field := range said {
				if !slices.ContainsFunc(lines[name], func(line map[string]any) bool { return line[field] != nil }) {
					t.Errorf("%s: no line of the log has %s, which the page says", name, field)
				}
			}
		}
	}
	if seen < 45 {
		t.Errorf("the examples are refused for %d Reasons, want at least 45", seen)
	}
	t.Logf("%d Reasons", seen)
}

// auditLines are the lines of the log about refusals of the examples' cases, by Reason.
func auditLines(t *testing.T) map[string][]map[string]any {
	t.Helper()
	scenarios, err := corpus.LoadAll("../../../examples")
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string][]map[string]any{}
	for _, s := range scenarios {
		g, err := gate.New(s.Config, s.Secret)
		if err != nil {
			t.Fatal(err)
		}
		env := gate.Env{Now: time.Now(), Keys: g.Keys()}
		if pages := g.NoncePages(); pages > 0 {
			env.Admit = replay.NewMemory(pages).Admit
		}
		for _, c := range s.Cases {
			r, err := s.Request(c, env.Now)
			if err != nil {
				t.Fatal(err)
			}
			_, step := g.DecideRequest(env, r.Head(), []byte(r.Body), r.Trailers)
			if step.Audit == "" || step.Reason == reason.Allowed {
				continue
			}
			var line map[string]any
			if err := json.Unmarshal([]byte(step.Audit), &line); err != nil {
				t.Fatalf("%s: %s: %v", s.Name, c.Name, err)
			}
			lines[step.Reason.String()] = append(lines[step.Reason.String()], line)
		}
	}
	return lines
}
