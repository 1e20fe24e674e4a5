package inference

import (
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// kserveV2 is the Open Inference Protocol over HTTP, with what KServe adds to
// it: specification/protocol/inference_rest.md and generate_rest.yaml of
// kserve/open-inference-protocol, python/kserve/kserve/protocol/rest/
// v2_endpoints.py of kserve/kserve.
func kserveV2(r *parsed, path string) (ask, reason.Reason) {
	if r.GRPC {
		return ask{}, reason.PathUnknown
	}
	switch r.Method + " " + path {
	case "GET /v2":
		return ask{verb: Metadata}, reason.Allowed
	case "GET /v2/health/live", "GET /v2/health/ready":
		return ask{verb: Ready}, reason.Allowed
	case "GET /v2/models":
		return ask{verb: List, listing: namesListing}, reason.Allowed
	case "POST /v2/repository/index":
		return ask{verb: List, listing: indexListing}, reason.Allowed
	case "GET /v2/models/stats": // Triton's statistics of all models, where the server is one
		return ask{}, reason.ModelInvalid
	}
	if rest, ok := strings.CutPrefix(path, "/v2/repository/models/"); ok && r.Method == "POST" {
		return repositoryModel(rest)
	}
	rest, ok := strings.CutPrefix(path, "/v2/models/")
	if !ok {
		return ask{}, reason.PathUnknown
	}
	a, action := modelAndVersion(rest)
	switch r.Method + " " + action {
	case "GET ":
		a.verb = Metadata
	case "GET ready":
		a.verb = Ready
	case "POST infer":
		a.verb = Predict
	case "POST generate", "POST generate_stream":
		a.verb = Generate
	default:
		return ask{}, reason.PathUnknown
	}
	return a.checked()
}

// modelAndVersion reads <model>[/versions/<version>][/<action>].
func modelAndVersion(rest string) (a ask, action string) {
	a.name, action, _ = strings.Cut(rest, "/")
	if version, ok := strings.CutPrefix(action, "versions/"); ok {
		a.version, action, _ = strings.Cut(version, "/")
	}
	return a, action
}

// repositoryModel reads <model>/load and <model>/unload.
func repositoryModel(rest string) (ask, reason.Reason) {
	name, action, _ := strings.Cut(rest, "/")
	a := ask{verb: Load, name: name}
	switch action {
	case "load":
	case "unload":
		a.verb = Unload
	default:
		return ask{}, reason.PathUnknown
	}
	return a.checked()
}

// How servers read RepositoryModelLoad and RepositoryModelUnload: in
// grpc_predict_v2.proto of kserve/kserve the model is field 1; in
// grpc_service.proto of triton-inference-server/common, and with MLServer, it
// is field 2, and field 1 is the repository. Where the route does not say whose
// server it is, both readings must be granted.
var repositoryFields = map[string][]scan.Field{
	"":       {{Number: 1, ID: idName}, {Number: 2, ID: idOther}},
	"kserve": {{Number: 1, ID: idName}},
	"triton": {{Number: 2, ID: idName}},
}

// openInference are the calls of the protocol over gRPC, with the extensions of
// Triton, for one reading of the repository's messages.
func openInference(repository []scan.Field) methods {
	const service, mlserver = "/inference.GRPCInferenceService/", "/inference.model_repository.ModelRepositoryService/"
	onModel := &Body{Fields: nameAndVersion}
	return methods{
		service + "ServerLive":       {verb: Ready},
		service + "ServerReady":      {verb: Ready},
		service + "ServerMetadata":   {verb: Metadata},
		service + "ModelReady":       {verb: Ready, body: onModel},
		service + "ModelMetadata":    {verb: Metadata, body: onModel},
		service + "ModelConfig":      {verb: Metadata, body: onModel},
		service + "ModelStatistics":  {verb: Metadata, body: &Body{Fields: nameAndVersion, whole: true}},
		service + "ModelInfer":       {verb: Predict, body: onModel},
		service + "ModelStreamInfer": {verb: Predict, body: &Body{Fields: nameAndVersion, Stream: true}},

		service + "RepositoryIndex":       {verb: List, listing: grpcListing},
		service + "RepositoryModelLoad":   {verb: Load, body: &Body{Fields: repository}},
		service + "RepositoryModelUnload": {verb: Unload, body: &Body{Fields: repository}},
		mlserver + "RepositoryIndex":      {verb: List, listing: grpcListing},
		mlserver + "RepositoryModelLoad":  {verb: Load, body: &Body{Fields: repositoryFields["triton"]}},
		mlserver + "RepositoryModelUnload": {verb: Unload,
			body: &Body{Fields: repositoryFields["triton"]}},

		// Regions of shared memory and the log are the whole server's.
		service + "SystemSharedMemoryStatus":     {verb: Admin},
		service + "SystemSharedMemoryRegister":   {verb: Admin},
		service + "SystemSharedMemoryUnregister": {verb: Admin},
		service + "CudaSharedMemoryStatus":       {verb: Admin},
		service + "CudaSharedMemoryRegister":     {verb: Admin},
		service + "CudaSharedMemoryUnregister":   {verb: Admin},
		service + "LogSettings":                  {verb: Admin},
		service + "TraceSetting":                 {verb: Admin, body: &Body{Fields: []scan.Field{{Number: 2, ID: idName}}, whole: true}},
	}
}

func compileKServeV2(r *Route, v strictjson.Value, in surroundings) {
	o := v.Object(append(serverFields, "backend")...)
	backend := o.Get("backend").Text()
	if _, ok := repositoryFields[backend]; !ok {
		o.Get("backend").Fail(`is "kserve" or "triton"`)
	}
	s := &server{protocol: "kserve-v2", table: openInference(repositoryFields[backend]).or(kserveV2)}
	s.compile(r, o, in, "/v2")
	s.somewhere(o)
}
