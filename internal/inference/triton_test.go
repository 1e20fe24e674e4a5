package inference_test

import "github.com/modelgate/modelgate/internal/reason"

// twoHosts are two servers that write versions in two ways.
const twoHosts = `[{"protocol": "triton", "service": "prod/gpu", "hosts": ["gpu.example.com"]},
	{"protocol": "kserve-v2", "service": "prod/ml", "hosts": ["ml.example.com"]}]`

// tritonAccepted is used by TestAcceptedByProtocol.
var tritonAccepted = []acceptedGroup{
	{"Open Inference", onHost, "gpu.example.com:8000", []acceptedCase{
		{"POST /v2/models/m/infer", "triton predict prod/gpu/m"},
	}},
	{"What one route refuses on its hosts, another reads on its own", twoHosts, "ml.example.com", []acceptedCase{
		{"POST /v2/models/m/versions/v2/infer", "kserve-v2 predict prod/ml/m@v2"},
		{"POST /v2/models/m/infer", "kserve-v2 predict prod/ml/m"},
	}},
	{"Triton's own", tritons, public, []acceptedCase{
		{"GET /v2", "triton metadata prod/gpu/"},
		{"GET /v2/health/live", "triton ready prod/gpu/"},
		{"GET /v2/models/stats", "triton metadata prod/gpu/"},
		{"GET /v2/models/m/stats", "triton metadata prod/gpu/m"},
		{"GET /v2/models/m/versions/2/stats", "triton metadata prod/gpu/m@2"},
		{"GET /v2/models/m/config", "triton metadata prod/gpu/m"},
		{"GET /v2/models/m/versions/2/config", "triton metadata prod/gpu/m@2"},
		{"GET /v2/models/m", "triton metadata prod/gpu/m"},
		{"GET /v2/models/m/versions/2/ready", "triton ready prod/gpu/m@2"},
		{"POST /v2/models/m/versions/2/infer", "triton predict prod/gpu/m@2"},
		{"POST /v2/models/m/generate_stream", "triton generate prod/gpu/m"},
		{"GET /v2/models/m/trace/setting", "triton admin prod/gpu/m"},
		{"POST /v2/models/m/trace/setting", "triton admin prod/gpu/m"},
		{"GET /v2/trace/setting", "triton admin prod/gpu/"},
		{"POST /v2/trace/setting", "triton admin prod/gpu/"},
		{"GET /v2/logging", "triton admin prod/gpu/"},
		{"POST /v2/logging", "triton admin prod/gpu/"},
		{"GET /v2/systemsharedmemory/status", "triton admin prod/gpu/"},
		{"GET /v2/systemsharedmemory/region/r/status", "triton admin prod/gpu/"},
		{"POST /v2/systemsharedmemory/region/r/register", "triton admin prod/gpu/"},
		{"POST /v2/systemsharedmemory/unregister", "triton admin prod/gpu/"},
		{"POST /v2/cudasharedmemory/region/r/unregister", "triton admin prod/gpu/"},
		{"GET /v2/cudasharedmemory/status", "triton admin prod/gpu/"},
		{"POST /v2/repository/index", "triton list prod/gpu/ trim"},
		{"POST /v2/repository/r/index", "triton list prod/gpu/ trim"},
		{"POST /v2/repository/models/m/load", "triton load prod/gpu/m body"},
		{"POST /v2/repository/r/models/m/unload", "triton unload prod/gpu/m body"},
		{"POST /v2/repository/models/models/load", "triton load prod/gpu/models body"},
		{"gRPC /inference.GRPCInferenceService/TraceSetting", "triton admin prod/gpu/ body"},
		{"gRPC /inference.GRPCInferenceService/LogSettings", "triton admin prod/gpu/"},
		{"gRPC /inference.GRPCInferenceService/SystemSharedMemoryStatus", "triton admin prod/gpu/"},
		{"gRPC /inference.GRPCInferenceService/SystemSharedMemoryRegister", "triton admin prod/gpu/"},
		{"gRPC /inference.GRPCInferenceService/SystemSharedMemoryUnregister", "triton admin prod/gpu/"},
		{"gRPC /inference.GRPCInferenceService/CudaSharedMemoryStatus", "triton admin prod/gpu/"},
		{"gRPC /inference.GRPCInferenceService/CudaSharedMemoryRegister", "triton admin prod/gpu/"},
		{"gRPC /inference.GRPCInferenceService/CudaSharedMemoryUnregister", "triton admin prod/gpu/"},
	}},
}

// tritonRefused is used by TestRefusedByProtocol.
var tritonRefused = []refusedGroup{
	{"A service that is declared may be on some hosts only", onHost, "other.example.com", []refusedCase{
		{"POST /v2/models/m/infer", reason.HostInvalid},
	}},
	{"A service that is declared may be on some hosts only", onHost, "other.example.com", []refusedCase{
		{"POST /v2/models/m/versions/v2/infer", reason.HostInvalid},
	}},
	{"What one route refuses on its hosts, another reads on its own", twoHosts, "gpu.example.com", []refusedCase{
		{"POST /v2/models/m/versions/v2/infer", reason.ModelInvalid},
		{"POST /v2/models/m/versions/01/infer", reason.ModelInvalid},
	}},
	{"A service that is declared may be on some hosts only", onHost, "Gpu.example.com", []refusedCase{
		{"POST /v2/models/m/infer", reason.HostInvalid},
	}},
	{"A service that is declared may be on some hosts only", onHost, "gpu.example.com.", []refusedCase{
		{"POST /v2/models/m/infer", reason.HostInvalid},
	}},
	{"A query may say what the path does not", tritons, public, []refusedCase{
		{"POST /v2/models/m/infer?x=1", reason.QueryRefused},
	}},
	{"Triton: a model called stats is hidden; versions are digits; a region is a name", tritons, public, []refusedCase{
		{"POST /v2/models/stats", reason.ModelInvalid},
		{"POST /v2/models/stats/infer", reason.ModelInvalid},
		{"GET /v2/models/stats/ready", reason.ModelInvalid},
		{"GET /v2/models/stats/stats", reason.ModelInvalid},
		{"GET /v2/models/stats/versions/1", reason.ModelInvalid},
		{"POST /v2/models/m/versions/v1/infer", reason.ModelInvalid},
		{"POST /v2/models/m/versions/01/infer", reason.ModelInvalid},
		{"GET /v2/models", reason.PathUnknown},
		{"POST /v2/models/m/config", reason.PathUnknown},
		{"GET /v2/models/m/trace", reason.PathUnknown},
		{"PUT /v2/logging", reason.PathUnknown},
		{"GET /v2/systemsharedmemory", reason.PathUnknown},
		{"GET /v2/systemsharedmemory/region/r", reason.PathUnknown},
		{"GET /v2/systemsharedmemory/region/r/register", reason.PathUnknown},
		{"POST /v2/systemsharedmemory/region/r/status", reason.PathUnknown},
		{"POST /v2/xpusharedmemory/region/r/register", reason.PathUnknown},
		{"POST /v2/repository/a/b/index", reason.PathUnknown},
		{"POST /v2/repository/a+b/index", reason.ModelInvalid},
		{"POST /v2/repository/models", reason.PathUnknown},
		{"POST /v2/repository/models/models/m/load", reason.PathUnknown},
		{"GET /metrics", reason.PathUnknown},
		{"POST /invocations", reason.PathUnknown},
		{"GET /ping", reason.PathUnknown},
	}},
}

// tritonBodies is used by TestComplete.
var tritonBodies = []bodyGroup{
	{"No name is every model, where a server reads it so", tritons, public, trace, []bodyCase{
		{"", "admin prod/gpu/"},
		{"2:m", "admin prod/gpu/m"},
	}},
	{"Two servers read a repository's message in two ways", tritons, public, load, []bodyCase{
		{"1:a 2:b", "load prod/gpu/b"},
		{"1:a", "model_missing"},
	}},
	{"What brings a model of its own is about the whole server", tritons, public, load, []bodyCase{
		{"2:b 3:(1:config)", "admin prod/gpu/"},
		{"3:(1:file:1/model.py) 2:b", "admin prod/gpu/"},
		{"2:b 3:(1:config 2:(3:x)) 3:(1:file 2:(4:y))", "admin prod/gpu/"},
		{"3:(1:config)", "model_missing"},
		{"2:a/../b 3:(1:config)", "model_invalid"},
	}},
	{"What brings a model of its own is about the whole server", tritons, public, unload, []bodyCase{
		{"2:b", "unload prod/gpu/b"},
		{"2:b 3:(1:unload_dependents)", "admin prod/gpu/"},
	}},
	{"What brings a model of its own is about the whole server", tritons, public, "POST /v2/repository/models/asr/load", loadBodies},
	{"What brings a model of its own is about the whole server", tritons, public, "POST /v2/repository/r/models/asr/load", loadBodies},
	{"What brings a model of its own is about the whole server", tritons, public, "POST /v2/repository/models/asr/unload", []bodyCase{
		{"", "unload prod/gpu/asr"},
		{"{}", "unload prod/gpu/asr"},
		{`{"parameters": {"unload_dependents": true}}`, "admin prod/gpu/"},
	}},
}

// loadBodies are those of a load of asr.
var loadBodies = []bodyCase{
	{"", "load prod/gpu/asr"},
	{"{}", "load prod/gpu/asr"},
	{`{"model_name": "other"}`, "load prod/gpu/asr"}, // which no server reads
	{`{"parameters": {"config": "{}", "file:1/model.py": "x"}}`, "admin prod/gpu/"},
	{`{"parameters": {}}`, "admin prod/gpu/"},
	{`{"parameters": null}`, "admin prod/gpu/"},
	{`{"x": {"parameters": {}}}`, "load prod/gpu/asr"},
}
