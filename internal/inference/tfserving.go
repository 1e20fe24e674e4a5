package inference

import (
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
)

// tfServing is TensorFlow Serving over HTTP:
//
//	GET  /v1/models/<model>[/versions/<version> | /labels/<label>][/metadata]
//	POST /v1/models/<model>[/versions/<version> | /labels/<label>]:predict, :classify, :regress
//
// tensorflow_serving/model_servers/http_rest_api_util.cc of tensorflow/serving
// matches these without regard to case and unescapes the names afterwards: a
// path in any other spelling is none here.
func tfServing(r *parsed, path string) (ask, reason.Reason) {
	rest, ok := strings.CutPrefix(path, v1Models)
	if !ok || r.GRPC {
		return ask{}, reason.PathUnknown
	}
	rest, action, acts := strings.Cut(rest, ":")
	a := ask{verb: Ready}
	name, tail, _ := strings.Cut(rest, "/")
	a.name = name
	kind, more, _ := strings.Cut(tail, "/")
	if kind == "versions" || kind == "labels" {
		a.version, tail, _ = strings.Cut(more, "/")
		if a.version == "" {
			return ask{}, reason.PathUnknown
		}
		if (kind == "versions") != digits(a.version) { // a label of digits could not be told from a version
			return ask{}, reason.ModelInvalid
		}
	}
	switch {
	case strings.HasSuffix(rest, "/"):
		return ask{}, reason.PathUnknown
	case acts && tail == "" && r.Method == "POST" && (action == "predict" || action == "classify" || action == "regress"):
		a.verb = Predict
	case !acts && tail == "metadata" && r.Method == "GET":
		a.verb = Metadata
	case acts || tail != "" || r.Method != "GET":
		return ask{}, reason.PathUnknown
	}
	return a.checked()
}

// modelSpec is a message that has a ModelSpec (tensorflow_serving/apis/
// model.proto) as field 1.
var modelSpec = []scan.Field{{Number: 1, Shape: scan.Message, Fields: []scan.Field{
	{Number: 1, ID: idName},
	{Number: 2, Shape: scan.Int64Value, ID: idNumber, OneOf: 1},
	{Number: 4, ID: idLabel, OneOf: 1},
}}}

// tfServingCalls are those of tensorflow_serving/apis/*_service.proto.
// MultiInference has one task or more, each of which names a model.
// HandleReloadConfigRequest replaces everything that the server serves.
var tfServingCalls = func() methods {
	const prediction, models, session = "/tensorflow.serving.PredictionService/", "/tensorflow.serving.ModelService/", "/tensorflow.serving.SessionService/"
	onModel := &Body{Fields: modelSpec}
	tasks := []scan.Field{{Number: 1, Shape: scan.Message, Repeated: true, Fields: modelSpec}}
	return methods{
		prediction + "Predict":               {verb: Predict, body: onModel},
		prediction + "Classify":              {verb: Predict, body: onModel},
		prediction + "Regress":               {verb: Predict, body: onModel},
		prediction + "MultiInference":        {verb: Predict, body: &Body{Fields: tasks}},
		prediction + "GetModelMetadata":      {verb: Metadata, body: onModel},
		models + "GetModelStatus":            {verb: Ready, body: onModel},
		models + "HandleReloadConfigRequest": {verb: Admin},
		session + "SessionRun":               {verb: Predict, body: onModel},
	}
}()

var compileTFServing = serve("tfserving", "/v1", tfServingCalls.or(tfServing))
