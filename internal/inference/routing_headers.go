package inference

// isRoutingHeader reports whether gateways or servers choose a model by a header.
func (n *modelNames) isRoutingHeader(header string) bool {
	switch header {
	case "x-gateway-model-name", "x-higress-llm-model", "mm-model-id", "mm-vmodel-id":
		return true
	}
	return n.header != "" && header == n.header
}

// modelInHeaders returns the model that the routing headers of a request name, and
// "" where there are none. ok is false where they disagree or are no model's name.
func (n *modelNames) modelInHeaders(headers [][2]string) (namespace, name string, ok bool) {
	for i := range headers {
		if !n.isRoutingHeader(headers[i][0]) {
			continue
		}
		ns, model, ok := n.resolve(headers[i][1])
		if !ok || name != "" && model != name || ns != "" && namespace != "" && ns != namespace {
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
func (m *Match) checkRoutingHeaders(headers [][2]string) bool {
	n := &modelNames{}
	if m.server != nil {
		n = &m.server.modelNames
	}
	namespace, name, ok := n.modelInHeaders(headers)
	if !ok || !m.checkServiceHeaders(headers) {
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
func (m *Match) checkServiceHeaders(headers [][2]string) bool {
	for i := range headers {
		value := headers[i][1]
		switch headers[i][0] {
		case "kserve-isvc-name":
			if !m.anyModel(func(x *Model) bool { return x.Service == value }) {
				return false
			}
		case "kserve-isvc-namespace":
			if !m.anyModel(func(x *Model) bool { return x.Namespace == value }) {
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
