package importer

import (
	"slices"
	"strings"
)

// The facts about LiteLLM's proxy are from BerriAI/litellm: docs/my-website/docs/proxy
// (config_settings, reliability, wildcard_routing).

func isLiteLLM(v value) bool { return v.get("model_list").isArray() }

// readLiteLLM reads the configuration of a LiteLLM proxy, which stays behind the gate.
func (s *session) readLiteLLM(list []value) error {
	l := modelList{service: s.server("default/litellm"), base: "/v1"}
	for _, v := range list {
		for _, m := range v.get("model_list").items() {
			s.liteLLMModel(&l, m)
		}
		s.liteLLMAliases(&l, v.get("router_settings").get("model_group_alias"))
		s.liteLLMSettings(v)
	}
	return s.addModels(list[0].get("model_list"), l)
}

// liteLLMModel reads an item of the list. Several with one name are one model.
func (s *session) liteLLMModel(l *modelList, m value) {
	name := m.get("model_name")
	pattern, star := strings.CutSuffix(name.text(), "*")
	switch {
	case slices.Contains(l.names, name.text()):
		return
	case name.text() == "*":
	case star && (pattern == "" || !isModelName(pattern+"a")), !star && !isModelName(name.text()):
		s.leftOut(name, "%q is no name that the gate reads: give the model another model_name", name.text())
		return
	}
	if groups := m.get("model_info").get("access_groups"); len(groups.items()) > 0 {
		s.remark(groups, "LiteLLM's keys have these groups, and are not read: a grant names who may use the model")
	}
	l.names = append(l.names, name.text())
}

// liteLLMAliases reads other names of models.
func (s *session) liteLLMAliases(l *modelList, v value) {
	for _, f := range v.fields() {
		model := f.value.text()
		if f.value.isObject() {
			model = f.value.get("model").text()
		}
		if !isModelName(f.name) || !isModelName(model) || f.name == model {
			s.leftOut(f.value, "the alias %q of %q has a name that the gate does not read", f.name, model)
			continue
		}
		if l.aliases == nil {
			l.aliases = map[string]string{}
		}
		l.aliases[f.name] = model
	}
}

// liteLLMSettings says what of the other settings the gate does not do.
func (s *session) liteLLMSettings(v value) {
	general := v.get("general_settings")
	for _, name := range []string{"master_key", "enable_jwt_auth", "custom_auth", "public_routes", "allowed_routes"} {
		if setting := general.get(name); setting.exists() {
			s.remark(setting, "who may call is up to the gate's issuers and grants: LiteLLM's own keys are not read")
		}
	}
	if paths := general.get("pass_through_endpoints"); paths.exists() {
		s.leftOut(paths, "a path that passes a request through names no model: declare it as a resource of a route with the protocol http")
	}
	for _, section := range []string{"litellm_settings", "router_settings"} {
		for _, name := range []string{"fallbacks", "default_fallbacks", "context_window_fallbacks", "content_policy_fallbacks"} {
			if setting := v.get(section).get(name); setting.exists() {
				s.remark(setting, "LiteLLM answers from another model than the one that was asked for and granted")
			}
		}
	}
}
