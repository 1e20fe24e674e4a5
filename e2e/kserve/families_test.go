//go:build kserve

package kserve

import (
	"fmt"
	"strings"

	"github.com/modelgate/modelgate/internal/inference"
)

var families = []family{
	{
		name: "kserve v1", app: "kserve", share: 25,
		config: `"routes": [{"protocol": "kserve-v1", "prefix": "/kfserving", "names": "kserve", "serviceHosts": true}]`,
		templates: []string{
			"POST /v1/models/{m}:predict", "POST /v1/models/{m}:explain", "GET /v1/models/{m}", "GET /v1/models",
			"POST /kfserving/{ns}/{s}:predict", "POST /kfserving/{ns}/{s}:explain", "GET /kfserving/{ns}/{s}",
			"POST /kfserving/{ns}/{s}/v1/models/{m}:predict", "GET /kfserving/{ns}/{s}/v1/models/{m}",
		},
		verbs: kserveVerbs,
		body:  func(*generator) string { return `{"instances":[[6.8,2.8,4.8,1.4]]}` },
	},
	{
		name: "kserve v2", app: "kserve", share: 25,
		config: fmt.Sprintf(publicRoutes, "kserve-v2"),
		templates: append(behind("/serving/{ns}/{s}", "POST /v2/models/{m}/infer", "POST /v2/models/{m}/versions/{v}/infer",
			"GET /v2/models/{m}", "GET /v2/models/{m}/ready"),
			"POST /v2/models/{m}/infer", "POST /v2/models/{m}/versions/{v}/infer", "GET /v2/models/{m}", "GET /v2/models/{m}/versions/{v}",
			"GET /v2/models/{m}/ready", "GET /v2/models/{m}/versions/{v}/ready",
			"POST /v2/models/{m}/generate", "GET /v2", "GET /v2/health/live", "GET /v2/health/ready", "GET /v2/models",
			"POST /v2/repository/models/{m}/load", "POST /v2/repository/models/{m}/unload", "POST /v2/repository/index"),
		verbs: kserveVerbs,
		body: func(*generator) string {
			return `{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[6.8,2.8,4.8,1.4]}]}`
		},
	},
	{
		name: "tfserving", share: 25, labels: true, reference: tfServing,
		config: fmt.Sprintf(publicRoutes, "tfserving"),
		templates: append(behind("/serving/{ns}/{s}", "POST /v1/models/{m}:predict", "GET /v1/models/{m}/labels/{v}"),
			"POST /v1/models/{m}:predict", "POST /v1/models/{m}:classify", "POST /v1/models/{m}:regress",
			"POST /v1/models/{m}/versions/{v}:predict", "POST /v1/models/{m}/labels/{v}:predict",
			"GET /v1/models/{m}", "GET /v1/models/{m}/metadata", "GET /v1/models/{m}/versions/{v}", "GET /v1/models/{m}/labels/{v}/metadata"),
		verbs: map[string]inference.Verb{"predict": inference.Predict, "classify": inference.Predict, "regress": inference.Predict,
			"status": inference.Ready, "metadata": inference.Metadata},
		body: func(*generator) string { return `{"instances":[1]}` },
	},
	{
		name: "triton", share: 23, reference: triton,
		config: fmt.Sprintf(publicRoutes, "triton"),
		templates: append(behind("/serving/{ns}/{s}", "POST /v2/models/{m}/infer", "GET /v2/models/{m}/stats"),
			"POST /v2/models/{m}/infer", "POST /v2/models/{m}/versions/{v}/infer", "POST /v2/models/{m}/generate",
			"POST /v2/models/{m}/versions/{v}/generate_stream", "GET /v2/models/{m}", "GET /v2/models/{m}/versions/{v}",
			"GET /v2/models/{m}/ready", "GET /v2/models/{m}/config", "GET /v2/models/{m}/stats", "POST /v2/models/{m}/trace/setting",
			"GET /v2/models/stats", "POST /v2/logging", "GET /v2/trace/setting",
			"POST /v2/systemsharedmemory/region/{m}/register", "GET /v2/cudasharedmemory/status", "POST /v2/repository/index",
			"POST /v2/repository/models/{m}/load", "POST /v2/repository/{m}/models/{m}/unload"),
		verbs: map[string]inference.Verb{"infer": inference.Predict, "generate": inference.Generate, "generate_stream": inference.Generate,
			"metadata": inference.Metadata, "ready": inference.Ready,
			"config": inference.Metadata, "stats": inference.Metadata, "trace/setting": inference.Admin, "load": inference.Load,
			"unload": inference.Unload, "index": inference.List,
			"/v2": inference.Metadata, "/v2/health/live": inference.Ready, "/v2/health/ready": inference.Ready,
			"/v2/models/stats": inference.Metadata,
			"/v2/logging":      inference.Admin, "shared memory": inference.Admin, "/v2/trace/setting": inference.Admin},
		body: func(*generator) string { return `{}` },
	},
	{
		name: "openai", app: "litellm", share: 2, fixed: true,
		config: `"routes": [{"protocol": "openai", "base": "/v1", "service": "prod/llm"}]`,
		templates: []string{"POST /v1/chat/completions", "POST /v1/chat/completions", "POST /v1/completions", "POST /v1/embeddings",
			"POST /v1/responses", "GET /v1/models", "GET /v1/models/{m}"},
		verbs: map[string]inference.Verb{"acompletion": inference.Generate, "atext_completion": inference.Generate,
			"aresponses": inference.Generate, "aembedding": inference.Predict,
			"model_list": inference.List, "model_info": inference.Metadata},
		body: (*generator).openAIBody,
	},
}

// kserveVerbs are the endpoints of python/kserve/kserve/protocol/rest.
var kserveVerbs = map[string]inference.Verb{
	"V1Endpoints.predict": inference.Predict, "V1Endpoints.explain": inference.Explain, "V1Endpoints.model_ready": inference.Ready,
	"V1Endpoints.models": inference.List,
	"V2Endpoints.infer":  inference.Predict, "V2Endpoints.model_metadata": inference.Metadata, "V2Endpoints.model_ready": inference.Ready,
	"V2Endpoints.models":   inference.List,
	"V2Endpoints.metadata": inference.Metadata, "V2Endpoints.live": inference.Ready, "V2Endpoints.ready": inference.Ready,
	"V2Endpoints.load": inference.Load, "V2Endpoints.unload": inference.Unload,
}

func behind(prefix string, templates ...string) []string {
	var list []string
	for _, t := range templates {
		method, path, _ := strings.Cut(t, " ")
		list = append(list, method+" "+prefix+path)
	}
	return list
}

// openAIBody has all the calls' own fields.
func (g *generator) openAIBody() string {
	model := fmt.Sprintf(`"model":%q`, pick(g, "allowed", "allowed", "allowed", "secret", "broken", "other", "Allowed", "a/b",
		"publishers/prod/models/allowed", "allowed,secret", "", "*", strings.Repeat("m", 300)))
	parts := []string{model, `"messages":[{"role":"user","content":"hi"}]`, `"input":"hi"`}
	if !strings.Contains(g.path, "responses") { // there a prompt is a stored one
		parts = append(parts, `"prompt":"hi"`)
	}
	g.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return "{" + strings.Join(parts, ",") + "}"
}

// changeBody says the model twice, or in a way that readers may differ about.
func (g *generator) changeBody() {
	if !strings.HasPrefix(g.body, "{") {
		return
	}
	switch g.IntN(4) {
	case 0: // one more member, in front or behind
		member := pick(g, `"model":"secret"`, `"Model":"secret"`, `"MODEL":"secret"`, `"m\u006fdel":"secret"`, `"model\u0000":"secret"`,
			`"model ":"secret"`, `"ſmodel":"secret"`, `"model":null`, `"model":["secret"]`, `"model":{"name":"secret"}`,
			`"metadata":{"model":"secret"}`, `"extra_body":{"model":"secret"}`, `"user":"secret"`, `"model_name":"secret"`, `"stream":false`,
			`"engine":"secret"`, `"deployment_id":"secret"`, `"custom_llm_provider":"openai"`,
			`"litellm_params":{"model":"secret"}`, `"model_info":{"id":"secret"}`, `"fallbacks":["secret"]`, `"specific_deployment":true`,
			`"router_settings_override":{"fallbacks":[{"allowed":["secret"]}]}`, `"lora_path":"secret"`, `"fallbacks":null`)
		if g.IntN(2) == 0 {
			g.body = "{" + member + "," + g.body[1:]
		} else {
			g.body = strings.TrimSuffix(g.body, "}") + "," + member + "}"
		}
	case 1: // around it
		g.body = pick(g, "\ufeff", " ", "\n", "\x00", "[", "{}", "") + g.body + pick(g, "", " ", "\n", "\x00", "{}", `{"model":"secret"}`, "]",
			",", "}")
	case 2: // the value spelt in another way
		g.body = strings.Replace(g.body, `"allowed"`, pick(g, `"\u0061llowed"`, `"allowed\u0000"`, `"allowed "`, `" allowed"`,
			`"allowe\ud800d"`, `"secret"`, `'allowed'`, `allowed`, "\"allo\x80wed\"", "\"allo\nwed\"", `"allowed","model":"secret"`), 1)
	default:
		at := g.IntN(len(g.body))
		g.body = g.body[:at] + pick(g, "", "\\", "\"", "{", "}", ",", ":", "\x00", "\xff", "/**/", "//\n", "0") + g.body[at+pick(g, 0, 1):]
	}
}
