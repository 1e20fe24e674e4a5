package inference_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
)

// TestModelsOfOthersTellNothing: a caller who may not use a model gets one answer,
// whether the model exists or not, whichever part of a request names it and whatever
// else the request says.
func TestModelsOfOthersTellNothing(t *testing.T) {
	const exists, not = "secret", "unheard-of"
	routes := map[string]string{"by names": byModel, "by header": byHeader}
	hosts := []string{public, "llm-predictor.prod", "LLM-predictor.prod", "other-predictor.prod", "llm-predictor.prod.svc.cluster.local:80"}
	for _, c := range []struct{ request, body string }{
		{"POST /v1/chat/completions", "NAME"},
		{"POST /v1/chat/completions", "publishers/zz/models/NAME"},
		{"POST /v1/chat/completions", "publishers/prod/models/NAME"},
		{"POST /v1/chat/completions x-gateway-model-name: NAME", "NAME"},
		{"POST /v1/chat/completions x-gateway-model-name: publishers/zz/models/NAME", "NAME"},
		{"POST /v1/chat/completions x-gateway-model-name: publishers/prod/models/NAME", "publishers/prod/models/NAME"},
		{"POST /v1/chat/completions x-gateway-model-name: qwen", "NAME"},
		{"POST /v1/chat/completions kserve-isvc-name: llm", "NAME"},
		{"POST /publishers/prod/models/NAME/v1/chat/completions", "NAME"},
		{"POST /publishers/zz/models/NAME/v1/chat/completions", "NAME"},
		{"POST /publishers/prod/models/qwen/v1/chat/completions", "NAME"},
		{"POST /publishers/prod/models/NAME/v1/completions x-gateway-model-name: qwen", "NAME"},
		{"POST /publishers/prod/models/NAME/v1/completions kserve-isvc-name: llm", "NAME"},
		{"GET /v1/models/NAME", ""},
		{"GET /v1/models/NAME kserve-isvc-name: llm", ""},
		{"GET /v1/models/NAME kserve-isvc-namespace: prod", ""},
		{"GET /v1/models/NAME x-gateway-model-name: publishers/zz/models/NAME", ""},
	} {
		for name, config := range routes {
			for _, host := range hosts {
				t.Run(name+"/"+host+"/"+c.request+"/"+c.body, func(t *testing.T) {
					answer := func(model string) string {
						rs := compile(t, config)
						m, why := rs.Match(request(strings.ReplaceAll(c.request, "NAME", model), host))
						if why == reason.Allowed && m.Body != nil {
							m, why = m.Complete([]scan.Value{{Present: true, Text: strings.ReplaceAll(c.body, "NAME", model)}})
						}
						for _, x := range m.Call.Models {
							if x.Name == exists {
								return reason.GrantMissing.String() // by the policy
							}
						}
						return why.String()
					}
					if got, want := answer(exists), answer(not); got != want {
						t.Errorf("the answer for a model that exists is %s, and for another %s", got, want)
					}
				})
			}
		}
	}
}
