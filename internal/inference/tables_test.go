package inference_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// Configurations that the tables below ask.
var (
	kserve  = `[{"protocol": "kserve-v1", "prefix": "/serving", "names": "kserve"}, {"protocol": "kserve-v2", "prefix": "/serving", "names": "kserve"}, {"protocol": "openai", "prefix": "/serving", "names": "kserve", "base": "/openai/v1"}]`
	v2      = `[{"protocol": "kserve-v2", "service": "prod/iris"}]`
	v2k     = `[{"protocol": "kserve-v2", "service": "prod/iris", "backend": "kserve"}]`
	tritons = `[{"protocol": "triton", "service": "prod/gpu"}]`
	only    = `[{"protocol": "triton", "service": "prod/gpu", "hosts": ["gpu.example.com"]}]`
	openai  = `[{"protocol": "openai", "service": "prod/llm", "aliases": {"gpt-4": "meta/llama", "short": "llama"}, "default": "meta/llama"}]`
	llmisvc = `[{"protocol": "openai", "prefix": "/", "names": {"predictor": "{service}-kserve-workload-svc.{namespace}.svc.cluster.local"}}]`
	homes   = `[{"protocol": "openai", "names": "kserve", "models": {"meta/llama": "prod/llm", "qwen": "prod/llm", "secret": "lab/secret"}, "aliases": {"gpt-4": "meta/llama"}}]`
	header  = `[{"protocol": "openai", "models": {"meta/llama": "prod/llm", "secret": "lab/secret"}, "modelHeader": "x-gateway-model-name"}]`
	tfs     = `[{"protocol": "tfserving", "names": {"predictor": "{service}.{namespace}.tfs"}, "prefix": "/tfs"}]`
	torch   = `[{"protocol": "torchserve", "service": "prod/torch"}]`
)

// understood lists every form of request of every protocol: "->" and where it
// goes where it is rewritten, "body" where the body says the rest, "trim" where
// the reply is trimmed. A service as a whole is written with a slash.
var understood = []struct{ routes, host, request, want string }{
	// KServe's ingress by path, for each protocol of its servers.
	{kserve, public, "POST /serving/prod/iris/v1/models/iris:predict", "kserve-v1 predict prod/iris -> iris-predictor.prod.svc.cluster.local /v1/models/iris:predict"},
	{kserve, public, "POST /serving/prod/iris/v1/models/other:explain?a=b", "kserve-v1 explain prod/iris/other -> iris-explainer.prod.svc.cluster.local /v1/models/other:explain?a=b"},
	{kserve, public, "GET /serving/prod/iris/v1/models/iris", "kserve-v1 ready prod/iris -> iris-predictor.prod.svc.cluster.local /v1/models/iris"},
	{kserve, public, "GET /serving/prod/iris/v1/models", "kserve-v1 list prod/iris/ trim -> iris-predictor.prod.svc.cluster.local /v1/models"},
	{kserve, public, "POST /serving/prod/iris:predict", "kserve-v1 predict prod/iris -> iris-predictor.prod.svc.cluster.local /v1/models/iris:predict"},
	{kserve, public, "POST /serving/prod/iris/v2/models/iris/infer", "kserve-v2 predict prod/iris -> iris-predictor.prod.svc.cluster.local /v2/models/iris/infer"},
	{kserve, public, "GET /serving/prod/iris/v2/health/ready", "kserve-v2 ready prod/iris/ -> iris-predictor.prod.svc.cluster.local /v2/health/ready"},
	{kserve, public, "POST /serving/prod/llm/openai/v1/chat/completions", "openai generate prod/llm/ body -> llm-predictor.prod.svc.cluster.local /openai/v1/chat/completions"},
	{kserve, public, "GET /serving/prod/llm/openai/v1/models", "openai list prod/llm/ trim -> llm-predictor.prod.svc.cluster.local /openai/v1/models"},
	{kserve, "iris-predictor.prod", "POST /v2/models/iris/infer", "kserve-v2 predict prod/iris"},
	{kserve, "iris-predictor.prod", "GET /v1/models", "kserve-v1 list prod/iris/ trim"},
	{kserve, "llm-predictor.prod:80", "POST /openai/v1/completions", "openai generate prod/llm/ body"},
	{kserve, "iris-predictor.prod", "gRPC /inference.GRPCInferenceService/ModelInfer", "kserve-v2 predict prod/iris/ body"},
	// Open Inference.
	{v2, public, "GET /v2", "kserve-v2 metadata prod/iris/"}, {v2, public, "GET /v2/health/live", "kserve-v2 ready prod/iris/"}, {v2, public, "GET /v2/health/ready", "kserve-v2 ready prod/iris/"},
	{v2, public, "GET /v2/models", "kserve-v2 list prod/iris/ trim"},
	{v2, public, "GET /v2/models/m", "kserve-v2 metadata prod/iris/m"},
	{v2, public, "GET /v2/models/iris", "kserve-v2 metadata prod/iris"},
	{v2, public, "GET /v2/models/m/versions/v1.2", "kserve-v2 metadata prod/iris/m@v1.2"},
	{v2, public, "GET /v2/models/m/ready", "kserve-v2 ready prod/iris/m"}, {v2, public, "GET /v2/models/m/versions/3/ready", "kserve-v2 ready prod/iris/m@3"},
	{v2, public, "POST /v2/models/m/infer", "kserve-v2 predict prod/iris/m"}, {v2, public, "POST /v2/models/m/versions/0/infer", "kserve-v2 predict prod/iris/m@0"},
	{v2, public, "POST /v2/models/m/generate", "kserve-v2 generate prod/iris/m"}, {v2, public, "POST /v2/models/m/versions/3/generate_stream", "kserve-v2 generate prod/iris/m@3"},
	{v2, public, "POST /v2/models/stats/infer", "kserve-v2 predict prod/iris/stats"},
	{v2, public, "POST /v2/repository/models/m/load", "kserve-v2 load prod/iris/m"}, {v2, public, "POST /v2/repository/models/m/unload", "kserve-v2 unload prod/iris/m"},
	{v2, public, "POST /v2/repository/index", "kserve-v2 list prod/iris/ trim"},
	{v2, public, "gRPC /inference.GRPCInferenceService/ServerLive", "kserve-v2 ready prod/iris/"}, {v2, public, "gRPC /inference.GRPCInferenceService/ServerReady", "kserve-v2 ready prod/iris/"},
	{v2, public, "gRPC /inference.GRPCInferenceService/ServerMetadata", "kserve-v2 metadata prod/iris/"}, {v2, public, "gRPC /inference.GRPCInferenceService/ModelReady", "kserve-v2 ready prod/iris/ body"},
	{v2, public, "gRPC /inference.GRPCInferenceService/ModelMetadata", "kserve-v2 metadata prod/iris/ body"}, {v2, public, "gRPC /inference.GRPCInferenceService/ModelConfig", "kserve-v2 metadata prod/iris/ body"},
	{v2, public, "gRPC /inference.GRPCInferenceService/ModelStatistics", "kserve-v2 metadata prod/iris/ body"}, {v2, public, "gRPC /inference.GRPCInferenceService/ModelInfer", "kserve-v2 predict prod/iris/ body"},
	{v2, public, "gRPC /inference.GRPCInferenceService/ModelStreamInfer", "kserve-v2 predict prod/iris/ stream"},
	{v2, public, "gRPC /inference.GRPCInferenceService/RepositoryIndex", "kserve-v2 list prod/iris/ trim"}, {v2, public, "gRPC /inference.GRPCInferenceService/RepositoryModelLoad", "kserve-v2 load prod/iris/ body"},
	{v2, public, "gRPC /inference.GRPCInferenceService/RepositoryModelUnload", "kserve-v2 unload prod/iris/ body"},
	{v2, public, "gRPC /inference.model_repository.ModelRepositoryService/RepositoryIndex", "kserve-v2 list prod/iris/ trim"},
	{v2, public, "gRPC /inference.model_repository.ModelRepositoryService/RepositoryModelLoad", "kserve-v2 load prod/iris/ body"}, {v2, public, "gRPC /inference.model_repository.ModelRepositoryService/RepositoryModelUnload", "kserve-v2 unload prod/iris/ body"},
	{only, "gpu.example.com:8000", "POST /v2/models/m/infer", "triton predict prod/gpu/m"},
	// Triton's own.
	{tritons, public, "GET /v2", "triton metadata prod/gpu/"}, {tritons, public, "GET /v2/health/live", "triton ready prod/gpu/"},
	{tritons, public, "GET /v2/models/stats", "triton metadata prod/gpu/"}, {tritons, public, "GET /v2/models/m/stats", "triton metadata prod/gpu/m"}, {tritons, public, "GET /v2/models/m/versions/2/stats", "triton metadata prod/gpu/m@2"},
	{tritons, public, "GET /v2/models/m/config", "triton metadata prod/gpu/m"}, {tritons, public, "GET /v2/models/m/versions/2/config", "triton metadata prod/gpu/m@2"},
	{tritons, public, "GET /v2/models/m", "triton metadata prod/gpu/m"}, {tritons, public, "GET /v2/models/m/versions/2/ready", "triton ready prod/gpu/m@2"}, {tritons, public, "POST /v2/models/m/versions/2/infer", "triton predict prod/gpu/m@2"},
	{tritons, public, "POST /v2/models/m/generate_stream", "triton generate prod/gpu/m"},
	{tritons, public, "GET /v2/models/m/trace/setting", "triton admin prod/gpu/m"}, {tritons, public, "POST /v2/models/m/trace/setting", "triton admin prod/gpu/m"},
	{tritons, public, "GET /v2/trace/setting", "triton admin prod/gpu/"}, {tritons, public, "POST /v2/trace/setting", "triton admin prod/gpu/"}, {tritons, public, "GET /v2/logging", "triton admin prod/gpu/"}, {tritons, public, "POST /v2/logging", "triton admin prod/gpu/"},
	{tritons, public, "GET /v2/systemsharedmemory/status", "triton admin prod/gpu/"}, {tritons, public, "GET /v2/systemsharedmemory/region/r/status", "triton admin prod/gpu/"},
	{tritons, public, "POST /v2/systemsharedmemory/region/r/register", "triton admin prod/gpu/"}, {tritons, public, "POST /v2/systemsharedmemory/unregister", "triton admin prod/gpu/"}, {tritons, public, "POST /v2/cudasharedmemory/region/r/unregister", "triton admin prod/gpu/"},
	{tritons, public, "GET /v2/cudasharedmemory/status", "triton admin prod/gpu/"},
	{tritons, public, "POST /v2/repository/index", "triton list prod/gpu/ trim"}, {tritons, public, "POST /v2/repository/r/index", "triton list prod/gpu/ trim"},
	{tritons, public, "POST /v2/repository/models/m/load", "triton load prod/gpu/m"}, {tritons, public, "POST /v2/repository/r/models/m/unload", "triton unload prod/gpu/m"}, {tritons, public, "POST /v2/repository/models/models/load", "triton load prod/gpu/models"},
	{tritons, public, "gRPC /inference.GRPCInferenceService/TraceSetting", "triton admin prod/gpu/ body"}, {tritons, public, "gRPC /inference.GRPCInferenceService/LogSettings", "triton admin prod/gpu/"},
	{tritons, public, "gRPC /inference.GRPCInferenceService/SystemSharedMemoryStatus", "triton admin prod/gpu/"}, {tritons, public, "gRPC /inference.GRPCInferenceService/SystemSharedMemoryRegister", "triton admin prod/gpu/"},
	{tritons, public, "gRPC /inference.GRPCInferenceService/SystemSharedMemoryUnregister", "triton admin prod/gpu/"}, {tritons, public, "gRPC /inference.GRPCInferenceService/CudaSharedMemoryStatus", "triton admin prod/gpu/"},
	{tritons, public, "gRPC /inference.GRPCInferenceService/CudaSharedMemoryRegister", "triton admin prod/gpu/"}, {tritons, public, "gRPC /inference.GRPCInferenceService/CudaSharedMemoryUnregister", "triton admin prod/gpu/"},
	// OpenAI.
	{openai, public, "POST /v1/chat/completions", "openai generate prod/llm/ body"}, {openai, public, "POST /v1/completions", "openai generate prod/llm/ body"}, {openai, public, "POST /v1/responses", "openai generate prod/llm/ body"},
	{openai, public, "POST /v1/messages", "openai generate prod/llm/ body"}, {openai, public, "POST /v1/embeddings", "openai predict prod/llm/ body"}, {openai, public, "POST /v1/rerank", "openai predict prod/llm/ body"},
	{openai, public, "POST /openai/v1/chat/completions?api-version=2024-10-21", "openai generate prod/llm/ body"}, {openai, public, "GET /openai/v1/models", "openai list prod/llm/ trim"}, {openai, public, "GET /v1/models", "openai list prod/llm/ trim"},
	{openai, public, "GET /v1/models/llama", "openai metadata prod/llm/llama"}, {openai, public, "GET /v1/models/short", "openai metadata prod/llm/llama"}, {openai, public, "GET /openai/v1/models/llm", "openai metadata prod/llm"},
	// KServe's LLMInferenceService: by service, by model, by header.
	{llmisvc, public, "POST /prod/llm/v1/chat/completions", "openai generate prod/llm/ body -> llm-kserve-workload-svc.prod.svc.cluster.local /v1/chat/completions"},
	{llmisvc, public, "POST /prod/llm/v1/messages", "openai generate prod/llm/ body -> llm-kserve-workload-svc.prod.svc.cluster.local /v1/messages"},
	{llmisvc, public, "GET /prod/llm/v1/models", "openai list prod/llm/ trim -> llm-kserve-workload-svc.prod.svc.cluster.local /v1/models"},
	{llmisvc, "llm-kserve-workload-svc.prod.svc.cluster.local:8000", "POST /v1/completions", "openai generate prod/llm/ body"},
	{homes, public, "POST /publishers/prod/models/meta/llama/v1/chat/completions", "openai generate prod/llm/ body -> llm-predictor.prod.svc.cluster.local /v1/chat/completions"},
	{homes, public, "GET /publishers/prod/models/qwen/v1/models", "openai list prod/llm/ trim -> llm-predictor.prod.svc.cluster.local /v1/models"},
	{homes, public, "POST /v1/chat/completions", "openai generate lab/secret/ prod/llm/ body"},
	{homes, public, "GET /v1/models/qwen", "openai metadata prod/llm/qwen -> llm-predictor.prod.svc.cluster.local /v1/models/qwen"},
	{homes, public, "POST /v1/completions x-gateway-model-name: gpt-4", "openai generate prod/llm/ body -> llm-predictor.prod.svc.cluster.local /v1/completions"},
	{header, public, "POST /v1/completions x-gateway-model-name: publishers/prod/models/meta/llama", "openai generate prod/llm/ body header publishers/prod/models/meta/llama"},
	{header, public, "POST /v1/completions x-gateway-model-name: meta/llama", "openai generate prod/llm/ body header publishers/prod/models/meta/llama"},
	{header, public, "GET /v1/models x-gateway-model-name: meta/llama", "openai list prod/llm/ trim header publishers/prod/models/meta/llama"},
	{header, public, "POST /publishers/lab/models/secret/openai/v1/responses", "openai generate lab/secret/ body -> models.example.com /openai/v1/responses header publishers/lab/models/secret"},
	// TensorFlow Serving.
	{tfs, "fraud.prod.tfs", "GET /v1/models/m", "tfserving ready prod/fraud/m"}, {tfs, "fraud.prod.tfs", "GET /v1/models/m/versions/3", "tfserving ready prod/fraud/m@3"}, {tfs, "fraud.prod.tfs", "GET /v1/models/m/labels/stable", "tfserving ready prod/fraud/m@stable"},
	{tfs, "fraud.prod.tfs", "GET /v1/models/m/metadata", "tfserving metadata prod/fraud/m"}, {tfs, "fraud.prod.tfs", "GET /v1/models/m/versions/3/metadata", "tfserving metadata prod/fraud/m@3"}, {tfs, "fraud.prod.tfs", "GET /v1/models/m/labels/metadata/metadata", "tfserving metadata prod/fraud/m@metadata"},
	{tfs, "fraud.prod.tfs", "POST /v1/models/fraud:predict", "tfserving predict prod/fraud"}, {tfs, "fraud.prod.tfs", "POST /v1/models/m:classify", "tfserving predict prod/fraud/m"}, {tfs, "fraud.prod.tfs", "POST /v1/models/m/versions/3:regress", "tfserving predict prod/fraud/m@3"},
	{tfs, "fraud.prod.tfs", "POST /v1/models/m/labels/stable:predict", "tfserving predict prod/fraud/m@stable"}, {tfs, "fraud.prod.tfs", "GET /v1/models/metadata", "tfserving ready prod/fraud/metadata"},
	{tfs, public, "POST /tfs/prod/fraud/v1/models/m/versions/3:predict", "tfserving predict prod/fraud/m@3 -> fraud.prod.tfs /v1/models/m/versions/3:predict"},
	{tfs, "fraud.prod.tfs", "gRPC /tensorflow.serving.PredictionService/Predict", "tfserving predict prod/fraud/ body"}, {tfs, "fraud.prod.tfs", "gRPC /tensorflow.serving.PredictionService/Classify", "tfserving predict prod/fraud/ body"},
	{tfs, "fraud.prod.tfs", "gRPC /tensorflow.serving.PredictionService/Regress", "tfserving predict prod/fraud/ body"}, {tfs, "fraud.prod.tfs", "gRPC /tensorflow.serving.PredictionService/MultiInference", "tfserving predict prod/fraud/ body"},
	{tfs, "fraud.prod.tfs", "gRPC /tensorflow.serving.PredictionService/GetModelMetadata", "tfserving metadata prod/fraud/ body"}, {tfs, "fraud.prod.tfs", "gRPC /tensorflow.serving.ModelService/GetModelStatus", "tfserving ready prod/fraud/ body"},
	{tfs, "fraud.prod.tfs", "gRPC /tensorflow.serving.ModelService/HandleReloadConfigRequest", "tfserving admin prod/fraud/"}, {tfs, "fraud.prod.tfs", "gRPC /tensorflow.serving.SessionService/SessionRun", "tfserving predict prod/fraud/ body"},
	// TorchServe.
	{torch, public, "gRPC /org.pytorch.serve.grpc.inference.InferenceAPIsService/Ping", "torchserve ready prod/torch/"}, {torch, public, "gRPC /org.pytorch.serve.grpc.inference.InferenceAPIsService/Predictions", "torchserve predict prod/torch/ body"},
	{torch, public, "gRPC /org.pytorch.serve.grpc.inference.InferenceAPIsService/StreamPredictions", "torchserve predict prod/torch/ body"}, {torch, public, "gRPC /org.pytorch.serve.grpc.inference.InferenceAPIsService/StreamPredictions2", "torchserve predict prod/torch/ stream"},
	{torch, public, "gRPC /org.pytorch.serve.grpc.management.ManagementAPIsService/DescribeModel", "torchserve metadata prod/torch/ body"}, {torch, public, "gRPC /org.pytorch.serve.grpc.management.ManagementAPIsService/ListModels", "torchserve list prod/torch/"},
	{torch, public, "gRPC /org.pytorch.serve.grpc.management.ManagementAPIsService/RegisterModel", "torchserve admin prod/torch/"}, {torch, public, "gRPC /org.pytorch.serve.grpc.management.ManagementAPIsService/ScaleWorker", "torchserve admin prod/torch/ body"},
	{torch, public, "gRPC /org.pytorch.serve.grpc.management.ManagementAPIsService/SetDefault", "torchserve admin prod/torch/ body"}, {torch, public, "gRPC /org.pytorch.serve.grpc.management.ManagementAPIsService/UnregisterModel", "torchserve unload prod/torch/ body"},
}

// withHeader reads a request line that may end in a header.
func withHeader(line, host string) inference.Request {
	fields := strings.SplitN(line, " ", 4)
	r := request(fields[0]+" "+fields[1], host)
	if len(fields) == 4 {
		r.Headers = [][2]string{{"accept", "*/*"}, {strings.TrimSuffix(fields[2], ":"), fields[3]}}
	}
	return r
}

// describe writes a match in the words of the table.
func describe(r inference.Request, m inference.Match) string {
	s := m.Call.Protocol + " " + m.Call.Verb.String()
	for _, model := range m.Call.Models {
		s += " " + model.String()
		if model.Name == "" {
			s += "/"
		}
	}
	switch {
	case m.Body != nil && m.Body.Stream:
		s += " stream"
	case m.Body != nil:
		s += " body"
	case m.Listing != nil:
		s += " trim"
	}
	if m.Authority != r.Authority || m.Path != r.Path {
		s += " -> " + m.Authority + " " + m.Path
	}
	if m.Header[0] != "" {
		s += " header " + m.Header[1]
	}
	return s
}

func TestUnderstood(t *testing.T) {
	for _, c := range understood {
		r := withHeader(c.request, c.host)
		m, why := compile(t, c.routes).Match(r)
		if got := describe(r, m); why != reason.Allowed || got != c.want {
			t.Errorf("Match(%s on %s) = %s %s, want %s", c.request, c.host, why, got, c.want)
		}
	}
}
