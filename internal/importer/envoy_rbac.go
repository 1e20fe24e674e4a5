package importer

import (
	"fmt"
)

// rbacFields are those of a filter that are known.
var rbacFields = []string{
	"@type", "rules", "matcher", "shadow_rules", "shadow_matcher", "shadow_rules_stat_prefix", "rules_stat_prefix", "track_per_rule_stats",
}

// rbac reads an RBAC filter. It adds a list of rules that allow, or rules that deny.
func (r *envoyReader) rbac(v value) error {
	if matcher := v.get("matcher"); matcher.exists() {
		return matcher.problem("must not be there: the rules of a matcher are not read")
	}
	for _, name := range []string{"shadow_rules", "shadow_matcher"} {
		if shadow := v.get(name); shadow.exists() {
			r.remark(shadow, "allows and denies nothing")
		}
	}
	rules := v.get("rules")
	odd := append(v.others(rbacFields...), rules.others("action", "policies", "audit_logging_options")...)
	if len(odd) > 0 {
		return odd[0].value.problem("must be a field of RBAC that is known; got %q", odd[0].name)
	}
	if !rules.exists() {
		return nil // as in Envoy
	}
	var list []sourceRule
	for _, f := range rules.get("policies").fields() {
		list = append(list, sourceRule{f.value, f.name, r.policy(f.value)})
	}
	switch action := rules.get("action").scalar(); action {
	case "", "ALLOW", "0":
		r.program.allow = append(r.program.allow, list)
	case "DENY", "1":
		r.program.denies = append(r.program.denies, list...)
	case "LOG", "2":
		r.remark(rules, "allows and denies nothing")
	default:
		return rules.get("action").problem("must be ALLOW, DENY or LOG; got %s", action)
	}
	return nil
}

// policy reads a policy: one of the permissions and one of the principals, and a condition.
func (r *envoyReader) policy(v value) expr {
	permissions, principals := either(), either()
	for _, item := range v.get("permissions").items() {
		permissions.parts = append(permissions.parts, r.matcher(item))
	}
	for _, item := range v.get("principals").items() {
		principals.parts = append(principals.parts, r.matcher(item))
	}
	e := all(permissions, principals)
	for _, f := range v.others("permissions", "principals") {
		e.parts = append(e.parts, cannot(f.value, "%s: an expression is not read", f.name))
	}
	return e
}

// matcher reads a permission or a principal, which have one field.
func (r *envoyReader) matcher(v value) expr {
	fields := v.fields()
	if len(fields) != 1 {
		return cannot(v, "a permission or a principal has one field; got %d", len(fields))
	}
	f := fields[0]
	switch name := f.name; {
	case name == "any":
		return all()
	case name == "and_rules", name == "andRules", name == "and_ids", name == "andIds":
		return all(r.set(f.value)...)
	case name == "or_rules", name == "orRules", name == "or_ids", name == "orIds":
		return either(r.set(f.value)...)
	case name == "not_rule", name == "notRule", name == "not_id", name == "notId":
		return not(r.matcher(f.value))
	case name == "header":
		return r.header(f.value)
	case name == "url_path", name == "urlPath":
		return r.text(f.value.get("path"), onPath)
	case name == "destination_port", name == "destinationPort":
		return r.portBetween(f.value, f.value.json.Int(), f.value.json.Int()+1)
	case name == "destination_port_range", name == "destinationPortRange":
		return r.portBetween(f.value, f.value.get("start").json.Int(), f.value.get("end").json.Int())
	case name == "authenticated":
		return r.authenticated(f.value)
	case name == "filter_state" || name == "filterState":
		if f.value.get("key").text() == "io.istio.peer_principal" {
			return r.certificate(f.value.get("string_match"))
		}
	case name == "metadata":
		return r.metadata(f.value)
	}
	return cannot(f.value, "%s is not known to the gate", f.name)
}

// set reads the members of a set.
func (r *envoyReader) set(v value) (list []expr) {
	for _, item := range append(v.get("rules").items(), v.get("ids").items()...) {
		list = append(list, r.matcher(item))
	}
	return list
}

// portBetween compares the port on which requests come.
func (r *envoyReader) portBetween(v value, from, below int64) expr {
	if r.options.Port == "" {
		return cannot(v, "the gate does not know on which port a request came: say by --port on which Envoy gets them")
	}
	var port int64
	if _, err := fmt.Sscan(r.options.Port, &port); err == nil && from <= port && port < below {
		return all()
	}
	return either()
}
