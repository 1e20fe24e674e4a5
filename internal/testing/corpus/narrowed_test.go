package corpus

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
)

// TestNarrowedCorpus sends every case by routes with narrowings that are parts of its own
// policy. What the configuration refuses is refused, and anything else is answered as a gate
// answers that has only this part.
func TestNarrowedCorpus(t *testing.T) {
	scenarios, err := LoadAll("../../../examples")
	if err != nil {
		t.Fatal(err)
	}
	passed, refused := 0, 0
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			for name, part := range parts(t, s.Config) {
				p, r := checkNarrowed(t, s, name, part)
				passed, refused = passed+p, refused+r
			}
		})
	}
	t.Logf("%d requests pass a narrowing, %d are refused by one", passed, refused)
	if passed < 500 || refused < 500 {
		t.Error("too few requests to prove anything")
	}
}

// policyFields are the fields of a configuration that a narrowing may have, too.
var policyFields = []string{"grants", "denies", "iam"}

// parts returns policies that allow less than that of a configuration: all of it, one grant
// alone, and with one more deny, of everything.
func parts(t *testing.T, config string) map[string]map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(config), &doc); err != nil {
		t.Fatal(err)
	}
	whole := map[string]any{}
	for _, field := range policyFields {
		if doc[field] != nil {
			whole[field] = doc[field]
		}
	}
	with := func(field string, value any) map[string]any {
		p := maps.Clone(whole)
		p[field] = value
		return p
	}
	all := map[string]map[string]any{"the same": whole}
	grants, _ := whole["grants"].([]any)
	for _, g := range grants {
		all["only "+g.(map[string]any)["name"].(string)] = with("grants", []any{g})
	}
	denies, _ := whole["denies"].([]any)
	all["closed"] = with("denies", append([]any{map[string]any{"name": "nobody"}}, denies...))
	return all
}

// checkNarrowed compares a gate that has a part beside its policy with one that has the part
// in its place.
func checkNarrowed(t *testing.T, s *Scenario, name string, part map[string]any) (passed, refused int) {
	g, err := gate.New(s.Config, s.Secret)
	if err != nil {
		t.Fatal(err)
	}
	only, err := gate.New(replaced(t, s.Config, part), s.Secret)
	if err != nil {
		t.Fatal(err)
	}
	n := narrowing(t, g, part)
	env := gate.Env{Now: time.Now(), Keys: g.Keys(), Cache: g.NewCache()}
	for _, c := range s.Cases {
		// A nonce counts once. A narrowing is in force where a route is in shadow.
		if c.Sign != nil || strings.Contains(c.Request, " /trial/") {
			continue
		}
		r, err := s.Request(c, env.Now)
		if err != nil {
			t.Fatal(err)
		}
		before, want := Native(g, env, r), Native(only, gate.Env{Now: env.Now, Keys: only.Keys()}, r)
		switch allowed := strings.HasPrefix(before.Line, "allow"); {
		case allowed && before.Line == want.Line:
			passed++
		case allowed:
			refused++
		case strings.HasPrefix(want.Line, "allow"): // by the gate itself
			want = before
		}
		for range 3 { // the last time by a cached decision
			got := Narrowed(g, env, r, n)
			same := got.Line == want.Line && got.Reply == want.Reply && got.Challenge == want.Challenge
			// Of two refusals that of the head comes first. A gate that holds the head reads the
			// body before it asks the narrowing.
			body := strings.HasSuffix(want.Line, "request_signature_missing") && strings.HasSuffix(got.Line, "grant_missing")
			if !same && !body && (strings.HasPrefix(want.Line, "allow") || got.Line != before.Line) {
				t.Errorf("%s, %s: %+v, want %+v", name, c.Name, got, want)
			}
		}
	}
	return passed, refused
}

// replaced is a configuration with another policy.
func replaced(t *testing.T, config string, part map[string]any) string {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(config), &doc); err != nil {
		t.Fatal(err)
	}
	for _, field := range policyFields {
		delete(doc, field)
	}
	maps.Copy(doc, part)
	return marshal(t, doc)
}

// narrowing compiles a part as a narrowing beside a gate.
func narrowing(t *testing.T, g *gate.Gate, part map[string]any) *gate.Narrowing {
	t.Helper()
	doc := maps.Clone(part)
	doc["version"], doc["name"] = 1, "part"
	d, err := gate.NewNarrowingDocument(marshal(t, doc))
	if err != nil {
		t.Fatal(err)
	}
	n, err := g.Narrowing(d)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
