package inference

import (
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// openAI is the API of OpenAI as vLLM, KServe, Triton and others serve it, below
// /v1 or where "base" says. Most calls name their model in the body. See
// routeByModel for a route to several services.
type openAI struct {
	*server
	bases         []string // of the paths
	places        []place
	bodies        [bodyForms]*Body // see openAIBodies
	inPath        [bodyForms]*Body // those of requests whose path has named the model
	inBase        baseModel
	storesObjects bool // see isStored
	holdHeaders   bool // see routeContext
}

// openAIKeys are where a body names its model. bodyKeys says which others are refused.
var openAIKeys = []scan.Key{{Name: "model", ID: idName}}

func (a *openAI) match(r *parsedRequest) (m Match, why reason.Reason) {
	if a.services == nil {
		m, why = a.server.match(r)
	} else {
		m, why = a.matchByModel(r)
	}
	if why == reason.Allowed {
		why = m.bind(a.inBase)
		r.hide(why)
		why = m.answer(why)
	}
	return m, why
}

func compileOpenAI(r *Route, v strictjson.Value, in routeContext) {
	o := v.Object(append(serverFields, "base", "models", "modelHeader", "bodyKeys", "storedObjects")...)
	a := &openAI{bases: []string{"/v1", "/openai/v1"}, holdHeaders: in.holdHeaders}
	a.server = &server{protocol: "openai", parsePath: a.parsePath, isVersion: isSharedVersion}
	a.parameters = []string{"api-version", "beta"} // Azure's, and what the clients of Anthropic and OpenAI send
	a.publishers, a.free = true, true
	a.compile(r, o, in, "openai")
	keys := compileBodyKeys(o)
	a.storesObjects = keys.stored
	a.setBodies(keys)
	a.compileModelHeader(o)
	if o.Get("models").Exists() {
		r.byHost, r.anyHost = false, false
		a.compileServices(o)
	}
	if base := o.Get("base"); base.Exists() {
		a.compileBase(base)
		r.base = base.JSON().Str
	}
	a.places = placesOf(a.bases)
	a.requireService(o)
	r.openAI, r.header, r.match, r.boundTo = a, a.header, a.match, a.inBase.name
}
