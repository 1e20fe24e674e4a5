package inference

import (
	"maps"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// modelNames says what the names of models in requests mean.
type modelNames struct {
	aliases      map[string]string // other names, by alias
	defaultModel string            // for a request that names none, or "" where it must name one
	services     map[string]Model  // the service of each model; nil where the service is known otherwise
	allServices  []Model           // those of services, each once, sorted, without names of models; never written to
	ownNames     []string          // of the models in services, in alphabetical order
	header       string            // by which a router behind the gate chooses a model, or ""
	publishers   bool              // names may have publishers/<namespace>/models/ before them
	free         bool              // names have the form of isFreeName, else that of isModelName
}

// compile reads "aliases" and "default".
func (n *modelNames) compile(o strictjson.Object) {
	n.aliases = map[string]string{}
	if a := o.Get("aliases"); a.Exists() {
		members := a.Object().Members
		for _, m := range members {
			n.aliases[m.Name] = n.compileModelName(m.Value)
			if !n.isOwnName(m.Name) {
				m.Value.Fail("must have a model's name as its alias, which %q is not", m.Name)
			}
		}
		for _, m := range members {
			if _, chain := n.aliases[n.aliases[m.Name]]; chain {
				m.Value.Fail("must not be an alias itself, which %q is", n.aliases[m.Name])
			}
		}
	}
	if d := o.Get("default"); d.Exists() {
		n.defaultModel = n.compileModelName(d)
	}
}

// compileModelName reads the name of a model inside a service.
func (n *modelNames) compileModelName(v strictjson.Value) string {
	name := v.Text()
	switch {
	case name == "" || n.isOwnName(name): // "" is reported
	case strings.ContainsAny(name, "*?[](){}|^$\\+"):
		v.MustBe("one model's exact name, without a pattern")
	case n.isName(name):
		v.MustBe("a model's own name, without publishers/NAMESPACE/models/")
	case strings.Contains(name, "@"):
		v.MustBe("a model's name, without a version")
	default:
		v.MustBe("a model's name, such as meta-llama/Llama-3.1-8B")
	}
	return name
}

// isName reports whether s may be the name of a model in a request.
func (n *modelNames) isName(s string) bool {
	if n.free {
		return isFreeName(s)
	}
	return isModelName(s)
}

// isOwnName reports whether s may be a model's own name inside a service.
func (n *modelNames) isOwnName(s string) bool {
	_, _, isPublisher := splitPublisherName(s)
	return n.isName(s) && !isPublisher
}

// resolveAlias returns the model's own name.
func (n *modelNames) resolveAlias(name string) string {
	if own, ok := n.aliases[name]; ok {
		return own
	}
	return name
}

// splitPublisherName takes publishers/<namespace>/models/<model> apart, the second
// name that a model of KServe's LLMInferenceService has
// (config/llmisvcconfig/config-llm-router-route.yaml of kserve/kserve).
func splitPublisherName(name string) (namespace, model string, ok bool) {
	rest, ok := strings.CutPrefix(name, "publishers/")
	namespace, rest, _ = strings.Cut(rest, "/")
	model, hasModel := strings.CutPrefix(rest, "models/")
	return namespace, model, ok && hasModel
}

// resolve returns the model that a body or a routing header names by text, and its
// namespace where text has one. ok is false where text is no model's name.
func (n *modelNames) resolve(text string) (namespace, name string, ok bool) {
	name = text
	if ns, model, ok := splitPublisherName(text); ok && n.publishers { // other servers have no such names
		if namespace, name = ns, model; !IsLabel(namespace) {
			return "", "", false
		}
	}
	if !n.isName(name) {
		return "", "", false
	}
	return namespace, n.resolveAlias(name), true
}

// listServices sets allServices, once services is read.
func (n *modelNames) listServices() {
	all := slices.SortedFunc(maps.Values(n.services), func(a, b Model) int { return strings.Compare(a.String(), b.String()) })
	n.allServices = slices.Clip(slices.Compact(all))
}

// agree returns the model that all of the names mean, ignoring empty ones. ok is
// false where two differ.
func (n *modelNames) agree(names ...string) (name string, ok bool) {
	for _, other := range names {
		other = n.resolveAlias(other)
		if name != "" && other != "" && other != name {
			return "", false
		}
		if name == "" {
			name = other
		}
	}
	return name, true
}
