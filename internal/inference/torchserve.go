package inference

// torchServe are the methods of frontend/server/src/main/resources/proto of
// pytorch/serve. The reply of ListModels is JSON inside a message and is not
// trimmed: only a caller who may list the whole server may ask. RegisterModel loads
// what the request points to, which is administration of the server.
var torchServe = func() grpcMethods {
	const (
		inference  = "/org.pytorch.serve.grpc.inference.InferenceAPIsService/"
		management = "/org.pytorch.serve.grpc.management.ManagementAPIsService/"
	)
	model := &Body{Fields: nameAndVersion}
	return grpcMethods{
		inference + "Ping":               {verb: Ready},
		inference + "Predictions":        {verb: Predict, body: model},
		inference + "StreamPredictions":  {verb: Predict, body: model},
		inference + "StreamPredictions2": {verb: Predict, body: &Body{Fields: nameAndVersion, Stream: true}},
		management + "DescribeModel":     {verb: Metadata, body: model},
		management + "ListModels":        {verb: List},
		management + "RegisterModel":     {verb: Admin},
		management + "ScaleWorker":       {verb: Admin, body: model},
		management + "SetDefault":        {verb: Admin, body: model},
		management + "UnregisterModel":   {verb: Unload, body: model},
	}
}()

var compileTorchServe = serverCompiler("torchserve", "torchserve", torchServe.parsePath, isExactVersion)
