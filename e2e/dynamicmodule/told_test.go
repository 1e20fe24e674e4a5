package dynamicmodule_test

import (
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// logs has the access log end each line with what the gate tells, after a word.
func logs(bootstrap object) {
	source := at(manager(bootstrap), "access_log", 0, "typed_config", "log_format", "text_format_source").(object)
	line := "told %RESPONSE_CODE%"
	for _, name := range []string{"reason", "issuer", "subject", "verb", "model", "rule"} {
		line += " %DYNAMIC_METADATA(modelgate:" + name + ")%"
	}
	line += " state %FILTER_STATE(modelgate.reason:PLAIN)% %FILTER_STATE(modelgate.model:PLAIN)%"
	source["inline_string"] = line + "\n"
}

// onlyModel has Envoy's RBAC filter, after the gate, take requests for one model alone.
func onlyModel(bootstrap object, model string) {
	beforeRouter(bootstrap, object{"name": "envoy.filters.http.rbac", "typed_config": object{
		"@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
		"rules": object{"action": "ALLOW", "policies": object{"model": object{
			"permissions": []any{object{"sourced_metadata": object{"metadata_matcher": object{
				"filter": "modelgate", "path": []any{object{"key": "model"}}, "value": object{"string_match": object{"exact": model}},
			}}}},
			"principals": []any{object{"any": true}},
		}}},
	}})
}

// TestTold: other filters decide by what the gate writes as metadata, and the access log has it,
// and the filter state.
func TestTold(t *testing.T) {
	t.Parallel()
	for name, library := range map[string]string{"modelgate": module, "poisoned": poisoned} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := load(t, "iap")
			s.Config = edit.Set(t, s.Config, "/host", `{"metadata": true, "filterState": true}`)
			g := start(t, s, []string{"kubeflow", "prod"}, func(o *harness.Options) { o.Module = library }, func(bootstrap object) {
				logs(bootstrap)
				onlyModel(bootstrap, "prod/fraud")
			})
			token := &corpus.Token{Issuer: "iap", Claims: map[string]any{"email": "ana@example.com", "sub": "accounts.google.com:1"}}
			for range 3 { // the last time by a cached decision
				for _, c := range []struct{ request, told string }{
					{"POST /kfserving/prod/fraud:predict", "200 allowed iap accounts.google.com:1 predict prod/fraud analysts state allowed prod/fraud"},
					{"POST /kfserving/kubeflow/sklearn-iap:predict",
						"403 allowed iap accounts.google.com:1 predict kubeflow/sklearn-iap analysts state allowed kubeflow/sklearn-iap"},
					{"POST /kfserving/prod/other:predict",
						"403 grant_missing iap accounts.google.com:1 predict prod/other - state grant_missing prod/other"},
				} {
					g.send(t, corpus.Case{Token: token, Request: c.request, Body: "{}"})
					g.awaitLog(t, "told "+c.told)
				}
			}
			g.send(t, corpus.Case{Request: "POST /kfserving/prod/fraud:predict", Body: "{}"})
			g.awaitLog(t, "told 401 credential_missing - - predict prod/fraud - state credential_missing prod/fraud")
			if strings.Contains(g.Log(), "eyJ") {
				t.Error("a token is in the log")
			}
		})
	}
}

// TestToldOfBodies: a gate that holds the head tells other filters for which model the body asks.
func TestToldOfBodies(t *testing.T) {
	t.Parallel()
	s := load(t, "openai")
	s.Config = edit.Set(t, s.Config, "/host", `{"holdHeaders": true, "metadata": true, "filterState": true}`)
	g := start(t, s, []string{"llm", "embed"}, nil, func(bootstrap object) {
		logs(bootstrap)
		onlyModel(bootstrap, "prod/llm/meta-llama/Llama-3.1-8B")
		narrowed(virtualHost(bootstrap, "embed"), `{"version": 1, "name": "closed", "denies": [{"name": "closed"}]}`)
	})
	token := &corpus.Token{Issuer: "corp", Claims: map[string]any{"email": "ana@example.com", "email_verified": true, "sub": "ana"}}
	ask := func(model string) corpus.Case {
		return corpus.Case{
			Token: token, Request: "POST /v1/chat/completions", Headers: [][2]string{{"content-type", "application/json"}},
			Body: `{"model": "` + model + `", "messages": []}`,
		}
	}
	g.send(t, ask("gpt-4o-mini"))
	const llama = "prod/llm/meta-llama/Llama-3.1-8B"
	g.awaitLog(t, "told 200 allowed corp ana generate "+llama+" developers state allowed "+llama)
	g.send(t, ask("bge-small"))
	g.awaitLog(t, "told 403 denied corp ana generate prod/embed/bge-small closed state allowed prod/embed/bge-small")
}

// TestLabels: the metric with labels counts as the others do.
func TestLabels(t *testing.T) {
	t.Parallel()
	s := load(t, "iap")
	s.Config = edit.Set(t, s.Config, "/host", `{"labels": true}`)
	g := start(t, s, []string{"kubeflow", "prod"}, nil, nil)
	for range 3 {
		g.send(t, corpus.Case{Token: ana, Request: "POST /kfserving/prod/fraud:predict", Body: "{}"})
	}
	g.send(t, corpus.Case{Token: ana, Request: "POST /kfserving/prod/other:predict", Body: "{}"})
	g.send(t, corpus.Case{Request: "POST /kfserving/prod/other:predict", Body: "{}"})
	g.send(t, corpus.Case{Token: ana, Request: "POST /other", Body: "{}"})
	want := []string{
		`modelgate_decisions{decision="allowed",reason="allowed",verb="predict",issuer="iap"} 3`,
		`modelgate_decisions{decision="refused",reason="grant_missing",verb="predict",issuer="iap"} 1`,
		`modelgate_decisions{decision="refused",reason="credential_missing",verb="predict",issuer="none"} 1`,
		`modelgate_decisions{decision="refused",reason="path_unknown",verb="none",issuer="iap"} 1`,
		`modelgate_requests{reason="allowed"} 3`,
	}
	text := ""
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var err error
		if text, err = g.Admin("/stats/prometheus"); err != nil {
			t.Fatal(err)
		}
		missing := ""
		for _, line := range want {
			if !strings.Contains(text, line) {
				missing = line
			}
		}
		switch {
		case missing == "":
			return
		case time.Now().After(deadline):
			t.Fatalf("no %s among\n%s", missing, gateLines(text))
		}
	}
}

// gateLines are the lines of the gate's metrics.
func gateLines(text string) (lines string) {
	for line := range strings.Lines(text) {
		if strings.Contains(line, "modelgate") && !strings.HasSuffix(line, " 0\n") {
			lines += line
		}
	}
	return lines
}
