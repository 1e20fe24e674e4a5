package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/headers"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// matchByModel matches a request for one of several services, of which "models"
// says where each model is. The model's name comes from the body, from a routing
// header, or from KServe's public path for it
// (config/llmisvcconfig/config-llm-router-route.yaml of kserve/kserve):
//
//	/publishers/<namespace>/models/<model>/v1/...
func (a *openAI) matchByModel(r *parsedRequest) (Match, reason.Reason) {
	if namespace, rest, ok := splitPublisherName(strings.TrimPrefix(r.path, "/")); ok {
		return a.matchPublisherPath(r, namespace, rest)
	}
	op, why := a.parseOperation(r, r.path)
	switch why {
	case reason.Allowed:
		return a.routeByModel(r, op, r.path, "", "")
	case reason.PathUnknown, reason.ModelUnreadable:
		return a.server.match(r) // behind a prefix
	}
	return Match{}, why
}

// matchPublisherPath reads <model>/<path on the server>. A model's name may contain
// slashes, so that several splits can be valid. A request that two models match is
// refused.
func (a *openAI) matchPublisherPath(r *parsedRequest, namespace, rest string) (Match, reason.Reason) {
	match, why := Match{}, reason.PathUnknown
	for i := 0; i < len(rest) && i <= maxName; i++ {
		if rest[i] != '/' {
			continue // no path begins here
		}
		op, known := a.parseOperation(r, rest[i:])
		switch known {
		case reason.Allowed:
		case reason.QueryRefused, reason.QueryToken:
			return Match{}, known
		case reason.ModelUnreadable:
			if why == reason.PathUnknown {
				why = known
			}
			continue
		default:
			continue
		}
		m, refusal := a.routeByModel(r, op, rest[i:], namespace, rest[:i])
		switch found := why == reason.Allowed; {
		case refusal == reason.Allowed && found:
			return Match{}, reason.ModelInvalid
		case !found:
			match, why = m, refusal
		}
	}
	return match, why
}

// routeByModel finds the service of the model that a request asks for. namespace
// and name are those in the path, or "".
func (a *openAI) routeByModel(r *parsedRequest, op operation, path, namespace, name string) (Match, reason.Reason) {
	headerNamespace, headerName, ok := a.modelInHeaders(r.Routing)
	if !ok {
		r.blameRouting(nil, reason.IdentityConflict)
		return Match{}, reason.IdentityConflict
	}
	if name, ok = a.agree(name, op.name, headerName); !ok {
		if headerName != "" {
			r.blameRouting(nil, reason.IdentityConflict)
		}
		return Match{}, reason.IdentityConflict
	}
	if namespace == "" {
		namespace = headerNamespace
	}
	path += r.query
	if name == "" {
		listed := op.listing != nil && op.listing.answer != nil && r.Method == "GET"
		if !listed && (op.body == nil || !a.holdHeaders) {
			return Match{}, reason.ModelMissing
		}
		m := a.matchFor(op, a.allServices, r.Authority, path)
		m.deferred, m.listed = true, listed
		return m, reason.Allowed
	}
	service, ok := a.services[name]
	if !ok || namespace != "" && service.Namespace != namespace {
		r.blame("model", `must be one that "models" of the route lists, in its namespace`, name)
		return Match{}, reason.GrantMissing // the answer for a model that is served but not granted
	}
	m := a.matchFor(op, []Model{service}, r.Authority, path)
	if m.byModel = true; op.body != nil {
		m.pinned = name
	}
	m.setDestination(service, name)
	return m, reason.Allowed
}

// setDestination sends a match to the service of a model.
func (m *Match) setDestination(service Model, name string) {
	if s := m.server; s.names != nil {
		m.Authority = s.host(m.Call.Verb, service)
	}
	if m.server.header != "" {
		m.Header = [2]string{m.server.header, "publishers/" + service.Namespace + "/models/" + name}
	}
}

// compileModelHeader reads the header by which a router behind the gate chooses.
func (a *openAI) compileModelHeader(o strictjson.Object) {
	header := o.Get("modelHeader")
	if !header.Exists() {
		return
	}
	a.header = header.Text()
	switch kind := headers.KindOf(a.header); {
	case a.header == "": // reported
	case !IsHeaderName(a.header):
		header.MustBe("a header's name in lower case, of letters, digits and hyphens")
	case kind != headers.Unknown && kind != headers.Model:
		header.Fail("must not be a header that %s; got %q", kind, a.header)
	}
	if !o.Get("models").Exists() {
		header.Fail(`needs "models"`)
	}
}

// compileServices reads "models".
func (a *openAI) compileServices(o strictjson.Object) {
	models := o.Get("models")
	a.services = map[string]Model{}
	for _, m := range models.Object().Members {
		service := compileServiceName(m.Value)
		a.services[m.Name] = service
		a.ownNames = append(a.ownNames, m.Name)
		switch {
		case !a.isOwnName(m.Name):
			m.Value.Fail("must be under a model's name, which %q is not", m.Name)
		case IsLabel(service.Service) && a.names != nil && a.names.templates[predictor] != nil && a.host(Generate, service) == "":
			m.Value.Fail(`must have a host name by "names", of labels of at most 63 bytes each and at most 253 in all; got %q`, m.Value.JSON().Str)
		}
		if _, isAlias := a.aliases[m.Name]; isAlias {
			m.Value.Fail("must not be under an alias, which %q is", m.Name)
		}
	}
	slices.Sort(a.ownNames)
	a.listServices()
	switch {
	case a.header == "" && a.names == nil:
		models.Fail(`needs "names" or "modelHeader", which say where its services are`)
	case a.header == "" && !a.holdHeaders:
		models.Fail(`needs "host": {"holdHeaders": true}, because the body decides where a request goes`)
	}
	if o.Get("service").Exists() {
		models.Fail(`must not be there beside "service"`)
	}
}
