package inference_test

import "github.com/modelgate/modelgate/internal/reason"

// openAIAccepted is used by TestAcceptedByProtocol.
var openAIAccepted = []acceptedGroup{
	{"OpenAI", openai, public, []acceptedCase{
		{"POST /v1/chat/completions", "openai generate prod/llm/ body"},
		{"POST /v1/completions", "openai generate prod/llm/ body"},
		{"POST /v1/responses", "openai generate prod/llm/ body"},
		{"POST /v1/messages", "openai generate prod/llm/ body"},
		{"POST /v1/embeddings", "openai predict prod/llm/ body"},
		{"POST /v1/rerank", "openai predict prod/llm/ body"},
		{"POST /openai/v1/chat/completions?api-version=2024-10-21", "openai generate prod/llm/ body"},
		{"GET /openai/v1/models", "openai list prod/llm/ trim"},
		{"GET /v1/models", "openai list prod/llm/ trim"},
		{"GET /v1/models/llama", "openai metadata prod/llm/llama"},
		{"GET /v1/models/short", "openai metadata prod/llm/llama"},
		{"GET /openai/v1/models/llm", "openai metadata prod/llm"},
	}},
	{"OpenAI: what the server keeps", `[{"protocol": "openai", "service": "prod/llm", "storedObjects": true}]`, public, []acceptedCase{
		{"GET /v1/responses/resp_1", "openai generate prod/llm/"},
		{"DELETE /v1/responses/resp_1", "openai generate prod/llm/"},
		{"GET /openai/v1/responses/resp_1/input_items", "openai generate prod/llm/"},
		{"POST /v1/responses/resp_1/cancel", "openai generate prod/llm/"},
	}},
	{"KServe's LLMInferenceService: by service, by model, by header", llmisvc, public, []acceptedCase{
		{"POST /prod/llm/v1/chat/completions",
			"openai generate prod/llm/ body -> llm-kserve-workload-svc.prod.svc.cluster.local /v1/chat/completions"},
		{"POST /prod/llm/v1/messages", "openai generate prod/llm/ body -> llm-kserve-workload-svc.prod.svc.cluster.local /v1/messages"},
		{"GET /prod/llm/v1/models", "openai list prod/llm/ trim -> llm-kserve-workload-svc.prod.svc.cluster.local /v1/models"},
	}},
	{"KServe's LLMInferenceService: by service, by model, by header", llmisvc,
		"llm-kserve-workload-svc.prod.svc.cluster.local:8000", []acceptedCase{
			{"POST /v1/completions", "openai generate prod/llm/ body"},
		}},
	{"KServe's LLMInferenceService: by service, by model, by header", byModel, public, []acceptedCase{
		{"POST /publishers/prod/models/meta/llama/v1/chat/completions",
			"openai generate prod/llm/ body -> llm-predictor.prod.svc.cluster.local /v1/chat/completions"},
		{"GET /publishers/prod/models/qwen/v1/models", "openai list prod/llm/ trim -> llm-predictor.prod.svc.cluster.local /v1/models"},
		{"POST /v1/chat/completions", "openai generate lab/secret/ prod/llm/ body"},
		{"GET /v1/models/qwen", "openai metadata prod/llm/qwen -> llm-predictor.prod.svc.cluster.local /v1/models/qwen"},
		{"POST /v1/completions x-gateway-model-name: gpt-4",
			"openai generate prod/llm/ body -> llm-predictor.prod.svc.cluster.local /v1/completions"},
	}},
	{"KServe's LLMInferenceService: by service, by model, by header", byHeader, public, []acceptedCase{
		{"POST /v1/completions x-gateway-model-name: publishers/prod/models/meta/llama",
			"openai generate prod/llm/ body header publishers/prod/models/meta/llama"},
		{"POST /v1/completions x-gateway-model-name: meta/llama",
			"openai generate prod/llm/ body header publishers/prod/models/meta/llama"},
		{"GET /v1/models x-gateway-model-name: meta/llama", "openai list prod/llm/ trim header publishers/prod/models/meta/llama"},
		{"POST /publishers/lab/models/secret/openai/v1/responses",
			"openai generate lab/secret/ body -> models.example.com /openai/v1/responses header publishers/lab/models/secret"},
	}},
}

// openAIRefused is used by TestRefusedByProtocol.
var openAIRefused = []refusedGroup{
	{"A query may say what the path does not", openai, public, []refusedCase{
		{"POST /v1/chat/completions?model=secret", reason.QueryRefused},
		{"POST /v1/chat/completions?m%6fdel=secret", reason.QueryRefused},
		{"POST /v1/chat/completions?api-version=1&model=x", reason.QueryRefused},
		{"POST /v1/chat/completions?api-version=1;model=x", reason.QueryRefused},
		{"POST /v1/completions?", reason.QueryRefused},
		{"GET /v1/models?x", reason.QueryRefused},
		{"POST /v1/chat/completions?Api-Version=1", reason.QueryRefused},
	}},
	{"A query may say what the path does not", byModel, public, []refusedCase{
		{"POST /publishers/prod/models/qwen/v1/completions?model=secret", reason.QueryRefused},
		{"POST /v1/completions?model=secret", reason.QueryRefused},
	}},
	{"OpenAI: other servers' endpoints run models too, or administer them", openai, public, []refusedCase{
		{"GET /v1/chat/completions", reason.PathUnknown},
		{"POST /v1/chat", reason.PathUnknown},
		{"POST /v1/chat/completions/x", reason.PathUnknown},
		{"POST /v1/models", reason.PathUnknown},
		{"GET /v1/models/meta/llama", reason.PathUnknown},
		{"DELETE /v1/models/m", reason.PathUnknown},
		{"POST /chat/completions", reason.PathUnknown},
		{"POST /v1/load_lora_adapter", reason.PathUnknown},
		{"POST /invocations", reason.PathUnknown},
		{"POST /tokenize", reason.PathUnknown},
		{"POST /pooling", reason.PathUnknown},
		{"POST /score", reason.PathUnknown},
		{"POST /v1/audio/transcriptions", reason.PathUnknown},
		{"POST /inference/v1/generate", reason.PathUnknown},
		{"POST /sleep", reason.PathUnknown},
		{"GET /v1/responses/r", reason.PathUnknown},
		{"POST /V1/completions", reason.PathUnknown},
		{"POST /v1/Completions", reason.PathUnknown},
		{"POST /openai/completions", reason.PathUnknown},
		{"gRPC /v1/completions", reason.PathUnknown},
		{"GET /v1/models/a+b", reason.ModelInvalid},
		{"GET /v1/models/m%2fx", reason.PathInvalid},
		{"POST /publishers/prod/models/m/v1/completions", reason.PathUnknown},
	}},
	{"OpenAI: what the server keeps", `[{"protocol": "openai", "service": "prod/llm", "storedObjects": true}]`, public, []refusedCase{
		{"GET /v1/responses/", reason.PathInvalid},
		{"GET /v1/responses", reason.PathUnknown},
		{"POST /v1/responses/resp_1", reason.PathUnknown},
		{"PUT /v1/responses/resp_1", reason.PathUnknown},
		{"GET /v1/responses/resp_1/cancel", reason.PathUnknown},
		{"POST /v1/responses/resp_1/input_items", reason.PathUnknown},
		{"GET /v1/responses/resp_1/x", reason.PathUnknown},
		{"GET /v1/responses/.x", reason.PathUnknown},
		{"GET /v1/responses/resp_1?include=x", reason.QueryRefused},
		{"GET /v1/files/file-1", reason.PathUnknown},
		{"gRPC /v1/responses/resp_1/cancel", reason.PathUnknown},
	}},
	{"OpenAI: other servers' endpoints run models too, or administer them", llmisvc, public, []refusedCase{
		{"POST /v1/llm/v1/completions", reason.PathUnknown},
		{"POST /openai/v1/v1/completions", reason.PathUnknown},
		{"POST /publishers/prod/v1/completions", reason.PathUnknown},
		{"POST /Prod/llm/v1/completions", reason.ModelInvalid},
		{"POST /prod/llm", reason.PathUnknown},
		{"POST /prod/llm/completions", reason.PathUnknown},
		{"POST /v1/completions", reason.HostInvalid},
	}},
	{"Where the body decides the service, what has no body decides none", byModel, public, []refusedCase{
		{"GET /v1/models", reason.ModelMissing},
		{"GET /v1/models/other", reason.GrantMissing},
		{"POST /publishers/lab/models/meta/llama/v1/completions", reason.GrantMissing},
		{"POST /publishers/prod/models/other/v1/completions", reason.GrantMissing},
		{"POST /publishers/prod/models/qwen/v2/completions", reason.PathUnknown},
		{"POST /publishers/prod/models/qwen", reason.PathUnknown},
		{"POST /publishers/prod/models/qwen/v1/completions x-gateway-model-name: secret", reason.IdentityConflict},
		{"GET /v1/models/qwen x-gateway-model-name: secret", reason.IdentityConflict},
		{"POST /v1/completions x-gateway-model-name: publishers/lab/models/qwen", reason.GrantMissing},
		{"POST /v1/completions x-gateway-model-name: a b", reason.IdentityConflict},
	}},
	{"Where the body decides the service, what has no body decides none", byModel, "secret-predictor.lab", []refusedCase{
		{"POST /publishers/prod/models/qwen/v1/completions", reason.GrantMissing},
	}},
	{"Where the body decides the service, what has no body decides none", byModel, "other-predictor.prod", []refusedCase{
		{"POST /v1/completions", reason.IdentityConflict},
	}},
}

// openAIBodies is used by TestComplete.
var openAIBodies = []bodyGroup{
	{"JSON: aliases, and a default that is declared", openai, public, chat, []bodyCase{
		{`{"model": "llama"}`, "generate prod/llm/llama"},
		{`{"model": "gpt-4", "messages": []}`, "generate prod/llm/meta/llama"},
		{`{}`, "generate prod/llm/meta/llama"},
		{`{"model": ""}`, "generate prod/llm/meta/llama"},
		{`{"model": "publishers/prod/models/llama"}`, "generate prod/llm/llama"},
		{`{"model": "publishers/lab/models/llama"}`, "identity_conflict"},
		{`{"model": "publishers/prod/llama"}`, "generate prod/llm/publishers/prod/llama"},
		{`{"model": "publishers//models/x"}`, "model_invalid"},
		{`{"model": "a b"}`, "model_invalid"},
		{`{"model": "a//b"}`, "model_invalid"},
		{`{"model": "LLAMA"}`, "generate prod/llm/LLAMA"},
		{`{"model": "allowed,secret"}`, "model_invalid"},
	}},
	{"JSON: aliases, and a default that is declared", byModel, public, chat, []bodyCase{
		{`{"model": "publishers/prod/models/qwen"}`,
			"generate prod/llm/qwen -> llm-predictor.prod.svc.cluster.local /v1/chat/completions"},
	}},
	{"JSON: aliases, and a default that is declared", llmisvc, public, "POST /prod/llm/v1/completions", []bodyCase{
		{`{}`, "model_missing"},
	}},
	{"The path or a header has named it before", byModel, public, "POST /publishers/prod/models/meta/llama/v1/completions", []bodyCase{
		{`{"model": "meta/llama"}`, "generate prod/llm/meta/llama -> llm-predictor.prod.svc.cluster.local /v1/completions"},
		{`{"model": "gpt-4"}`, "generate prod/llm/meta/llama -> llm-predictor.prod.svc.cluster.local /v1/completions"},
		{`{"model": "qwen"}`, "identity_conflict"},
		{`{}`, "model_missing"},
	}},
	{"The path or a header has named it before", openai, public, chat + " x-gateway-model-name: llama", []bodyCase{
		{`{"model": "llama"}`, "generate prod/llm/llama"},
		{`{"model": "other"}`, "identity_conflict"},
		{`{}`, "identity_conflict"},
	}},
	{"The path or a header has named it before", openai, public, chat + " x-gateway-model-name: short", []bodyCase{
		{`{"model": "llama"}`, "generate prod/llm/llama"},
	}},
	{"The path or a header has named it before", byHeader, public, chat + " x-gateway-model-name: meta/llama", []bodyCase{
		{`{"model": "secret"}`, "identity_conflict"},
		{`{"model": "meta/llama"}`, "generate prod/llm/meta/llama header publishers/prod/models/meta/llama"},
	}},
	{"The body says which service", byModel, public, chat, []bodyCase{
		{`{"model": "qwen"}`, "generate prod/llm/qwen -> llm-predictor.prod.svc.cluster.local /v1/chat/completions"},
		{`{"model": "gpt-4"}`, "generate prod/llm/meta/llama -> llm-predictor.prod.svc.cluster.local /v1/chat/completions"},
		{`{"model": "secret"}`, "generate lab/secret -> secret-predictor.lab.svc.cluster.local /v1/chat/completions"},
		{`{"model": "unheard-of"}`, "grant_missing"},
		{`{}`, "model_missing"},
		{`{"model": "publishers/lab/models/qwen"}`, "grant_missing"},
		{`{"model": "publishers/lab/models/unheard-of"}`, "grant_missing"},
	}},
	{"The body says which service", byModel, "llm-predictor.prod", chat, []bodyCase{
		{`{"model": "qwen"}`, "generate prod/llm/qwen -> llm-predictor.prod.svc.cluster.local /v1/chat/completions"},
		{`{"model": "secret"}`, "grant_missing"},
		{`{"model": "unheard-of"}`, "grant_missing"},
	}},
}
