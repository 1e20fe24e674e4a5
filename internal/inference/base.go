package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// baseModel is the model that "base" names, and its namespace if base has one. The
// server behind such a path may run this model whatever the body says, as Azure
// OpenAI does with /openai/deployments/<deployment>.
type baseModel struct{ namespace, name string }

// compileBase reads "base", below which the protocol's paths are.
func (a *openAI) compileBase(v strictjson.Value) {
	base := v.Text()
	switch a.bases = []string{base}; {
	case base == "": // reported
	case !isBase(base):
		mustBePathPrefix(v, "/v1")
	case a.prefix != "" && (hasPathPrefix(base, a.prefix) || hasPathPrefix(a.prefix, base)):
		v.Fail("must not overlap with the prefix %q; got %q", a.prefix, base)
	default:
		a.inBase = a.modelInBase(strings.Split(base[1:], "/"))
	}
}

// modelInBase finds the model in the segments of a base: what follows models,
// deployments or engines, without the name and the version of the API; else a name
// that the route knows.
func (a *openAI) modelInBase(segments []string) (found baseModel) {
	for i, segment := range segments {
		if segment != "models" && segment != "deployments" && segment != "engines" {
			continue
		}
		name := strings.Join(withoutAPI(segments[i+1:]), "/")
		if a.isName(name) {
			found = baseModel{name: a.resolveAlias(name)}
			if segment == "models" && i >= 2 && segments[i-2] == "publishers" {
				found.namespace = segments[i-1]
			}
			return found
		}
	}
	for length := len(segments); length > 0; length-- {
		for i := range len(segments) - length + 1 {
			if name := strings.Join(segments[i:i+length], "/"); a.knows(name) {
				return baseModel{name: a.resolveAlias(name)}
			}
		}
	}
	return baseModel{}
}

// withoutAPI cuts off the last segments of a base that are no part of a name: openai,
// and versions such as v1.
func withoutAPI(segments []string) []string {
	for len(segments) > 0 {
		last := segments[len(segments)-1]
		version, isVersion := strings.CutPrefix(last, "v")
		if last != "openai" && !(isVersion && isNumber(version)) {
			break
		}
		segments = segments[:len(segments)-1]
	}
	return segments
}

// knows reports whether the route's fields name a model, or an alias.
func (n *modelNames) knows(name string) bool {
	_, isAlias := n.aliases[name]
	_, isModel := n.services[name]
	own := false
	for _, model := range n.aliases {
		own = own || model == name
	}
	return isAlias || isModel || own || name == n.defaultModel
}

// bind compares a match with the model in the base of its path. The body must name
// that one.
func (m *Match) bind(base baseModel) reason.Reason {
	if base.name == "" || m.Listing != nil {
		return reason.Allowed
	}
	differs := func(x Model) bool {
		return x.Name != "" && x.Name != base.name || !m.deferred && base.namespace != "" && x.Namespace != base.namespace
	}
	if slices.ContainsFunc(m.Call.Models, differs) || m.pinned != "" && m.pinned != base.name {
		return reason.IdentityConflict
	}
	if m.Body != nil {
		m.pinned = base.name
	}
	return reason.Allowed
}
