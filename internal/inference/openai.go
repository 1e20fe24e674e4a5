package inference

import (
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// openAI is the API of OpenAI as vLLM, KServe, Triton and others serve it, below
// /v1 or where "base" says. Most calls name their model in the body. See
// routeByModel for a route to several services.
type openAI struct {
	*server
	bases         []string             // of the paths
	calls         map[string]operation // by the path below a base
	inBase        baseModel
	storesObjects bool // see isStoredResponse
	holdHeaders   bool // see routeContext
}

// openAIKeys are where a body names its model. bodyKeys says which others are refused.
var openAIKeys = []scan.Key{{Name: "model", ID: idName}}

// openAICalls returns the paths below the base to which a client posts a body that
// names the model. Messages is Anthropic's, which vLLM also serves.
func openAICalls(k *bodyKeys) map[string]operation {
	body, response := &Body{Keys: openAIKeys, Refuses: k.refuses}, &Body{Keys: openAIKeys, Refuses: k.refusesInResponse}
	return map[string]operation{
		"chat/completions": {verb: Generate, body: body},
		"completions":      {verb: Generate, body: body},
		"responses":        {verb: Generate, body: response},
		"messages":         {verb: Generate, body: body},
		"embeddings":       {verb: Predict, body: body},
		"rerank":           {verb: Predict, body: body},
	}
}

// maxCallSegments is the number of segments that a path has at most below its base.
const maxCallSegments = 4

func (a *openAI) parsePath(r *parsedRequest, path string) (operation, reason.Reason) {
	for _, base := range a.bases {
		rest, ok := strings.CutPrefix(path, base+"/")
		if !ok || r.GRPC {
			continue
		}
		if op, ok := a.calls[rest]; ok && r.Method == "POST" {
			return op, reason.Allowed
		}
		name, one := strings.CutPrefix(rest, "models/")
		switch {
		case r.Method == "GET" && rest == "models":
			return listsModels(modelsListing)
		case r.Method == "GET" && one && !a.isOwnName(name):
			return invalidModel()
		case r.Method == "GET" && one:
			return operation{verb: Metadata, name: name}, reason.Allowed
		case a.storesObjects && isStoredResponse(r.Method, rest):
			return onServer(Generate)
		}
	}
	return unknownPath()
}

// isStoredResponse reports whether a request is about one response that the server
// keeps (OpenAI's Responses API, vLLM). Whose it is, and of which model, only the
// server knows: so the route must let bodies address stored objects, and the caller
// needs a grant on the service as a whole.
func isStoredResponse(method, rest string) bool {
	rest, ok := strings.CutPrefix(rest, "responses/")
	id, action, _ := strings.Cut(rest, "/")
	if !ok || !isNameSegment(id) || strings.HasSuffix(rest, "/") {
		return false
	}
	switch method + " " + action {
	case "GET ", "DELETE ", "GET input_items", "POST cancel":
		return true
	}
	return false
}

func (a *openAI) match(r *parsedRequest) (m Match, why reason.Reason) {
	if a.services == nil {
		m, why = a.server.match(r)
	} else {
		m, why = a.matchByModel(r)
	}
	if why == reason.Allowed {
		why = m.answer(m.bind(a.inBase))
	}
	return m, why
}

func compileOpenAI(r *Route, v strictjson.Value, in routeContext) {
	o := v.Object(append(serverFields, "base", "models", "modelHeader", "bodyKeys", "storedObjects")...)
	a := &openAI{bases: []string{"/v1", "/openai/v1"}, holdHeaders: in.holdHeaders}
	a.server = &server{protocol: "openai", parsePath: a.parsePath, isVersion: isSharedVersion}
	a.parameters = []string{"api-version"} // Azure's
	a.publishers, a.free = true, true
	a.compile(r, o, in, "openai")
	keys := compileBodyKeys(o)
	a.calls, a.storesObjects = openAICalls(keys), keys.stored
	a.compileModelHeader(o)
	if o.Get("models").Exists() {
		r.byHost, r.anyHost = false, false
		a.compileServices(o)
	}
	if base := o.Get("base"); base.Exists() {
		a.compileBase(base)
	}
	a.requireService(o)
	r.header, r.match, r.boundTo = a.header, a.match, a.inBase.name
}
