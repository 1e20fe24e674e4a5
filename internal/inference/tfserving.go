package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// tfServing is TensorFlow Serving over HTTP:
//
//	GET  /v1/models/<model>[/versions/<version> | /labels/<label>][/metadata]
//	POST /v1/models/<model>[/versions/<version> | /labels/<label>]:predict, :classify, :regress
//
// tensorflow_serving/model_servers/http_rest_api_util.cc of tensorflow/serving
// matches these without regard to case, and unescapes the names afterwards. Here
// every other spelling of a path is refused.
func tfServing(r *parsedRequest, path string) (operation, reason.Reason) {
	rest, ok := strings.CutPrefix(path, v1Models)
	if !ok || r.GRPC {
		return unknownPath()
	}
	rest, action, hasAction := strings.Cut(rest, ":")
	name, version, tail, why := tfModel(rest)
	if why != reason.Allowed {
		return operation{}, why
	}
	switch {
	case hasAction && tail == "" && r.Method == "POST" && slices.Contains(tfPredictions, action):
		return onModel(Predict, name, version)
	case !hasAction && tail == "metadata" && r.Method == "GET":
		return onModel(Metadata, name, version)
	case !hasAction && tail == "" && r.Method == "GET":
		return onV1Model(name, version)
	}
	return unknownPath()
}

var tfPredictions = []string{"predict", "classify", "regress"}

// tfModel takes <model>[/versions/<version> | /labels/<label>][/<tail>] apart. A
// label that is a number is refused, because it would look like a version.
func tfModel(rest string) (name, version, tail string, why reason.Reason) {
	name, tail, _ = strings.Cut(rest, "/")
	kind, after, _ := strings.Cut(tail, "/")
	if kind == "versions" || kind == "labels" {
		version, tail, _ = strings.Cut(after, "/")
		if version == "" {
			return "", "", "", reason.PathUnknown
		}
		if (kind == "versions") != isNumber(version) {
			return "", "", "", reason.ModelInvalid
		}
	}
	if strings.HasSuffix(rest, "/") {
		return "", "", "", reason.PathUnknown
	}
	return name, version, tail, reason.Allowed
}

// modelSpec is a message that has a ModelSpec (tensorflow_serving/apis/
// model.proto) as field 1.
var modelSpec = []scan.Field{{Number: 1, Shape: scan.Message, Fields: []scan.Field{
	{Number: 1, ID: idName},
	{Number: 2, Shape: scan.Int64Value, ID: idVersionNumber, OneOf: 1},
	{Number: 4, ID: idVersionLabel, OneOf: 1},
}}}

const (
	tfPrediction = "/tensorflow.serving.PredictionService/"
	tfModels     = "/tensorflow.serving.ModelService/"
	tfSession    = "/tensorflow.serving.SessionService/"
)

var (
	hasModelSpec = &Body{Fields: modelSpec}
	hasTasks     = &Body{Fields: []scan.Field{{Number: 1, Shape: scan.Message, Repeated: true, Fields: modelSpec}}}
)

// tfServingMethods are those of tensorflow_serving/apis/*_service.proto.
// MultiInference has one task or more, each of which names a model.
// HandleReloadConfigRequest replaces everything that the server serves.
var tfServingMethods = []grpcMethod{
	{tfPrediction + "Predict", Predict, hasModelSpec, nil},
	{tfPrediction + "Classify", Predict, hasModelSpec, nil},
	{tfPrediction + "Regress", Predict, hasModelSpec, nil},
	{tfPrediction + "MultiInference", Predict, hasTasks, nil},
	{tfPrediction + "GetModelMetadata", Metadata, hasModelSpec, nil},
	{tfModels + "GetModelStatus", Ready, hasModelSpec, nil},
	{tfModels + "HandleReloadConfigRequest", Admin, nil, nil},
	{tfSession + "SessionRun", Predict, hasModelSpec, nil},
}

func compileTFServing(r *Route, v strictjson.Value, in routeContext) {
	parse := newGRPCMethods(tfServingMethods).and(tfServing)
	compileServer(r, v, in, "/v1", &server{protocol: "tfserving", parsePath: parse, isVersion: isVersionOrLabel})
}
