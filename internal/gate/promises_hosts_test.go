package gate_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// splitsOf are the services, as namespace/service, that a label of
// {service}-{namespace} can be cut into.
func splitsOf(label string) (models []string) {
	for i := range label {
		if label[i] == '-' {
			models = append(models, label[i+1:]+"/"+label[:i])
		}
	}
	return models
}

// TestEveryReadingIsGranted: a request on a host that means several services is allowed if
// each of them is granted and none denied, and only then; by the public path, where the
// gate writes the host, too.
func TestEveryReadingIsGranted(t *testing.T) {
	const seeds = 150
	words := strings.Fields("a b team prod")
	seen := map[string]int{}
	for seed := range uint64(seeds) {
		random := rand.New(rand.NewPCG(seed, 1))
		label := func() string {
			parts := make([]string, 2+random.IntN(3))
			for i := range parts {
				parts[i] = words[random.IntN(len(words))]
			}
			return strings.Join(parts, "-")
		}
		hosts := []string{label(), label(), label()}
		var granted, denied []string
		for _, model := range slices.Concat(splitsOf(hosts[0]), splitsOf(hosts[1]), splitsOf(hosts[2])) {
			if random.IntN(5) > 0 {
				granted = append(granted, model)
			}
			if random.IntN(20) == 0 {
				denied = append(denied, model)
			}
		}
		g := splitWorld(t, granted, denied)
		for _, host := range hosts {
			models := splitsOf(host)
			want := !slices.ContainsFunc(models, func(m string) bool { return !slices.Contains(granted, m) || slices.Contains(denied, m) })
			namespace, service, _ := strings.Cut(models[random.IntN(len(models))], "/")
			for _, h := range []*gate.Head{
				headOn(host+".example.com", "POST /v1/models/m:predict"),
				headOn("api.example.org", fmt.Sprintf("POST /p/%s/%s:predict", namespace, service)),
			} {
				x, step := begin(g, h)
				if allowed := step.Reason == reason.Allowed; allowed != want {
					t.Fatalf("seed %d: %v is %s, want allowed %v: granted %q, denied %q, asks for %v",
						seed, h.Pairs, step.Reason, want, granted, denied, x.Call)
				}
				seen[fmt.Sprint(want, len(models) > 1)]++
			}
		}
	}
	for _, kind := range []string{"true true", "true false", "false true", "false false"} {
		if seen[kind] < 20 {
			t.Errorf("seen %v, want 20 or more of %q", seen, kind)
		}
	}
}

// splitWorld has grants to everybody, and denies. No name means another service.
func splitWorld(t *testing.T, granted, denied []string) *gate.Gate {
	t.Helper()
	quoted := func(list []string) string { return `["` + strings.Join(list, `","`) + `"]` }
	s := edit.Set(t, world, "/routes",
		`[{"protocol": "kserve-v1", "prefix": "/p", "names": {"predictor": "{service}-{namespace}.example.com", "exact": ["*/*"]}}]`)
	s = edit.Delete(t, edit.Delete(t, s, "/grants"), "/denies")
	if granted != nil {
		s = edit.Set(t, s, "/grants", `[{"name": "g", "members": ["allUsers"], "role": "invoker", "models": `+quoted(granted)+`}]`)
	}
	if denied != nil {
		s = edit.Set(t, s, "/denies", `[{"name": "d", "models": `+quoted(denied)+`}]`)
	}
	g, _ := load(t, s)
	return g
}
