package inference

import (
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
)

// triton is the Open Inference Protocol as Triton serves it: the patterns of
// src/http_server.cc of triton-inference-server/server, in its order. A model
// called stats is hidden by the statistics of all models there, and refused.
func triton(r *parsed, path string) (ask, reason.Reason) {
	if r.GRPC {
		return ask{}, reason.PathUnknown
	}
	line := r.Method + " " + path
	switch line {
	case "GET /v2/models/stats":
		return ask{verb: Metadata}, reason.Allowed
	case "GET /v2/models": // Open Inference has it, Triton does not
		return ask{}, reason.PathUnknown
	case "GET /v2/logging", "POST /v2/logging", "GET /v2/trace/setting", "POST /v2/trace/setting":
		return ask{verb: Admin}, reason.Allowed
	}
	if sharedMemory(line) {
		return ask{verb: Admin}, reason.Allowed
	}
	if rest, ok := strings.CutPrefix(line, "POST /v2/repository/"); ok {
		if repository, rest2, named := strings.Cut(rest, "/"); named && repository != "models" {
			if rest = rest2; !modelName(repository) {
				return ask{}, reason.ModelInvalid
			}
		}
		if rest == "index" {
			return ask{verb: List, listing: indexListing}, reason.Allowed
		}
		if rest, ok := strings.CutPrefix(rest, "models/"); ok {
			return repositoryModel(rest)
		}
		return ask{}, reason.PathUnknown
	}
	rest, ok := strings.CutPrefix(path, "/v2/models/")
	if !ok {
		return kserveV2(r, path)
	}
	a, action := modelAndVersion(rest)
	switch {
	case a.name == "stats", a.version != "" && !digits(a.version):
		return ask{}, reason.ModelInvalid
	case r.Method == "GET" && (action == "config" || action == "stats"):
		a.verb = Metadata
	case (r.Method == "GET" || r.Method == "POST") && action == "trace/setting":
		a.verb = Admin
	default:
		return kserveV2(r, path)
	}
	return a.checked()
}

// sharedMemory knows /v2/systemsharedmemory[/region/<region>]/<action> and the
// same of CUDA's. A region belongs to no model: whoever may touch one may read
// and write what every model is asked.
func sharedMemory(line string) bool {
	method, path, _ := strings.Cut(line, " ")
	rest, ok := strings.CutPrefix(path, "/v2/systemsharedmemory/")
	if !ok {
		rest, ok = strings.CutPrefix(path, "/v2/cudasharedmemory/")
	}
	if region, named := strings.CutPrefix(rest, "region/"); named {
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

var compileTriton = serve("triton", "/v2", openInference(repositoryFields["triton"]).or(triton))
