package inference

import (
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// kserveV1 is KServe's V1 protocol, on public paths and on the services' own hosts:
//
//	POST <prefix>/<namespace>/<service>:predict   POST /v1/models/<model>:predict
//	POST <prefix>/<namespace>/<service>:explain   POST /v1/models/<model>:explain
//	GET  <prefix>/<namespace>/<service>           GET  /v1/models/<model>
//	                                              GET  /v1/models, unless "lists" is false
//
// Left: docs/samples/gcp-iap of kubeflow/kfserving, with a VirtualService written
// by hand for each model. Right: python/kserve/kserve/protocol/rest/v1_endpoints.py
// of kserve/kserve, on the host of the service's component. Both may follow a prefix;
// with the prefix "/" only the right ones do, because another server's pages have paths
// of two segments too.
func kserveV1(r *parsedRequest, path string) (operation, reason.Reason) {
	if path == "/v1/models" && r.Method == "GET" && !r.GRPC {
		return listsModels(modelsListing)
	}
	rest, ok := strings.CutPrefix(path, v1Models)
	if !ok || strings.Contains(rest, "/") {
		return unknownPath()
	}
	name, suffix, hasSuffix := strings.Cut(rest, ":")
	switch {
	case r.Method == "POST" && suffix == "predict":
		return onModel(Predict, name, "")
	case r.Method == "POST" && suffix == "explain":
		return onModel(Explain, name, "")
	case r.Method == "GET" && !hasSuffix:
		return onV1Model(name, "")
	}
	return unknownPath()
}

const v1Models = "/v1/models/"

// onV1Model is what GET /v1/models/<model> asks for. OpenAI's API has this path too, with
// names of more characters: these are left to the next route.
func onV1Model(name, version string) (operation, reason.Reason) {
	if !isNameSegment(name) && len(name) <= maxName && isFreeSegment(name) && name[0] != '.' {
		return unknownPath()
	}
	return onModel(Ready, name, version)
}

func compileKServeV1(r *Route, v strictjson.Value, in routeContext) {
	s := &server{protocol: "kserve-v1", shortPaths: true, parsePath: kserveV1, isVersion: isSharedVersion}
	o := v.Object("protocol", "prefix", "path", "names", "service", "hosts", "transformers", "serviceHosts", "credentials", "shadow", "lists")
	lists := o.Get("lists")
	s.withoutLists = lists.Exists() && !lists.Bool()
	s.compile(r, o, in, "/v1")
	s.requireService(o)
}
