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
		return listsModels(modelsListing)
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
	case "POST infer", "POST infer_stream": // the latter is MLServer's, mlserver/rest/app.py of SeldonIO/MLServer
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

// oip and mlserverRepository are the services of the protocol over gRPC.
const (
	oip                = "/inference.GRPCInferenceService/"
	mlserverRepository = "/inference.model_repository.ModelRepositoryService/"
)

// namesModel is a message that begins with a model's name and version; manyModels is one
// stream of them, and namesModelOrAll one that is about all models if it names none.
var (
	namesModel      = &Body{Fields: nameAndVersion}
	manyModels      = &Body{Fields: nameAndVersion, Stream: true}
	namesModelOrAll = &Body{Fields: nameAndVersion, allIfUnnamed: true}
	tracesModel     = &Body{Fields: []scan.Field{{Number: 2, ID: idName}}, allIfUnnamed: true}
)

// openInferenceMethods are the protocol's methods with Triton's extensions, but for those
// that load and unload. Regions of shared memory and the log belong to the whole server.
var openInferenceMethods = []grpcMethod{
	{oip + "ServerLive", Ready, nil, nil},
	{oip + "ServerReady", Ready, nil, nil},
	{oip + "ServerMetadata", Metadata, nil, nil},
	{oip + "ModelReady", Ready, namesModel, nil},
	{oip + "ModelMetadata", Metadata, namesModel, nil},
	{oip + "ModelConfig", Metadata, namesModel, nil},
	{oip + "ModelStatistics", Metadata, namesModelOrAll, nil},
	{oip + "ModelInfer", Predict, namesModel, nil},
	{oip + "ModelStreamInfer", Predict, manyModels, nil},
	{oip + "RepositoryIndex", List, nil, grpcListing},
	{mlserverRepository + "RepositoryIndex", List, nil, grpcListing},
	{oip + "SystemSharedMemoryStatus", Admin, nil, nil},
	{oip + "SystemSharedMemoryRegister", Admin, nil, nil},
	{oip + "SystemSharedMemoryUnregister", Admin, nil, nil},
	{oip + "CudaSharedMemoryStatus", Admin, nil, nil},
	{oip + "CudaSharedMemoryRegister", Admin, nil, nil},
	{oip + "CudaSharedMemoryUnregister", Admin, nil, nil},
	{oip + "LogSettings", Admin, nil, nil},
	{oip + "TraceSetting", Admin, tracesModel, nil},
}

// openInference returns the protocol's gRPC methods for one reading of the repository's
// messages. MLServer's own service reads them as Triton does.
func openInference(repository []scan.Field) grpcMethods {
	own, mlserver := &Body{Fields: repository}, &Body{Fields: repositoryFields["triton"]}
	return newGRPCMethods(openInferenceMethods, []grpcMethod{
		{oip + "RepositoryModelLoad", Load, own, nil},
		{oip + "RepositoryModelUnload", Unload, own, nil},
		{mlserverRepository + "RepositoryModelLoad", Load, mlserver, nil},
		{mlserverRepository + "RepositoryModelUnload", Unload, mlserver, nil},
	})
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
