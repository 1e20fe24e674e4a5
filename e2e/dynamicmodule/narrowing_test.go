package dynamicmodule_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// narrowed gives a part of a route configuration a narrowing.
func narrowed(part object, doc string) { narrowedBy(part, "modelgate", doc) }

// narrowedBy is narrowed by a module of another name.
func narrowedBy(part object, module, doc string) {
	part["typed_per_filter_config"] = object{"modelgate": object{
		"@type":                 "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilterPerRoute",
		"dynamic_module_config": object{"name": module, "do_not_close": true},
		"filter_name":           "modelgate",
		"filter_config":         object{"@type": "type.googleapis.com/google.protobuf.StringValue", "value": doc},
	}}
}

// toSklearn is what the iap example makes of a request for sklearn-iap.
const toSklearn = "allow sklearn-iap-predictor-default.kubeflow.svc.cluster.local /v1/models/sklearn-iap:predict"

var ana = &corpus.Token{Issuer: "iap", Claims: map[string]any{"email": "ana@example.com", "hd": "example.com"}}

// TestNarrowing: the narrowing is that of the route that the request takes once the gate has
// rewritten it. The most specific one counts.
func TestNarrowing(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile(filepath.Join(root, "examples", "iap", "narrowing.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, library := range map[string]string{"modelgate": module, "poisoned": poisoned} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := load(t, "iap")
			g := start(t, s, []string{"kubeflow", "prod"}, func(o *harness.Options) { o.Module = library }, func(bootstrap object) {
				prod := virtualHost(bootstrap, "prod")
				narrowedBy(prod, name, string(doc))
				nobody := virtualHost(bootstrap, "nobody") // it takes the request as it comes
				narrowedBy(nobody, name, `{"version": 1, "name": "nothing", "denies": [{"name": "nothing"}]}`)
			})
			for range 3 { // the last time by a cached decision
				for request, want := range map[string]string{
					"POST /kfserving/prod/fraud:predict":           "403 grant_missing",
					"GET /kfserving/prod/fraud":                    "allow fraud-predictor-default.prod.svc.cluster.local /v1/models/fraud",
					"POST /kfserving/kubeflow/sklearn-iap:predict": toSklearn,
					"POST /kfserving/kubeflow/images:predict":      "403 grant_missing",
					"POST /kfserving/prod/unknown:predict":         "403 grant_missing",
				} {
					if got := g.ask(t, corpus.Case{Name: request, Token: ana, Request: request, Body: "{}"}); got.Line != want {
						t.Errorf("%s: %s, want %s", request, got.Line, want)
					}
				}
			}
			line := g.awaitLog(t, `"narrowing"`)
			const want = `"verb":"predict","models":["prod/fraud"],"narrowing":"prod, looking only"`
			if !strings.Contains(line, want) {
				t.Errorf("%s\nwant %s", line, want)
			}
			if n := len(g.servers["prod"].Requests()); n != 3 {
				t.Errorf("the server behind the narrowing got %d requests, want 3", n)
			}
		})
	}
}

// TestNarrowingRejected: Envoy takes no document that does not compile.
func TestNarrowingRejected(t *testing.T) {
	t.Parallel()
	s := load(t, "iap")
	o := options(s, map[string]string{}, func(bootstrap object) {
		narrowed(virtualHost(bootstrap, "prod"), `{"version": 1, "name": "x", "grants": [{"name": "g", "role": "viewers"}]}`)
	})
	envoy, err := harness.StartEnvoy(o)
	var failed *harness.StartError
	if err == nil {
		envoy.Stop()
	}
	if !errors.As(err, &failed) || !strings.Contains(failed.Log, `must be viewer, invoker or admin; got "viewers"`) {
		t.Errorf("Envoy started, or does not say why not: %v", err)
	}
}

// TestNarrowingBesideNothing: a document that does not fit the filter's configuration refuses
// what comes by its route, and nothing else.
func TestNarrowingBesideNothing(t *testing.T) {
	t.Parallel()
	s := load(t, "iap")
	g := start(t, s, []string{"kubeflow", "prod"}, nil, func(bootstrap object) {
		narrowed(virtualHost(bootstrap, "prod"), `{"version": 1, "name": "x", "grants": [{
			"name": "g", "issuers": ["nobody"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["prod/*"]
		}]}`)
	})
	for request, want := range map[string]string{
		"POST /kfserving/prod/fraud:predict":           "503 not_ready",
		"POST /kfserving/kubeflow/sklearn-iap:predict": toSklearn,
	} {
		if got := g.ask(t, corpus.Case{Token: ana, Request: request, Body: "{}"}); got.Line != want {
			t.Errorf("%s: %s, want %s", request, got.Line, want)
		}
	}
	g.awaitLog(t, `must be the name of an issuer: iap; got "nobody"`)
}

// TestNarrowingOfAnotherModule: a route whose narrowing is in the hands of another copy of the
// module is closed, since this one cannot ask it.
func TestNarrowingOfAnotherModule(t *testing.T) {
	t.Parallel()
	g := start(t, load(t, "iap"), []string{"kubeflow", "prod"}, nil, func(bootstrap object) {
		doc := `{"version": 1, "name": "x", "denies": [{"name": "explain", "verbs": ["explain"]}]}`
		narrowedBy(virtualHost(bootstrap, "prod"), "poisoned", doc)
	})
	for request, want := range map[string]string{
		"POST /kfserving/prod/fraud:predict":           "500 internal",
		"POST /kfserving/kubeflow/sklearn-iap:predict": toSklearn,
	} {
		if got := g.ask(t, corpus.Case{Token: ana, Request: request, Body: "{}"}); got.Line != want {
			t.Errorf("%s: %s, want %s", request, got.Line, want)
		}
	}
}

// TestNarrowingOfLongBody: a body may come in many parts, of which several send the head on, before
// the narrowing of its route is asked.
func TestNarrowingOfLongBody(t *testing.T) {
	t.Parallel()
	g := start(t, load(t, "openai"), []string{"llm", "embed"}, nil, func(bootstrap object) {
		doc := `{"version": 1, "name": "no small ones", "denies": [{"name": "small", "models": ["prod/embed/bge-small"]}]}`
		narrowed(virtualHost(bootstrap, "llm"), doc)
		narrowed(virtualHost(bootstrap, "embed"), doc)
	})
	ana := &corpus.Token{Issuer: "corp", Claims: map[string]any{"email": "ana@example.com", "email_verified": true}}
	for model, want := range map[string]string{
		"meta-llama/Llama-3.1-8B": "allow llm-kserve-workload-svc.prod.svc.cluster.local /v1/chat/completions",
		"bge-small":               "403 denied",
	} {
		body := `{"model": "` + model + `", "messages": ["` + strings.Repeat("x", 300<<10) + `"]}`
		got := g.ask(t, corpus.Case{
			Token: ana, Request: "POST /v1/chat/completions", Headers: [][2]string{{"content-type", "application/json"}}, Body: body,
		})
		if got.Line != want {
			t.Errorf("%s: %s, want %s", model, got.Line, want)
		}
	}
}
