package inference

import (
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// openAI is the API of OpenAI as vLLM, KServe, Triton and others serve it,
// below /v1 or where "base" says: most calls name their model in the body.
//
// It may stand before several services. Then "models" says where each model is,
// and the name comes from the body, from a routing header, or from KServe's
// public path for it (config/llmisvcconfig/config-llm-router-route.yaml of
// kserve/kserve):
//
//	/publishers/<namespace>/models/<model>/v1/...
type openAI struct {
	*server
	bases []string
	holds bool
}

// openAIKeys are where a body names its model, and where some gateways take
// further ones from (LiteLLM's fallbacks, OpenRouter's models).
var openAIKeys = []scan.Key{
	{Name: "model", ID: idName},
	{Name: "fallbacks", ID: idFurther},
	{Name: "context_window_fallbacks", ID: idFurther},
	{Name: "content_policy_fallbacks", ID: idFurther},
	{Name: "models", ID: idFurther},
	{Name: "model_list", ID: idFurther},
}

// openAICalls are what is posted below the base, with the model in the body.
// Messages is Anthropic's, which vLLM has too.
var openAICalls = map[string]ask{
	"/chat/completions": {verb: Generate, body: &Body{Keys: openAIKeys}},
	"/completions":      {verb: Generate, body: &Body{Keys: openAIKeys}},
	"/responses":        {verb: Generate, body: &Body{Keys: openAIKeys}},
	"/messages":         {verb: Generate, body: &Body{Keys: openAIKeys}},
	"/embeddings":       {verb: Predict, body: &Body{Keys: openAIKeys}},
	"/rerank":           {verb: Predict, body: &Body{Keys: openAIKeys}},
}

func (a *openAI) table(r *parsed, path string) (ask, reason.Reason) {
	for _, base := range a.bases {
		rest, ok := strings.CutPrefix(path, base+"/")
		if !ok || r.GRPC {
			continue
		}
		if call, ok := openAICalls["/"+rest]; ok && r.Method == "POST" {
			return call, reason.Allowed
		}
		name, one := strings.CutPrefix(rest, "models/")
		switch {
		case r.Method == "GET" && rest == "models":
			return ask{verb: List, listing: openAIListing}, reason.Allowed
		case r.Method == "GET" && one && !strings.Contains(name, "/"):
			return ask{verb: Metadata, name: name}.checked()
		}
	}
	return ask{}, reason.PathUnknown
}

func compileOpenAI(r *Route, v strictjson.Value, in surroundings) {
	o := v.Object(append(serverFields, "base", "models", "modelHeader")...)
	a := &openAI{bases: []string{"/v1", "/openai/v1"}, holds: in.holds}
	a.server = &server{protocol: "openai", table: a.table, queries: []string{"api-version"}} // Azure's
	a.compile(r, o, in, "openai")
	if b := o.Get("base"); b.Exists() {
		if a.bases = []string{b.Text()}; !prefixForm(b.Text()) {
			b.Fail(`is a path such as "/v1", without a slash at its end`)
		} else if a.prefix != "" && (within(b.Text(), a.prefix) || within(a.prefix, b.Text())) {
			b.Fail("overlaps with the prefix")
		}
	}
	a.compileHomes(r, o)
	a.somewhere(o)
	r.header, r.match = a.header, a.match
}

// compileHomes reads "models" and "modelHeader".
func (a *openAI) compileHomes(r *Route, o strictjson.Object) {
	models, header := o.Get("models"), o.Get("modelHeader")
	if header.Exists() {
		if a.header = header.Text(); !HeaderName(a.header) {
			header.Fail("is no header in lower case and without underscores")
		} else if !models.Exists() {
			header.Fail(`needs "models"`)
		}
	}
	if !models.Exists() {
		return
	}
	r.native, r.anyHost = false, false
	a.homes = map[string]Model{}
	for _, m := range models.Object().Members {
		if a.homes[m.Name] = compileService(m.Value); !fullName(m.Name) {
			m.Value.Fail("stands under a name that no model can have")
		} else if a.names != nil && a.names.templates[predictor] != nil && a.host(Generate, a.homes[m.Name]) == "" {
			m.Value.Fail(`has no host name by "names"`)
		}
	}
	for alias := range a.aliases {
		if _, ok := a.homes[alias]; ok {
			models.Fail("%q is an alias", alias)
		}
	}
	if o.Get("service").Exists() {
		models.Fail(`stands beside a service`)
	}
	if a.header == "" && a.names == nil {
		models.Fail(`needs "names", or a "modelHeader", which say where its services are`)
	} else if a.header == "" && !a.holds {
		models.Fail(`needs "host": {"holdHeaders": true}: the body decides where a request goes`)
	}
}

// HeaderName reports whether s is a header that the gate may write: lower case
// and without underscores, which servers take for hyphens.
func HeaderName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func (a *openAI) match(r *parsed) (Match, reason.Reason) {
	if a.homes == nil {
		return a.server.match(r)
	}
	if namespace, rest, ok := publisher(strings.TrimPrefix(r.path, "/")); ok {
		return a.published(r, namespace, rest)
	}
	call, why := a.asks(r, r.path)
	switch why {
	case reason.Allowed:
		return a.homed(r, call, r.path, "", "")
	case reason.PathUnknown:
		return a.server.match(r) // behind a prefix
	}
	return Match{}, why
}

// published reads <model>/<path on the server>. A model's name has slashes, so
// that there may be two ways; one of them must be a model that there is.
func (a *openAI) published(r *parsed, namespace, rest string) (m Match, why reason.Reason) {
	why = reason.PathUnknown
	for i := range rest {
		call, known := a.asks(r, rest[i:])
		if known == reason.QueryRefused {
			return Match{}, known
		} else if known != reason.Allowed {
			continue
		}
		n, w := a.homed(r, call, rest[i:], namespace, a.plain(rest[:i]))
		if w == reason.Allowed && why == reason.Allowed {
			return Match{}, reason.ModelInvalid
		}
		if why != reason.Allowed {
			m, why = n, w
		}
	}
	return m, why
}

// homed finds the service by the model that is asked for.
func (a *openAI) homed(r *parsed, call ask, path, namespace, name string) (Match, reason.Reason) {
	m := Match{Authority: r.Authority, Path: path + r.query}
	headerNS, inHeader, why := a.headerNames(r)
	if why != reason.Allowed {
		return Match{}, why
	}
	for _, other := range []string{call.name, inHeader} {
		if other = a.plain(other); name == "" {
			name = other
		} else if other != "" && other != name {
			return Match{}, reason.IdentityConflict
		}
	}
	if namespace == "" {
		namespace = headerNS
	}
	if name == "" && (call.body == nil || !a.holds) {
		return Match{}, reason.ModelMissing
	}
	if name == "" {
		m.open = true
		return a.fill(m, call, a.services())
	}
	home, ok := a.homes[name]
	if !ok || namespace != "" && home.Namespace != namespace {
		return Match{}, reason.GrantMissing // as for a model that is served and not granted
	}
	if call.body != nil {
		m.pinned = name
	}
	m, _ = a.fill(m, call, []Model{home})
	m.place(home, name)
	return m, reason.Allowed
}
