package inference

import "github.com/modelgate/modelgate/internal/strictjson"

const (
	torchInference  = "/org.pytorch.serve.grpc.inference.InferenceAPIsService/"
	torchManagement = "/org.pytorch.serve.grpc.management.ManagementAPIsService/"
	torchOpen       = "/org.pytorch.serve.grpc.openinference.GRPCInferenceService/"
)

// torchServe are the methods of frontend/server/src/main/resources/proto of
// pytorch/serve. The reply of ListModels is JSON inside a message and is not
// trimmed: only a caller who may list the whole server may ask. RegisterModel loads
// what the request points to, which is administration of the server.
var torchServe = []grpcMethod{
	{torchInference + "Ping", Ready, nil, nil},
	{torchInference + "Predictions", Predict, namesModel, nil},
	{torchInference + "StreamPredictions", Predict, namesModel, nil},
	{torchInference + "StreamPredictions2", Predict, manyModels, nil},
	{torchManagement + "DescribeModel", Metadata, namesModel, nil},
	{torchManagement + "ListModels", List, nil, nil},
	{torchManagement + "RegisterModel", Admin, nil, nil},
	{torchManagement + "ScaleWorker", Admin, namesModel, nil},
	{torchManagement + "SetDefault", Admin, namesModel, nil},
	{torchManagement + "UnregisterModel", Unload, namesModel, nil},
	{torchOpen + "ServerLive", Ready, nil, nil},
	{torchOpen + "ServerReady", Ready, nil, nil},
	{torchOpen + "ServerMetadata", Metadata, nil, nil},
	{torchOpen + "ModelReady", Ready, namesModel, nil},
	{torchOpen + "ModelMetadata", Metadata, namesModel, nil},
	{torchOpen + "ModelInfer", Predict, namesModel, nil},
}

func compileTorchServe(r *Route, v strictjson.Value, in routeContext) {
	parse := newGRPCMethods(torchServe).and(torchServeHTTP)
	compileServer(r, v, in, "torchserve", &server{protocol: "torchserve", parsePath: parse, isVersion: isTorchVersion})
}
