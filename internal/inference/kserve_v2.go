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
func kserveV2(r *parsedRequest, path string) (operation, reason.Reason) {
	if r.GRPC {
		return unknownPath()
	}
	switch r.Method + " " + path {
	case "GET /v2":
		return onServer(Metadata)
	case "GET /v2/health/live", "GET /v2/health/ready":
		return onServer(Ready)
	case "GET /v2/models":
		return listsModels(namesListing)
	case "POST /v2/repository/index":
		return listsModels(indexListing)
	case "GET /v2/models/stats": // Triton's statistics of all models, where the server is one
		return invalidModel()
	}
	if rest, ok := strings.CutPrefix(path, "/v2/repository/models/"); ok && r.Method == "POST" {
		return repositoryModel(rest)
	}
	rest, ok := strings.CutPrefix(path, "/v2/models/")
	if !ok {
		return unknownPath()
	}
	name, version, action := splitModelPath(rest)
	switch r.Method + " " + action {
	case "GET ":
		return onModel(Metadata, name, version)
	case "GET ready":
		return onModel(Ready, name, version)
	case "POST infer":
		return onModel(Predict, name, version)
	case "POST generate", "POST generate_stream":
		return onModel(Generate, name, version)
	}
	return unknownPath()
}

// splitModelPath takes <model>[/versions/<version>][/<action>] apart.
func splitModelPath(rest string) (name, version, action string) {
	name, action, _ = strings.Cut(rest, "/")
	if rest, ok := strings.CutPrefix(action, "versions/"); ok {
		version, action, _ = strings.Cut(rest, "/")
	}
	return name, version, action
}

// repositoryModel reads <model>/load and <model>/unload. Their bodies may have
// parameters (docs/protocol/extension_model_repository.md of triton-inference-server/
// server): config and file:<path> bring a model of the caller's own, which may be a
// Python program and may name others; unload_dependents unloads others.
func repositoryModel(rest string) (op operation, why reason.Reason) {
	name, action, _ := strings.Cut(rest, "/")
	switch action {
	case "load":
		op, why = onModel(Load, name, "")
	case "unload":
		op, why = onModel(Unload, name, "")
	default:
		return unknownPath()
	}
	op.body = repositoryBody
	return op, why
}

var repositoryBody = &Body{MayBeEmpty: true, Keys: []scan.Key{{Name: "parameters", ID: idParameter, Any: true}}}

// repositoryFields says how servers read RepositoryModelLoad and
// RepositoryModelUnload, by "backend". In grpc_predict_v2.proto of kserve/kserve
// the model is field 1. In grpc_service.proto of triton-inference-server/common,
// and with MLServer, it is field 2, and field 1 is the repository; field 3 are the
// parameters, a map. Where the route does not say whose server it is, both readings
// must be granted.
var repositoryFields = map[string][]scan.Field{
	"":       {{Number: 1, ID: idName}, {Number: 2, ID: idAltName}, repositoryParameters},
	"kserve": {{Number: 1, ID: idName}},
	"triton": {{Number: 2, ID: idName}, repositoryParameters},
}

// repositoryParameters are the entries of a map whose key is a string
// (protobuf.dev/programming-guides/encoding, "Maps").
var repositoryParameters = scan.Field{Number: 3, Shape: scan.Message, Repeated: true, Fields: []scan.Field{{Number: 1, ID: idParameter}}}

// backendVersions are the forms of versions, by "backend". KServe's own server passes
// a version on as a string.
var backendVersions = map[string]versionForm{"": isSharedVersion, "kserve": isExactVersion, "triton": isVersionNumber}

// openInference returns the protocol's gRPC methods, including Triton's extensions,
// for one reading of the repository's messages.
func openInference(repository []scan.Field) grpcMethods {
	const service, mlserver = "/inference.GRPCInferenceService/", "/inference.model_repository.ModelRepositoryService/"
	model := &Body{Fields: nameAndVersion}
	return grpcMethods{
		service + "ServerLive":       {verb: Ready},
		service + "ServerReady":      {verb: Ready},
		service + "ServerMetadata":   {verb: Metadata},
		service + "ModelReady":       {verb: Ready, body: model},
		service + "ModelMetadata":    {verb: Metadata, body: model},
		service + "ModelConfig":      {verb: Metadata, body: model},
		service + "ModelStatistics":  {verb: Metadata, body: &Body{Fields: nameAndVersion, allIfUnnamed: true}},
		service + "ModelInfer":       {verb: Predict, body: model},
		service + "ModelStreamInfer": {verb: Predict, body: &Body{Fields: nameAndVersion, Stream: true}},

		service + "RepositoryIndex":        {verb: List, listing: grpcListing},
		service + "RepositoryModelLoad":    {verb: Load, body: &Body{Fields: repository}},
		service + "RepositoryModelUnload":  {verb: Unload, body: &Body{Fields: repository}},
		mlserver + "RepositoryIndex":       {verb: List, listing: grpcListing},
		mlserver + "RepositoryModelLoad":   {verb: Load, body: &Body{Fields: repositoryFields["triton"]}},
		mlserver + "RepositoryModelUnload": {verb: Unload, body: &Body{Fields: repositoryFields["triton"]}},

		// Regions of shared memory and the log belong to the whole server.
		service + "SystemSharedMemoryStatus":     {verb: Admin},
		service + "SystemSharedMemoryRegister":   {verb: Admin},
		service + "SystemSharedMemoryUnregister": {verb: Admin},
		service + "CudaSharedMemoryStatus":       {verb: Admin},
		service + "CudaSharedMemoryRegister":     {verb: Admin},
		service + "CudaSharedMemoryUnregister":   {verb: Admin},
		service + "LogSettings":                  {verb: Admin},
		service + "TraceSetting":                 {verb: Admin, body: &Body{Fields: []scan.Field{{Number: 2, ID: idName}}, allIfUnnamed: true}},
	}
}

func compileKServeV2(r *Route, v strictjson.Value, in routeContext) {
	o := v.Object(append(versionedFields, "backend")...)
	backend := o.Get("backend")
	repository, ok := repositoryFields[backend.JSON().Str]
	if backend.Exists() && (!ok || backend.JSON().Str == "") {
		backend.MustBe("kserve or triton")
	}
	version := backendVersions[backend.JSON().Str]
	if version == nil { // reported
		version = isSharedVersion
	}
	s := &server{protocol: "kserve-v2", parsePath: openInference(repository).and(kserveV2), isVersion: version}
	s.compile(r, o, in, "/v2")
	s.requireService(o)
}
