// Package servers runs NVIDIA Triton, TorchServe and MLServer behind the gate: Triton's own
// binary, and TorchServe with a stand-in of some lines for torch. Their models answer with
// their own name and version.
//
// Clients call them through a real Envoy, and get what they are granted. Each server's own
// list of endpoints must be in internal/inference/testdata/endpoints, so that a new release's
// new endpoint is found. And for every generated request that the gate allows, the model that
// the server runs must be the one that was authorized.
//
// The tests have the build tag servers, and that of vLLM, which is 6 GB, has the tag vllm. They
// need Python and Java:
//
//	make e2e-servers
//	make e2e-vllm
//	go test -tags servers ./servers -v -run Servers/Oracle/Triton -args -requests 100000 -send 5000 -seed 7
package servers
