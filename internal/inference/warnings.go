package inference

import (
	"slices"

	"github.com/modelgate/modelgate/internal/phrase"
)

// Warnings describes routes that are valid but rarely meant: two that read the same
// hosts, hosts that mean another service, and those where only the host, which the
// caller writes, says which server is asked; and paths that name a model.
func (rs *Routes) Warnings() (list []string) {
	for i, r := range rs.routes {
		if r.anyHost && rs.serves == (Model{}) {
			list = append(list, phrase.Sprintf(
				`route %d takes any host and forwards to it: add "hosts" or "names" to say where the model is`, i))
		}
		if r.boundTo != "" {
			list = append(list, phrase.Sprintf("the base of route %d names the model %q: every body must name it too", i, r.boundTo))
		}
		for j := range i {
			if rs.routes[j].overlaps(r) {
				list = append(list, phrase.Sprintf(
					"routes %d and %d read the same hosts; the first decides about credentials and shadow, "+
						"and a caller needs a grant on every service that one of them reads", j, i))
			}
		}
	}
	list = append(append(list, rs.hostWarnings()...), append(rs.modelWarnings(), rs.resourceWarnings()...)...)
	if rs.onlyByHost() {
		list = append(list, `the routes read only the services' own hosts, as at a sidecar, but "serves" is missing: `+
			"a caller who may call another service may call this one under the other's host name")
	}
	return list
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
