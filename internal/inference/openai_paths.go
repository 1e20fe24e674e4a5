package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
)

// place is where endpoints are: below a base, or below the root of a server.
type place struct {
	prefix string // with a slash at its end
	isBase bool
	left   []declaredPath // to other routes
}

// placesOf returns the places of bases, and of the roots below which those are that end in
// /v1. A base that ends otherwise has no root: what is above it, the server alone knows.
func placesOf(bases []string) (places []place) {
	for _, base := range bases {
		places = append(places, place{prefix: base + "/", isBase: true})
	}
	for _, base := range bases {
		if root, ok := strings.CutSuffix(base, "/v1"); ok {
			places = append(places, place{prefix: root + "/"})
		}
	}
	return places
}

func (a *openAI) parsePath(r *parsedRequest, path string) (operation, reason.Reason) {
	if r.GRPC || path == "/" && !a.isAlone(r.host) {
		return unknownPath()
	}
	for i := range a.places {
		rest, ok := strings.CutPrefix(path, a.places[i].prefix)
		if !ok || a.places[i].leaves(r, path) {
			continue
		}
		if op, why := a.parseAt(r.Method, rest, a.places[i].isBase); why != reason.PathUnknown {
			return op, why
		}
	}
	return unknownPath()
}

// isAlone reports whether a host is that of one server, so that the root of its paths is the
// server's too: Ollama's clients ask there whether it runs.
func (a *openAI) isAlone(host string) bool {
	return a.service != (Model{}) && (a.hosts == nil || slices.Contains(a.hosts, host))
}

// parseAt reads what is below a base, or below a root.
func (a *openAI) parseAt(method, rest string, isBase bool) (operation, reason.Reason) {
	table := atRoot
	if isBase {
		table = atBase
	}
	if e := table[requestLine{method, rest}]; e != nil {
		op := operation{verb: e.verb, body: a.bodies[e.body], listing: e.list, parameters: e.query}
		op.anyQuery = e.verb == Admin // of no model
		return op, reason.Allowed
	}
	gemini, isGemini := strings.CutPrefix(rest, "v1beta/")
	if isGemini && !isBase {
		rest = gemini
	}
	op, why := unknownPath()
	if name, ok := strings.CutPrefix(rest, "models/"); ok {
		op, why = a.parseModel(method, name, isBase)
	} else if name, ok := cutDeployments(rest, isBase); ok {
		op, why = a.parseDeployment(method, name)
	}
	switch {
	case why != reason.PathUnknown:
		return op, why
	case !isBase && isAdministered(rest):
		return operation{verb: Admin, anyQuery: true}, reason.Allowed
	case a.storesObjects && isStored(method, rest):
		return operation{verb: Generate, parameters: storedParameters}, reason.Allowed
	case isUnreadable(rest):
		return operation{}, reason.ModelUnreadable
	}
	return unknownPath()
}

// parseModel reads what follows models/. Names have slashes in them where servers match
// the rest of the path (SGLang, LiteLLM); there TensorFlow Serving has paths of its own.
func (a *openAI) parseModel(method, rest string, isBase bool) (operation, reason.Reason) {
	name, action := rest, ""
	if i := strings.LastIndexAny(rest, ":/"); i >= 0 && method == "POST" {
		name, action = rest[:i], rest[i+1:]
	}
	switch {
	case strings.Contains(name, "/") && (!isBase || isOfTFServing(name)):
		return unknownPath()
	case method == "GET":
		return a.onModelOfPath(Metadata, name)
	case method == "DELETE": // of a model that was made by tuning
		return a.onModelOfPath(Admin, name)
	case isBase && (action == "load" || action == "unload") && rest[len(name)] == '/':
		verb := Load
		if action == "unload" {
			verb = Unload
		}
		op, why := a.onModelOfPath(verb, name)
		op.body = repositoryBody // Triton's OpenAI frontend reads none; what has parameters is about more
		return op, why
	}
	known, ok := geminiActions[action]
	switch {
	case !ok || rest[len(name)] != ':':
		return unknownPath()
	case known.body == noBody:
		return operation{}, reason.ModelUnreadable
	}
	op, why := a.onModelOfPath(known.verb, name)
	op.body, op.parameters = a.bodies[known.body], geminiQuery
	return op, why
}

// onModelOfPath is onModel for a name of any form that a body may have.
func (a *openAI) onModelOfPath(verb Verb, name string) (operation, reason.Reason) {
	if !a.isOwnName(name) {
		return invalidModel()
	}
	return operation{verb: verb, name: name}, reason.Allowed
}

// isOfTFServing reports whether TensorFlow Serving reads what follows models/ as a model and
// something of it.
func isOfTFServing(rest string) bool {
	return strings.HasSuffix(rest, "/metadata") || strings.Contains(rest, "/versions/") || strings.Contains(rest, "/labels/")
}

// cutDeployments returns what follows openai/deployments/ of Azure, or engines/.
func cutDeployments(rest string, isBase bool) (after string, ok bool) {
	if after, ok = strings.CutPrefix(rest, "engines/"); !ok && !isBase {
		after, ok = strings.CutPrefix(rest, "openai/deployments/")
	}
	return after, ok
}

// parseDeployment reads <deployment>/<path below a base>. The deployment is the model. The
// body may name it again.
func (a *openAI) parseDeployment(method, rest string) (operation, reason.Reason) {
	name, call, _ := strings.Cut(rest, "/")
	e := atBase[requestLine{method, call}]
	if e == nil || e.body == noBody {
		return unknownPath()
	}
	op, why := a.onModelOfPath(e.verb, name)
	op.body = a.inPath[e.body]
	return op, why
}

// storedParameters are what the clients ask with about objects that a server keeps.
var storedParameters = []string{
	"include", "include[]", "include%5B%5D", "include_obfuscation", "stream", "starting_after", "after", "limit", "order",
}

// isStored reports whether a request is about one response, or one completion of a chat,
// that the server keeps. Whose it is, and of which model, only the server knows: so the
// route must let bodies address stored objects, and the caller needs a grant on the service
// as a whole.
func isStored(method, rest string) bool {
	rest, isResponse := strings.CutPrefix(rest, "responses/")
	if !isResponse {
		var isChat bool
		if rest, isChat = strings.CutPrefix(rest, "chat/completions/"); !isChat {
			return false
		}
	}
	id, action, _ := strings.Cut(rest, "/")
	if !isNameSegment(id) || strings.HasSuffix(rest, "/") {
		return false
	}
	switch method + " " + action {
	case "GET ", "DELETE ":
		return true
	case "GET input_items", "POST cancel":
		return isResponse
	case "GET messages":
		return !isResponse
	}
	return false
}

// isAdministered reports whether a path is one of administered.
func isAdministered(rest string) bool {
	for _, prefix := range administered {
		if last, ok := strings.CutPrefix(rest, prefix); ok && !strings.Contains(last, "/") {
			return true
		}
	}
	return false
}

// isUnreadable reports whether a path is one of unreadable, or is below it.
func isUnreadable(rest string) bool {
	for i := range unreadable {
		if hasPathPrefix(rest, unreadable[i].path) {
			return true
		}
	}
	return false
}
