package importer

import (
	"cmp"
	"slices"
	"strings"
)

// The facts about Envoy AI Gateway are from envoyproxy/ai-gateway: api/v1alpha1.

func isAIGateway(v value) bool {
	return strings.HasPrefix(v.get("apiVersion").text(), "aigateway.envoyproxy.io/")
}

// modelHeader is the header by which a route of Envoy AI Gateway chooses, which it reads from
// the body itself.
const modelHeader = "x-ai-eg-model"

// readAIGateway reads the models of routes. The gateway stays behind the gate.
func (s *session) readAIGateway(list []value) error {
	var routes []value
	for _, v := range list {
		switch kind := v.get("kind").text(); kind {
		case "AIGatewayRoute":
			routes = append(routes, v)
		case "AIServiceBackend":
			s.backend(v)
		default:
			s.remark(v, "%s %s stays the gateway's", kind, v.get("metadata").get("name").text())
		}
	}
	if routes == nil {
		return list[0].problem("must be an AIGatewayRoute, which has models; got %s", list[0].get("kind").text())
	}
	gateway := routes[0].get("spec").get("parentRefs")
	l := modelList{service: s.server(gatewayOf(routes[0]))}
	for _, v := range routes {
		if other := gatewayOf(v); s.options.Service == "" && other != l.service {
			return v.get("spec").problem("must be a route of the gateway %s as the others, or --service must name the gateway; got %s",
				l.service, other)
		}
		for _, rule := range v.get("spec").get("rules").items() {
			s.gatewayRule(&l, rule)
		}
	}
	return s.addModels(gateway, l)
}

// gatewayOf returns the gateway of a route.
func gatewayOf(v value) string {
	namespace := cmp.Or(v.get("metadata").get("namespace").text(), "default")
	if parents := v.get("spec").get("parentRefs").items(); len(parents) > 0 {
		return cmp.Or(parents[0].get("namespace").text(), namespace) + "/" + parents[0].get("name").text()
	}
	return namespace + "/ai-gateway"
}

// backend says what of a backend the gate does not do.
func (s *session) backend(v value) {
	schema := v.get("spec").get("schema").get("name").text()
	s.remark(v, "AIServiceBackend %s (%s) stays the gateway's: it translates requests and adds the provider's credential",
		v.get("metadata").get("name").text(), schema)
}

// gatewayRule reads the models of a rule.
func (s *session) gatewayRule(l *modelList, v value) {
	matches := v.get("matches").items()
	if len(matches) == 0 {
		s.leftOut(v, "the rule has no model: it takes requests for any, and a grant needs a name")
	}
	for _, m := range matches {
		model := ""
		for _, h := range m.get("headers").items() {
			switch {
			case !strings.EqualFold(h.get("name").text(), modelHeader):
				s.remark(h, "the gateway chooses by the header %q too, and the gate does not compare it", h.get("name").text())
			case h.get("type").exists() && h.get("type").text() != "Exact":
				s.leftOut(h, "%q is a pattern of models, which the gate compares by name", h.get("value").text())
			case !isModelName(h.get("value").text()):
				s.leftOut(h, "%q is no name that the gate reads", h.get("value").text())
			default:
				model = h.get("value").text()
			}
		}
		if model != "" && !slices.Contains(l.names, model) {
			l.names = append(l.names, model)
		}
	}
}
