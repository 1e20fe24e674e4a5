package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// naming is what the names of models in requests mean.
type naming struct {
	aliases map[string]string // another name of a model
	absent  string            // the model that no name means, or "" where one is needed
	homes   map[string]Model  // where each model is served; nil where the service is known without
	header  string            // by which a router behind the gate chooses, or ""
}

func (n *naming) compile(o strictjson.Object) {
	n.aliases = map[string]string{}
	if a := o.Get("aliases"); a.Exists() {
		members := a.Object().Members
		for _, m := range members {
			if n.aliases[m.Name] = m.Value.Text(); !fullName(m.Name) || !fullName(n.aliases[m.Name]) {
				m.Value.Fail("is the name of a model, under another such name")
			}
		}
		for _, m := range members {
			if _, chain := n.aliases[n.aliases[m.Name]]; chain {
				m.Value.Fail("is itself an alias")
			}
		}
	}
	if d := o.Get("default"); d.Exists() {
		if n.absent = d.Text(); !fullName(n.absent) {
			d.Fail("is the name of a model")
		}
	}
}

// fullName reports whether s may be the name of a model inside a service, whose
// parts are separated by '/'.
func fullName(s string) bool {
	for part := range strings.SplitSeq(s, "/") {
		if !modelName(part) {
			return false
		}
	}
	return len(s) <= maxName
}

// plain is the model's own name.
func (n *naming) plain(name string) string {
	if plain, ok := n.aliases[name]; ok {
		return plain
	}
	return name
}

// publisher takes publishers/<namespace>/models/<model> apart, as which KServe's
// LLMInferenceService knows its models besides their plain names
// (config/llmisvcconfig/config-llm-router-route.yaml of kserve/kserve).
func publisher(name string) (namespace, model string, ok bool) {
	rest, ok := strings.CutPrefix(name, "publishers/")
	namespace, rest, _ = strings.Cut(rest, "/")
	model, ok2 := strings.CutPrefix(rest, "models/")
	return namespace, model, ok && ok2
}

// canonical reads a name that stands in a body or a routing header. The
// namespace is "" where the name has none.
func (n *naming) canonical(text string) (namespace, name string, why reason.Reason) {
	name = text
	if ns, model, ok := publisher(text); ok && n.homes != nil { // another server takes it as it stands
		namespace, name = ns, model
		if !Label(namespace) {
			return "", "", reason.ModelInvalid
		}
	}
	if !fullName(name) {
		return "", "", reason.ModelInvalid
	}
	return namespace, n.plain(name), reason.Allowed
}

// services are those of the homes, each once and in order, without names.
func (n *naming) services() (list []Model) {
	for _, home := range n.homes {
		at, known := slices.BinarySearchFunc(list, home, func(a, b Model) int { return strings.Compare(a.String(), b.String()) })
		if !known {
			list = slices.Insert(list, at, home)
		}
	}
	return list
}

// place sends a match to the home of a model.
func (m *Match) place(home Model, name string) {
	if s := m.server; s.names != nil {
		m.Authority = s.host(m.Call.Verb, home)
	}
	if m.server.header != "" {
		m.Header = [2]string{m.server.header, "publishers/" + home.Namespace + "/models/" + name}
	}
}

// routedBy are headers by which gateways and servers choose a model.
func (n *naming) routedBy(header string) bool {
	switch header {
	case "x-gateway-model-name", "x-higress-llm-model", "mm-model-id", "mm-vmodel-id":
		return true
	}
	return n.header != "" && header == n.header
}

// headerNames is the model that the routing headers of a request name, "" where
// there are none. They must agree with each other.
func (n *naming) headerNames(r *parsed) (namespace, name string, why reason.Reason) {
	for i := range r.Headers {
		if !n.routedBy(r.Headers[i][0]) {
			continue
		}
		ns, model, why := n.canonical(r.Headers[i][1])
		if why != reason.Allowed || name != "" && model != name || ns != "" && namespace != "" && ns != namespace {
			return "", "", reason.IdentityConflict
		}
		if name = model; ns != "" {
			namespace = ns
		}
	}
	return namespace, name, reason.Allowed
}

// headersAgree holds what routing headers say to the call. What the body is to
// name is pinned to it. None of them goes on, but for one that the gate writes:
// a client that sends one expects it to count.
func headersAgree(r *parsed, m *Match) reason.Reason {
	n := &naming{}
	if m.server != nil {
		n = &m.server.naming
	}
	namespace, name, why := n.headerNames(r)
	if why != reason.Allowed {
		return why
	}
	for i := range r.Headers {
		switch r.Headers[i][0] {
		case "kserve-isvc-name":
			why = holds(m.Call.Models, func(x *Model) bool { return x.Service == r.Headers[i][1] })
		case "kserve-isvc-namespace":
			why = holds(m.Call.Models, func(x *Model) bool { return x.Namespace == r.Headers[i][1] })
		}
		if why != reason.Allowed {
			return why
		}
	}
	if name == "" {
		return reason.Allowed
	}
	if m.Body != nil {
		if m.pinned != "" && m.pinned != name {
			return reason.IdentityConflict
		}
		m.pinned = name
	}
	return holds(m.Call.Models, func(x *Model) bool {
		return (x.Name == name || x.Name == "") && (namespace == "" || x.Namespace == namespace)
	})
}

// holds wants one of the readings to be so.
func holds(models []Model, so func(*Model) bool) reason.Reason {
	for i := range models {
		if so(&models[i]) {
			return reason.Allowed
		}
	}
	return reason.IdentityConflict
}
