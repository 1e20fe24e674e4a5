package inference

// torchServe are the calls of frontend/server/src/main/resources/proto of
// pytorch/serve. What it lists is JSON inside a message, and not trimmed: only
// who may list the whole server may ask. Registering loads what the request
// points to, and is the server's administration.
var torchServe = func() methods {
	const inference, management = "/org.pytorch.serve.grpc.inference.InferenceAPIsService/", "/org.pytorch.serve.grpc.management.ManagementAPIsService/"
	onModel := &Body{Fields: nameAndVersion}
	return methods{
		inference + "Ping":               {verb: Ready},
		inference + "Predictions":        {verb: Predict, body: onModel},
		inference + "StreamPredictions":  {verb: Predict, body: onModel},
		inference + "StreamPredictions2": {verb: Predict, body: &Body{Fields: nameAndVersion, Stream: true}},
		management + "DescribeModel":     {verb: Metadata, body: onModel},
		management + "ListModels":        {verb: List},
		management + "RegisterModel":     {verb: Admin},
		management + "ScaleWorker":       {verb: Admin, body: onModel},
		management + "SetDefault":        {verb: Admin, body: onModel},
		management + "UnregisterModel":   {verb: Unload, body: onModel},
	}
}()

var compileTorchServe = serve("torchserve", "torchserve", torchServe.table)
