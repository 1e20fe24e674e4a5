package inference

import (
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// kserveV1 is KServe's V1 protocol, behind path-based public routes and on the
// services' own hosts:
//
//	POST <prefix>/<namespace>/<service>:predict   POST /v1/models/<model>:predict
//	POST <prefix>/<namespace>/<service>:explain   POST /v1/models/<model>:explain
//	GET  <prefix>/<namespace>/<service>           GET  /v1/models/<model>
//	                                              GET  /v1/models
//
// Left: docs/samples/gcp-iap of kubeflow/kfserving, whose VirtualService is
// written by hand for each model. Right: python/kserve/kserve/protocol/rest/
// v1_endpoints.py of kserve/kserve, on the host of the service's component.
func kserveV1(r *parsed, path string) (ask, reason.Reason) {
	if path == "/v1/models" && r.Method == "GET" && !r.GRPC {
		return ask{verb: List, listing: namesListing}, reason.Allowed
	}
	rest, ok := strings.CutPrefix(path, v1Models)
	name, suffix, hasSuffix := strings.Cut(rest, ":")
	a := ask{name: name}
	switch {
	case !ok || strings.Contains(rest, "/"):
		return ask{}, reason.PathUnknown
	case r.Method == "POST" && suffix == "predict":
		a.verb = Predict
	case r.Method == "POST" && suffix == "explain":
		a.verb = Explain
	case r.Method == "GET" && !hasSuffix:
		a.verb = Ready
	default:
		return ask{}, reason.PathUnknown
	}
	return a.checked()
}

const v1Models = "/v1/models/"

func compileKServeV1(r *Route, v strictjson.Value, in surroundings) {
	s := &server{protocol: "kserve-v1", short: true, table: kserveV1}
	s.compile(r, v.Object("protocol", "prefix", "names", "transformers", "serviceHosts", "credentials", "shadow"), in, "/v1")
}
