package inference_test

import "github.com/modelgate/modelgate/internal/reason"

// torchServeAccepted is used by TestAcceptedByProtocol.
var torchServeAccepted = []acceptedGroup{
	{"TorchServe", torch, public, []acceptedCase{
		{"gRPC /org.pytorch.serve.grpc.inference.InferenceAPIsService/Ping", "torchserve ready prod/torch/"},
		{"gRPC /org.pytorch.serve.grpc.inference.InferenceAPIsService/Predictions", "torchserve predict prod/torch/ body"},
		{"gRPC /org.pytorch.serve.grpc.inference.InferenceAPIsService/StreamPredictions", "torchserve predict prod/torch/ body"},
		{"gRPC /org.pytorch.serve.grpc.inference.InferenceAPIsService/StreamPredictions2", "torchserve predict prod/torch/ stream"},
		{"gRPC /org.pytorch.serve.grpc.management.ManagementAPIsService/DescribeModel", "torchserve metadata prod/torch/ body"},
		{"gRPC /org.pytorch.serve.grpc.management.ManagementAPIsService/ListModels", "torchserve list prod/torch/"},
		{"gRPC /org.pytorch.serve.grpc.management.ManagementAPIsService/RegisterModel", "torchserve admin prod/torch/"},
		{"gRPC /org.pytorch.serve.grpc.management.ManagementAPIsService/ScaleWorker", "torchserve admin prod/torch/ body"},
		{"gRPC /org.pytorch.serve.grpc.management.ManagementAPIsService/SetDefault", "torchserve admin prod/torch/ body"},
		{"gRPC /org.pytorch.serve.grpc.management.ManagementAPIsService/UnregisterModel", "torchserve unload prod/torch/ body"},
	}},
}

// torchServeRefused is used by TestRefusedByProtocol.
var torchServeRefused = []refusedGroup{
	{"gRPC: a method in the table, posted, and nothing else", torch, public, []refusedCase{
		{"gRPC /inference.GRPCInferenceService/ModelInfer", reason.PathUnknown},
		{"POST /predictions/m", reason.PathUnknown},
	}},
}
