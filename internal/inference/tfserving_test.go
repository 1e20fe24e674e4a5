package inference_test

import "github.com/modelgate/modelgate/internal/reason"

// tfServingAccepted is used by TestAcceptedByProtocol.
var tfServingAccepted = []acceptedGroup{
	{"TensorFlow Serving", tfs, "fraud.prod.tfs", []acceptedCase{
		{"GET /v1/models/m", "tfserving ready prod/fraud/m"},
		{"GET /v1/models/m/versions/3", "tfserving ready prod/fraud/m@3"},
		{"GET /v1/models/m/labels/stable", "tfserving ready prod/fraud/m@stable"},
		{"GET /v1/models/m/metadata", "tfserving metadata prod/fraud/m"},
		{"GET /v1/models/m/versions/3/metadata", "tfserving metadata prod/fraud/m@3"},
		{"GET /v1/models/m/labels/metadata/metadata", "tfserving metadata prod/fraud/m@metadata"},
		{"POST /v1/models/fraud:predict", "tfserving predict prod/fraud"},
		{"POST /v1/models/m:classify", "tfserving predict prod/fraud/m"},
		{"POST /v1/models/m/versions/3:regress", "tfserving predict prod/fraud/m@3"},
		{"POST /v1/models/m/labels/stable:predict", "tfserving predict prod/fraud/m@stable"},
		{"GET /v1/models/metadata", "tfserving ready prod/fraud/metadata"},
		{"gRPC /tensorflow.serving.PredictionService/Predict", "tfserving predict prod/fraud/ body"},
		{"gRPC /tensorflow.serving.PredictionService/Classify", "tfserving predict prod/fraud/ body"},
		{"gRPC /tensorflow.serving.PredictionService/Regress", "tfserving predict prod/fraud/ body"},
		{"gRPC /tensorflow.serving.PredictionService/MultiInference", "tfserving predict prod/fraud/ body"},
		{"gRPC /tensorflow.serving.PredictionService/GetModelMetadata", "tfserving metadata prod/fraud/ body"},
		{"gRPC /tensorflow.serving.ModelService/GetModelStatus", "tfserving ready prod/fraud/ body"},
		{"gRPC /tensorflow.serving.ModelService/HandleReloadConfigRequest", "tfserving admin prod/fraud/"},
		{"gRPC /tensorflow.serving.SessionService/SessionRun", "tfserving predict prod/fraud/ body"},
	}},
	{"TensorFlow Serving", tfs, public, []acceptedCase{
		{"POST /tfs/prod/fraud/v1/models/m/versions/3:predict",
			"tfserving predict prod/fraud/m@3 -> fraud.prod.tfs /v1/models/m/versions/3:predict"},
	}},
}

// tfServingRefused is used by TestRefusedByProtocol.
var tfServingRefused = []refusedGroup{
	{"A query may say what the path does not", tfs, "fraud.prod.tfs", []refusedCase{
		{"POST /v1/models/m:predict?x", reason.QueryRefused},
	}},
	{"TensorFlow Serving folds case and unescapes: nothing of that is understood", tfs, "fraud.prod.tfs", []refusedCase{
		{"POST /V1/models/m:predict", reason.PathUnknown},
		{"POST /v1/MODELS/m:predict", reason.PathUnknown},
		{"POST /v1/models/m:Predict", reason.PathUnknown},
		{"POST /v1/models/m:PREDICT", reason.PathUnknown},
		{"POST /v1/models/m/Versions/3:predict", reason.PathUnknown},
		{"POST /v1/models/%6d:predict", reason.PathInvalid},
		{"POST /v1/models/m%00:predict", reason.PathInvalid},
		{"POST /v1/models/a%2fb:predict", reason.PathInvalid},
		{"POST /v1/models/m%3apredict", reason.PathInvalid},
		{"POST /v1/models/m/labels/%73table:predict", reason.PathInvalid},
		{"POST /v1/models/m/versions/%33:predict", reason.PathInvalid},
		{"POST /v1/models/m/versions/3/labels/x:predict", reason.PathUnknown},
		{"POST /v1/models/m/labels/x/versions/3:predict", reason.PathUnknown},
		{"POST /v1/models/m/versions/3/:predict", reason.PathUnknown},
		{"POST /v1/models/m/:predict", reason.PathUnknown},
		{"POST /v1/models/m/versions/:predict", reason.PathUnknown},
		{"POST /v1/models/m/metadata:predict", reason.PathUnknown},
		{"POST /v1/models/m:predict:predict", reason.PathUnknown},
		{"GET /v1/models/m:predict", reason.PathUnknown},
		{"POST /v1/models/m", reason.PathUnknown},
		{"OPTIONS /v1/models/m:predict", reason.PathUnknown},
		{"GET /v1/models", reason.PathUnknown},
		{"GET /v1/models/m/versions/3metadata", reason.ModelInvalid},
		{"GET /v1/models/m/xmetadata", reason.PathUnknown},
		{"POST /v1/models/m/versions/x:predict", reason.ModelInvalid},
		{"POST /v1/models/m/versions/03:predict", reason.ModelInvalid},
		{"POST /v1/models/m/labels/3:predict", reason.ModelInvalid},
		{"POST /v1/models/:predict", reason.ModelInvalid},
		{"GET /monitoring/prometheus/metrics", reason.PathUnknown},
		{"gRPC /tensorflow.ProfilerService/Profile", reason.PathUnknown},
		{"gRPC /tensorflow.serving.ModelService/Predict", reason.PathUnknown},
	}},
	{"TensorFlow Serving folds case and unescapes: nothing of that is understood", tfs, public, []refusedCase{
		{"POST /v1/models/m:predict", reason.HostInvalid},
		{"POST /tfs/prod/fraud:predict", reason.PathUnknown},
		{"POST /tfs/prod/fraud/V1/models/m:predict", reason.PathUnknown},
	}},
	{"TensorFlow Serving folds case and unescapes: nothing of that is understood", tfs, "churn.prod.tfs", []refusedCase{
		{"POST /tfs/prod/fraud/v1/models/m:predict", reason.IdentityConflict},
	}},
}

// tfServingBodies is used by TestComplete.
var tfServingBodies = []bodyGroup{
	{"A ModelSpec, alone and in tasks", tfs, "fraud.prod.tfs", predict, []bodyCase{
		{"1:(1:m)", "predict prod/fraud/m"},
		{"1:(1:m 2:(1:#7))", "predict prod/fraud/m@7"},
		{"1:(1:m 2:())", "predict prod/fraud/m@0"},
		{"1:(4:stable 1:m)", "predict prod/fraud/m@stable"},
		{"1:(1:m 4:7)", "model_invalid"},
		{"1:(1:m 4:)", "predict prod/fraud/m"},
		{"", "model_missing"},
		{"1:()", "model_missing"},
		{"1:(3:s)", "model_missing"},
	}},
	{"A ModelSpec, alone and in tasks", tfs, "fraud.prod.tfs", multi, []bodyCase{
		{"1:(1:(1:m)) 1:(1:(1:m 2:(1:#2)))", "predict prod/fraud/m prod/fraud/m@2"},
		{"1:(1:(1:a)) 1:(1:(1:b))", "predict prod/fraud/a prod/fraud/b"},
		{"1:(1:(1:a)) 1:(2:classify)", "model_missing"},
		{"", "model_missing"},
	}},
}
