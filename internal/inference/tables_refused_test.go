package inference_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

const (
	missing   = reason.ModelMissing
	ungranted = reason.GrantMissing
	query     = reason.QueryRefused
)

// notUnderstood lists what is in no table, what is another spelling of what is,
// and what names no model or two.
var notUnderstood = []struct {
	routes, host, request string
	want                  reason.Reason
}{
	// No path is "no model": whatever is not in a table is refused.
	{v2, public, "GET /v2/", inv}, {v2, public, "POST /v2", unk}, {v2, public, "GET /v2/health", unk}, {v2, public, "GET /v2/health/started", unk}, {v2, public, "GET /v1/models", unk}, {v2, public, "GET /metrics", unk}, {v2, public, "GET /docs", unk},
	{v2, public, "POST /v2/models", unk}, {v2, public, "POST /v2/models/m", unk}, {v2, public, "GET /v2/models/m/infer", unk}, {v2, public, "POST /v2/models/m/ready", unk}, {v2, public, "POST /v2/models/m/explain", unk}, {v2, public, "PUT /v2/models/m/infer", unk},
	{v2, public, "POST /v2/models/m/infer/more", unk}, {v2, public, "POST /v2/models/m/versions/infer", unk}, {v2, public, "POST /v2/models/m/versions/3/4/infer", unk}, {v2, public, "GET /v2/models/m/versions", unk}, {v2, public, "POST /v2/models/m/Infer", unk},
	{v2, public, "POST /V2/models/m/infer", unk}, {v2, public, "POST /v2/Models/m/infer", unk}, {v2, public, "POST /x/v2/models/m/infer", unk}, {v2, public, "POST /serving/prod/iris/v2/models/m/infer", unk},
	{v2, public, "GET /v2/models/stats", model}, {v2, public, "GET /v2/models/m/config", unk}, {v2, public, "GET /v2/models/m/stats", unk}, {v2, public, "GET /v2/logging", unk}, {v2, public, "POST /v2/systemsharedmemory/region/r/register", unk}, {v2, public, "POST /v2/trace/setting", unk},
	{v2, public, "POST /v2/repository/models/m", unk}, {v2, public, "POST /v2/repository/models/m/reload", unk}, {v2, public, "GET /v2/repository/models/m/load", unk}, {v2, public, "POST /v2/repository/models/m/load/x", unk}, {v2, public, "GET /v2/repository/index", unk}, {v2, public, "POST /v2/repository/r/models/m/load", unk},
	{v2, public, "POST /v2/models/a+b/infer", model}, {v2, public, "POST /v2/models/.m/infer", model}, {v2, public, "POST /v2/models/a:b/infer", model}, {v2, public, "POST /v2/models/m/versions/03/infer", model}, {v2, public, "POST /v2/models/m/versions/.1/infer", model}, {v2, public, "POST /v2/models/m/versions/00/infer", model},
	{v2, public, "POST /v2/models/%6d/infer", inv}, {v2, public, "POST /v2/models//infer", inv}, {v2, public, "POST /v2/models/a%2fb/infer", inv}, {v2, public, "POST /v2/models/m;x/infer", inv}, {v2, public, "POST /v2/models/../infer", inv},
	// A service that is declared may be on some hosts only.
	{only, "other.example.com", "POST /v2/models/m/infer", badH}, {only, "Gpu.example.com", "POST /v2/models/m/infer", badH}, {only, "gpu.example.com.", "POST /v2/models/m/infer", badH},
	// A query may say what the path does not.
	{openai, public, "POST /v1/chat/completions?model=secret", query}, {openai, public, "POST /v1/chat/completions?m%6fdel=secret", query}, {openai, public, "POST /v1/chat/completions?api-version=1&model=x", query}, {openai, public, "POST /v1/chat/completions?api-version=1;model=x", query}, {openai, public, "POST /v1/completions?", query}, {openai, public, "GET /v1/models?x", query}, {openai, public, "POST /v1/chat/completions?Api-Version=1", query},
	{homes, public, "POST /publishers/prod/models/qwen/v1/completions?model=secret", query}, {homes, public, "POST /v1/completions?model=secret", query}, {kserve, public, "POST /serving/prod/llm/openai/v1/completions?model=secret", query},
	{v2, public, "POST /v2/models/m/infer?model_version=3", query}, {v2, public, "GET /v2/models/m?a", query}, {tritons, public, "POST /v2/models/m/infer?x=1", query}, {tfs, "fraud.prod.tfs", "POST /v1/models/m:predict?x", query}, {kserve, public, "POST /serving/prod/iris/v2/models/iris/infer?model_version=3", query},
	// gRPC: a method in the table, posted, and nothing else.
	{v2, public, "POST /inference.GRPCInferenceService/ModelInfer", unk}, {v2, public, "GET /inference.GRPCInferenceService/ModelInfer", unk}, {v2, public, "gRPC /inference.GRPCInferenceService/modelInfer", unk}, {v2, public, "gRPC /inference.GRPCInferenceService", unk},
	{v2, public, "gRPC /inference.GRPCInferenceService/ModelInfer?x", unk}, {v2, public, "gRPC /inference.GRPCInferenceService/ModelInfer/x", unk}, {v2, public, "gRPC /grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", unk}, {v2, public, "gRPC /grpc.health.v1.Health/Check", unk},
	{v2, public, "gRPC /v2/models/m/infer", unk}, {v2, public, "gRPC /tensorflow.serving.PredictionService/Predict", unk}, {torch, public, "gRPC /inference.GRPCInferenceService/ModelInfer", unk}, {torch, public, "POST /predictions/m", unk},
	// Triton: a model called stats is hidden; versions are digits; a region is a name.
	{tritons, public, "POST /v2/models/stats", model}, {tritons, public, "POST /v2/models/stats/infer", model}, {tritons, public, "GET /v2/models/stats/ready", model}, {tritons, public, "GET /v2/models/stats/stats", model}, {tritons, public, "GET /v2/models/stats/versions/1", model},
	{tritons, public, "POST /v2/models/m/versions/v1/infer", model}, {tritons, public, "POST /v2/models/m/versions/01/infer", model}, {tritons, public, "GET /v2/models", unk}, {tritons, public, "POST /v2/models/m/config", unk}, {tritons, public, "GET /v2/models/m/trace", unk},
	{tritons, public, "PUT /v2/logging", unk}, {tritons, public, "GET /v2/systemsharedmemory", unk}, {tritons, public, "GET /v2/systemsharedmemory/region/r", unk}, {tritons, public, "GET /v2/systemsharedmemory/region/r/register", unk}, {tritons, public, "POST /v2/systemsharedmemory/region/r/status", unk},
	{tritons, public, "POST /v2/xpusharedmemory/region/r/register", unk}, {tritons, public, "POST /v2/repository/a/b/index", unk}, {tritons, public, "POST /v2/repository/a+b/index", model}, {tritons, public, "POST /v2/repository/models", unk}, {tritons, public, "POST /v2/repository/models/models/m/load", unk}, {tritons, public, "GET /metrics", unk}, {tritons, public, "POST /invocations", unk}, {tritons, public, "GET /ping", unk},
	// OpenAI: other servers' endpoints run models too, or administer them.
	{openai, public, "GET /v1/chat/completions", unk}, {openai, public, "POST /v1/chat", unk}, {openai, public, "POST /v1/chat/completions/x", unk}, {openai, public, "POST /v1/models", unk}, {openai, public, "GET /v1/models/meta/llama", unk}, {openai, public, "DELETE /v1/models/m", unk}, {openai, public, "POST /chat/completions", unk},
	{openai, public, "POST /v1/load_lora_adapter", unk}, {openai, public, "POST /invocations", unk}, {openai, public, "POST /tokenize", unk}, {openai, public, "POST /pooling", unk}, {openai, public, "POST /score", unk}, {openai, public, "POST /v1/audio/transcriptions", unk}, {openai, public, "POST /inference/v1/generate", unk}, {openai, public, "POST /sleep", unk}, {openai, public, "GET /v1/responses/r", unk},
	{openai, public, "POST /V1/completions", unk}, {openai, public, "POST /v1/Completions", unk}, {openai, public, "POST /openai/completions", unk}, {openai, public, "gRPC /v1/completions", unk}, {openai, public, "GET /v1/models/a+b", model}, {openai, public, "GET /v1/models/m%2fx", inv}, {openai, public, "POST /publishers/prod/models/m/v1/completions", unk},
	{llmisvc, public, "POST /v1/llm/v1/completions", unk}, {llmisvc, public, "POST /openai/v1/v1/completions", unk}, {llmisvc, public, "POST /publishers/prod/v1/completions", unk}, {llmisvc, public, "POST /Prod/llm/v1/completions", model}, {llmisvc, public, "POST /prod/llm", unk}, {llmisvc, public, "POST /prod/llm/completions", unk}, {llmisvc, public, "POST /v1/completions", badH},
	// Where the body decides the service, what has no body decides none.
	{homes, public, "GET /v1/models", missing}, {homes, public, "GET /v1/models/other", ungranted}, {homes, public, "POST /publishers/lab/models/meta/llama/v1/completions", ungranted}, {homes, public, "POST /publishers/prod/models/other/v1/completions", ungranted}, {homes, public, "POST /publishers/prod/models/qwen/v2/completions", unk}, {homes, public, "POST /publishers/prod/models/qwen", unk},
	{homes, "secret-predictor.lab", "POST /publishers/prod/models/qwen/v1/completions", other}, {homes, "other-predictor.prod", "POST /v1/completions", other},
	{homes, public, "POST /publishers/prod/models/qwen/v1/completions x-gateway-model-name: secret", other}, {homes, public, "GET /v1/models/qwen x-gateway-model-name: secret", other}, {homes, public, "POST /v1/completions x-gateway-model-name: publishers/lab/models/qwen", ungranted}, {homes, public, "POST /v1/completions x-gateway-model-name: a b", other},
	// Routing headers on routes that are told otherwise.
	{v2, public, "POST /v2/models/m/infer mm-model-id: other", other}, {v2, public, "POST /v2/models/m/infer kserve-isvc-name: other", other}, {v2, public, "POST /v2/models/m/infer kserve-isvc-namespace: lab", other}, {v2, public, "POST /v2/models/m/infer x-higress-llm-model: publishers/lab/models/m", other}, {v2, public, "GET /v2/health/live kserve-isvc-name: other", other},
	// TensorFlow Serving folds case and unescapes: nothing of that is understood.
	{tfs, "fraud.prod.tfs", "POST /V1/models/m:predict", unk}, {tfs, "fraud.prod.tfs", "POST /v1/MODELS/m:predict", unk}, {tfs, "fraud.prod.tfs", "POST /v1/models/m:Predict", unk}, {tfs, "fraud.prod.tfs", "POST /v1/models/m:PREDICT", unk}, {tfs, "fraud.prod.tfs", "POST /v1/models/m/Versions/3:predict", unk},
	{tfs, "fraud.prod.tfs", "POST /v1/models/%6d:predict", inv}, {tfs, "fraud.prod.tfs", "POST /v1/models/m%00:predict", inv}, {tfs, "fraud.prod.tfs", "POST /v1/models/a%2fb:predict", inv}, {tfs, "fraud.prod.tfs", "POST /v1/models/m%3apredict", inv}, {tfs, "fraud.prod.tfs", "POST /v1/models/m/labels/%73table:predict", inv}, {tfs, "fraud.prod.tfs", "POST /v1/models/m/versions/%33:predict", inv},
	{tfs, "fraud.prod.tfs", "POST /v1/models/m/versions/3/labels/x:predict", unk}, {tfs, "fraud.prod.tfs", "POST /v1/models/m/labels/x/versions/3:predict", unk}, {tfs, "fraud.prod.tfs", "POST /v1/models/m/versions/3/:predict", unk}, {tfs, "fraud.prod.tfs", "POST /v1/models/m/:predict", unk}, {tfs, "fraud.prod.tfs", "POST /v1/models/m/versions/:predict", unk}, {tfs, "fraud.prod.tfs", "POST /v1/models/m/metadata:predict", unk},
	{tfs, "fraud.prod.tfs", "POST /v1/models/m:predict:predict", unk}, {tfs, "fraud.prod.tfs", "GET /v1/models/m:predict", unk}, {tfs, "fraud.prod.tfs", "POST /v1/models/m", unk}, {tfs, "fraud.prod.tfs", "OPTIONS /v1/models/m:predict", unk}, {tfs, "fraud.prod.tfs", "GET /v1/models", unk}, {tfs, "fraud.prod.tfs", "GET /v1/models/m/versions/3metadata", model}, {tfs, "fraud.prod.tfs", "GET /v1/models/m/xmetadata", unk},
	{tfs, "fraud.prod.tfs", "POST /v1/models/m/versions/x:predict", model}, {tfs, "fraud.prod.tfs", "POST /v1/models/m/versions/03:predict", model}, {tfs, "fraud.prod.tfs", "POST /v1/models/m/labels/3:predict", model}, {tfs, "fraud.prod.tfs", "POST /v1/models/:predict", model}, {tfs, "fraud.prod.tfs", "GET /monitoring/prometheus/metrics", unk},
	{tfs, public, "POST /v1/models/m:predict", badH}, {tfs, public, "POST /tfs/prod/fraud:predict", unk}, {tfs, public, "POST /tfs/prod/fraud/V1/models/m:predict", unk}, {tfs, "churn.prod.tfs", "POST /tfs/prod/fraud/v1/models/m:predict", other},
	{tfs, "fraud.prod.tfs", "gRPC /tensorflow.ProfilerService/Profile", unk}, {tfs, "fraud.prod.tfs", "gRPC /tensorflow.serving.ModelService/Predict", unk},
}

func TestNotUnderstood(t *testing.T) {
	for _, c := range notUnderstood {
		m, why := compile(t, c.routes).Match(withHeader(c.request, c.host))
		if why != c.want || m.Route != nil || m.Call.Models != nil {
			t.Errorf("Match(%s on %s) = %s %s, want %s", c.request, c.host, why, describe(inference.Request{}, m), c.want)
		}
	}
}

// TestSpellings: of every path that is understood, no other spelling is, in any
// case, escaped, or with a slash too many.
func TestSpellings(t *testing.T) {
	tried := 0
	for _, c := range understood {
		r := withHeader(c.request, c.host)
		path, ask, _ := strings.Cut(r.Path, "?")
		var spellings []string
		for i := 1; i < len(path); i++ {
			if path[i] == '/' {
				spellings = append(spellings, path[:i]+"/"+path[i:], path[:i]+"%2f"+path[i+1:], path[:i]+"/."+path[i:], path[:i]+";x"+path[i:])
			}
			const hex = "0123456789abcdef"
			spellings = append(spellings, path[:i]+"%"+string(hex[path[i]>>4])+string(hex[path[i]&15])+path[i+1:])
		}
		spellings = append(spellings, path+"/", "/"+path, path+"%00", path+"%20", path+" ", path+"\\")
		for _, spelling := range spellings {
			tried++
			if r.Path = spelling; ask != "" {
				r.Path += "?" + ask
			}
			if m, why := compile(t, c.routes).Match(r); why != inv {
				t.Errorf("Match(%s %s on %s) = %s %s, want %s", r.Method, r.Path, c.host, why, describe(r, m), inv)
			}
		}
	}
	if tried < 3_000 {
		t.Errorf("%d spellings tried", tried)
	}
}
