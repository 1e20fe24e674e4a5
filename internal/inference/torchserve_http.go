package inference

import (
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
)

// torchServeHTTP is TorchServe's REST API, of inference and of management:
//
//	POST   /predictions/<model>[/<version>]    also GET and PUT; /explanations likewise
//	POST   /models/<model>/invoke              POST /invocations?model_name=<model>
//	POST   /v1/models/<model>:predict          POST /v2/models/<model>/infer; or explain
//	GET    /models/<model>[/<version> | /all]  PUT and DELETE without all
//	PUT    /models/<model>/<version>/set-default
//	GET    /models, POST /models               and the server's own: /ping and others
//
// Read in frontend/server/src/main/java/org/pytorch/serve/http/api/rest of pytorch/serve. That
// decodes a path before it cuts it at "/", ignores what follows a version, and takes most
// methods for any other: here each has one spelling. Workflows, plug-ins and the deprecated
// /<model>/predict are left out.
func torchServeHTTP(r *parsedRequest, path string) (operation, reason.Reason) {
	if r.GRPC {
		return unknownPath()
	}
	switch r.Method + " " + path {
	case "GET /ping", "GET /v2/health/live", "GET /v2/health/ready":
		return onServer(Ready)
	case "GET /v2", "GET /api-description":
		return onServer(Metadata)
	case "GET /models":
		return operation{verb: List, listing: torchListing, parameters: torchPages}, reason.Allowed
	case "POST /models":
		return operation{verb: Admin, parameters: torchRegister}, reason.Allowed
	case "POST /invocations":
		return torchInvocation(r.query)
	case "GET /v1/models", "GET /v1/models/predict": // not served; and the version "models" of a model v1
		return unknownPath()
	}
	root, rest, _ := strings.Cut(path[1:], "/")
	name, tail, _ := strings.Cut(rest, "/")
	switch {
	case root == "v1":
		return kserveV1(r, path)
	case root == "v2":
		return torchV2(r, path)
	case name == "":
	case root == "models":
		return torchModel(r.Method, name, tail)
	case r.Method != "POST" && r.Method != "GET" && r.Method != "PUT":
	case root == "predictions":
		return onModel(Predict, name, tail)
	case root == "explanations":
		return onModel(Explain, name, tail)
	}
	return unknownPath()
}

// The parameters of queries that name no model: ManagementRequestHandler.java, and
// RegisterModelRequest.java. A query may also name a version, which is refused.
var (
	torchPages    = []string{"limit", "next_page_token"}
	torchDescribe = []string{"customized"}
	torchScale    = []string{"min_worker", "max_worker", "number_gpu", "synchronous", "timeout"}
	torchRegister = []string{"url", "model_name", "handler", "runtime", "batch_size", "max_batch_delay", "response_timeout",
		"startup_timeout", "initial_workers", "synchronous", "s3_sse_kms"}
	torchName = []string{"model_name"}
)

// torchInvocation reads the model in the query of /invocations. The server takes the first
// of several, and where there is none, its only model or a field of a form.
func torchInvocation(query string) (operation, reason.Reason) {
	name, ok := strings.CutPrefix(query, "?model_name=")
	if !ok {
		return operation{}, reason.ModelMissing
	}
	op, why := onModel(Predict, name, "")
	op.parameters = torchName
	return op, why
}

// torchModel reads what follows /models/. The ports of inference and of management have
// paths of this form: invoke is no version, whatever the method.
func torchModel(method, name, tail string) (op operation, why reason.Reason) {
	version, action, _ := strings.Cut(tail, "/")
	switch {
	case tail == "invoke":
		if method == "POST" {
			return onModel(Predict, name, "")
		}
		return unknownPath()
	case method == "PUT" && action == "set-default":
		return onModel(Admin, name, version)
	case action != "":
		return unknownPath()
	case method == "GET" && tail == "all": // versions
		return onModel(List, name, "")
	case method == "GET":
		op, why = onModel(Metadata, name, tail)
		op.parameters = torchDescribe
		return op, why
	case method == "PUT":
		op, why = onModel(Admin, name, tail)
		op.parameters = torchScale
		return op, why
	case method == "DELETE":
		return onModel(Unload, name, tail)
	}
	return unknownPath()
}

// torchV2 reads /v2/models/<model>/<action>. The server cuts a model's name at ":".
func torchV2(r *parsedRequest, path string) (operation, reason.Reason) {
	rest, ok := strings.CutPrefix(path, "/v2/models/")
	name, action, _ := strings.Cut(rest, "/")
	switch {
	case !ok || r.Method != "POST":
	case strings.Contains(name, ":"):
		return invalidModel()
	case action == "infer":
		return onModel(Predict, name, "")
	case action == "explain":
		return onModel(Explain, name, "")
	}
	return unknownPath()
}

// isTorchVersion reports whether s names one version. DescribeModel reads "all" as all of
// them.
func isTorchVersion(s string) bool { return s != "all" && isExactVersion(s) }
