package inference

import (
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// triton is the Open Inference Protocol as Triton serves it: the patterns of
// src/http_server.cc of triton-inference-server/server, in its order. There the
// statistics of all models hide a model called stats, which is therefore refused.
func triton(r *parsedRequest, path string) (operation, reason.Reason) {
	if r.GRPC {
		return unknownPath()
	}
	line := r.Method + " " + path
	switch line {
	case "GET /v2/models/stats":
		return onServer(Metadata)
	case "GET /v2/models": // Open Inference has it, Triton does not
		return unknownPath()
	case "GET /v2/logging", "POST /v2/logging", "GET /v2/trace/setting", "POST /v2/trace/setting":
		return onServer(Admin)
	}
	if isSharedMemory(line) {
		return onServer(Admin)
	}
	if rest, ok := strings.CutPrefix(line, "POST /v2/repository/"); ok {
		return tritonRepository(rest)
	}
	if rest, ok := strings.CutPrefix(path, "/v2/models/"); ok {
		return tritonModel(r, rest)
	}
	return kserveV2(r, path)
}

// tritonRepository reads [<repository>/]index, and what repositoryModel reads after
// [<repository>/]models/.
func tritonRepository(rest string) (operation, reason.Reason) {
	if repository, after, ok := strings.Cut(rest, "/"); ok && repository != "models" {
		if rest = after; !isNameSegment(repository) {
			return invalidModel()
		}
	}
	if rest == "index" {
		return listsModels(indexListing)
	}
	if model, ok := strings.CutPrefix(rest, "models/"); ok {
		return repositoryModel(model)
	}
	return unknownPath()
}

// tritonModel reads what follows /v2/models/.
func tritonModel(r *parsedRequest, rest string) (operation, reason.Reason) {
	name, version, action := splitModelPath(rest)
	if name == "stats" {
		return invalidModel()
	}
	switch r.Method + " " + action {
	case "POST infer_stream": // MLServer's
		return unknownPath()
	case "GET config", "GET stats":
		return onModel(Metadata, name, version)
	case "GET trace/setting", "POST trace/setting":
		return onModel(Admin, name, version)
	}
	return kserveV2(r, "/v2/models/"+rest)
}

// isSharedMemory reports whether a request line is of /v2/systemsharedmemory
// [/region/<region>]/<action>, or the same of CUDA's. A region belongs to no model:
// a caller who may use one may read and write what every model is asked.
func isSharedMemory(line string) bool {
	method, path, _ := strings.Cut(line, " ")
	rest, ok := strings.CutPrefix(path, "/v2/systemsharedmemory/")
	if !ok {
		rest, ok = strings.CutPrefix(path, "/v2/cudasharedmemory/")
	}
	if region, ofRegion := strings.CutPrefix(rest, "region/"); ofRegion {
		_, rest, _ = strings.Cut(region, "/")
	}
	switch rest {
	case "status":
		return ok && method == "GET"
	case "register", "unregister":
		return ok && method == "POST"
	}
	return false
}

func compileTriton(r *Route, v strictjson.Value, in routeContext) {
	parse := openInference(repositoryFields["triton"]).and(triton)
	compileServer(r, v, in, "/v2", &server{protocol: "triton", parsePath: parse, isVersion: isVersionNumber})
}
