package inference

import (
	"encoding/base64"
	"strings"

	"github.com/modelgate/modelgate/internal/headers"
)

// RoutingHeader is a header by which gateways or servers choose a model, a service or a
// namespace. The gate finds it under every spelling that a server could take for it.
type RoutingHeader struct {
	Kind  headers.Kind
	Name  string // as the request spells it
	Value string
}

// model returns the model's name that a header has. isModel is false if the header names
// something else. ok is false if its value cannot be read.
func (h RoutingHeader) model() (name string, isModel, ok bool) {
	switch h.Kind {
	case headers.Model:
		return h.Value, true, true
	case headers.ModelBase64: // "-bin" in gRPC over HTTP2, with or without its padding
		decoded, err := base64.RawStdEncoding.Strict().DecodeString(strings.TrimRight(h.Value, "="))
		return string(decoded), true, err == nil
	}
	return "", false, true
}

// modelInHeaders returns the model that the routing headers of a request name, and
// "" where there are none. ok is false where they disagree or are no model's name.
func (n *modelNames) modelInHeaders(routing []RoutingHeader) (namespace, name string, ok bool) {
	for _, h := range routing {
		value, isModel, ok := h.model()
		if !isModel {
			continue
		}
		ns, model, valid := n.resolve(value)
		if !ok || !valid || name != "" && model != name || ns != "" && namespace != "" && ns != namespace {
			return "", "", false
		}
		if name = model; ns != "" {
			namespace = ns
		}
	}
	return namespace, name, true
}

// checkRoutingHeaders reports whether the routing headers agree with the call. A
// client that sends one expects that it is used. The gate removes all of them, but
// for the one that it writes itself. Where the body is to name the model, it must
// name the one in the headers.
func (m *Match) checkRoutingHeaders(routing []RoutingHeader) bool {
	if len(routing) == 0 {
		return true
	}
	n := &modelNames{}
	if m.server != nil {
		n = &m.server.modelNames
	}
	namespace, name, ok := n.modelInHeaders(routing)
	if !ok || !m.checkServiceHeaders(routing) {
		return false
	}
	if name == "" {
		return true
	}
	if m.Body != nil {
		if m.pinned != "" && m.pinned != name {
			return false
		}
		m.pinned = name
	}
	return m.anyModel(func(x *Model) bool {
		return (x.Name == name || x.Name == "") && (namespace == "" || x.Namespace == namespace)
	})
}

// checkServiceHeaders reports whether the headers by which a KServe gateway chooses
// an InferenceService agree with the call.
func (m *Match) checkServiceHeaders(routing []RoutingHeader) bool {
	for _, h := range routing {
		switch h.Kind {
		case headers.Service:
			if !m.anyModel(func(x *Model) bool { return x.Service == h.Value }) {
				return false
			}
		case headers.Namespace:
			if !m.anyModel(func(x *Model) bool { return x.Namespace == h.Value }) {
				return false
			}
		}
	}
	return true
}

// anyModel reports whether a condition holds for one of the call's models.
func (m *Match) anyModel(condition func(*Model) bool) bool {
	for i := range m.Call.Models {
		if condition(&m.Call.Models[i]) {
			return true
		}
	}
	return false
}
