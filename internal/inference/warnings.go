package inference

import (
	"slices"
	"strconv"

	"github.com/modelgate/modelgate/internal/phrase"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Warnings describes routes that are valid but rarely meant: two that read the same
// hosts, hosts that mean another service, and those where only the host, which the
// caller writes, says which server is asked; and paths that name a model.
func (rs *Routes) Warnings() strictjson.Problems {
	var list warnings
	for i, r := range rs.routes {
		if r.anyHost && rs.serves == (Model{}) {
			list.add(i, `route %d takes any host and forwards to it: add "hosts" or "names" to say where the model is`, i)
		}
		if r.boundTo != "" {
			list.add(i, "the base of route %d names the model %q: every body must name it too", i, r.boundTo)
		}
		for j := range i {
			if rs.routes[j].overlaps(r) {
				list.add(i, "routes %d and %d read the same hosts; the first decides about credentials and shadow, "+
					"and a caller needs a grant on every service that one of them reads", j, i)
			}
		}
	}
	rs.warnOfHosts(&list)
	rs.warnOfModels(&list)
	rs.warnOfResources(&list)
	if rs.onlyByHost() {
		list.addAt("/routes", `the routes read only the services' own hosts, as at a sidecar, but "serves" is missing: `+
			"a caller who may call another service may call this one under the other's host name")
	}
	return strictjson.Problems(list)
}

// warnings are warnings about routes.
type warnings strictjson.Problems

// add adds one about a route, by its number.
func (w *warnings) add(route int, format string, args ...any) {
	w.addAt("/routes/"+strconv.Itoa(route), format, args...)
}

// addAt adds one about a place, which is a JSON Pointer.
func (w *warnings) addAt(pointer, format string, args ...any) {
	*w = append(*w, strictjson.Problem{Pointer: pointer, Message: phrase.Sprintf(format, args...)})
}

// onlyByHost reports whether nothing but the host, which the caller writes, says
// which service a request is for. Behind one service a caller may write any host.
func (rs *Routes) onlyByHost() (only bool) {
	for _, r := range rs.routes {
		if r.byHost && r.byPath {
			return false
		}
		only = only || r.byHost
	}
	return only && rs.serves == Model{}
}

// ReadsBodies returns the number of the first route whose requests may name their model in
// the body; -1 if there is none.
func (rs *Routes) ReadsBodies() int {
	return slices.IndexFunc(rs.routes, func(r *Route) bool { return r.server != nil && r.match != nil && r.server.protocol != "kserve-v1" })
}
