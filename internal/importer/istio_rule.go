package importer

import (
	"fmt"
	"strings"
)

// authorization reads an AuthorizationPolicy.
func (r *istioReader) authorization(p istioPolicy) error {
	spec := p.get("spec")
	action := spec.get("action").scalar()
	if p.get("metadata").get("annotations").get("istio.io/dry-run").isTrue() {
		r.remark(p.value, "is a dry run, and allows and denies nothing")
		return nil
	}
	var rules []sourceRule
	for i, rule := range spec.get("rules").items() {
		if !rule.isObject() { // Istio skips it
			r.remark(rule, "is no rule")
			continue
		}
		name := p.namespace + "/" + p.name
		if i > 0 {
			name += fmt.Sprintf("[%d]", i)
		}
		rules = append(rules, sourceRule{rule, name, r.rule(rule, p)})
	}
	odd := spec.others("selector", "targetRef", "targetRefs", "rules", "action", "provider")
	switch action {
	case "", "ALLOW":
		r.allows = true
		for _, f := range odd {
			r.leftOut(f.value, "is not known: the policy allows nothing")
			rules = nil
		}
		r.allow = append(r.allow, rules...)
	case "DENY":
		for _, f := range odd {
			r.wider(f.value, "is not known, and counts as if it were not there")
		}
		r.program.denies = append(r.program.denies, rules...)
	case "CUSTOM":
		r.custom(p, rules)
	case "AUDIT":
		r.remark(p.value, "allows and denies nothing: the gate's own audit log has a line for each refusal")
	default:
		return spec.get("action").problem("must be ALLOW, DENY, CUSTOM or AUDIT; got %q", action)
	}
	return nil
}

// custom reads a policy that asks an external authorizer, which may refuse what it is asked.
func (r *istioReader) custom(p istioPolicy, rules []sourceRule) {
	if r.options.KeepCustom {
		r.remark(p.value, "stays in Istio beside the gate: the external authorizer is asked by it, as before")
		return
	}
	r.wider(p.value, "an external authorizer is not asked by the gate: what it would be asked is refused. "+
		"With --keep-custom the policy stays in Istio")
	r.program.denies = append(r.program.denies, rules...)
}

// rule reads one rule: any of its sources, any of its operations and all of its conditions.
func (r *istioReader) rule(v value, p istioPolicy) expr {
	from, to, when := either(), either(), all()
	for _, item := range v.get("from").items() {
		from.parts = append(from.parts, r.source(item, p))
	}
	for _, item := range v.get("to").items() {
		to.parts = append(to.parts, r.operation(item))
	}
	for _, item := range v.get("when").items() {
		when.parts = append(when.parts, r.condition(item, p))
	}
	if len(from.parts) == 0 {
		from = all()
	}
	if len(to.parts) == 0 {
		to = all()
	}
	e := all(from, to, when)
	for _, f := range v.others("from", "to", "when") {
		e.parts = append(e.parts, cannot(f.value, "%s is not known", f.name))
	}
	return e
}

// readBeside reads what an item has beside the one field that it may have: nothing is known of it, nor of
// an item without the field.
func readBeside(item value, name string) expr {
	if len(item.get(name).fields()) == 0 {
		return cannot(item, "it has no %s", name)
	}
	e := all()
	for _, f := range item.others(name) {
		e.parts = append(e.parts, cannot(f.value, "%s is not known", f.name))
	}
	return e
}

// source reads who calls: all that is said must hold.
func (r *istioReader) source(item value, p istioPolicy) expr {
	e := readBeside(item, "source")
	for _, f := range item.get("source").fields() {
		if name, negated := positive(f.name); negated {
			e.parts = append(e.parts, not(r.attribute(f.value, name, p)))
		} else {
			e.parts = append(e.parts, r.attribute(f.value, name, p))
		}
	}
	return e
}

// positive returns the name of what a field with "not" negates.
func positive(name string) (positive string, negated bool) {
	rest, negated := strings.CutPrefix(name, "not")
	if !negated || rest == "" {
		return name, false
	}
	return strings.ToLower(rest[:1]) + rest[1:], true
}

// attribute reads the values of an attribute of the caller, one of which must be its own.
func (r *istioReader) attribute(v value, name string, p istioPolicy) expr {
	if len(v.items()) == 0 { // Istio makes nothing of it
		return cannot(v, "%s has no values", name)
	}
	switch name {
	case "principals", "source.principal":
		return r.peers(v, r.principal)
	case "namespaces", "source.namespace":
		return r.peers(v, r.namespace)
	case "serviceAccounts", "source.serviceAccount":
		return r.peers(v, func(text string) (peerName, bool) { return r.account(text, p.namespace) })
	case "trustDomains", "source.trustDomain":
		return r.peers(v, r.trustDomain)
	case "requestPrincipals", "request.auth.principal":
		return r.requestPrincipals(v)
	case "ipBlocks", "source.ip", "remoteIpBlocks", "remote.ip":
		return cannot(v, "the gate does not know the caller's address: let the network or Envoy's RBAC decide about it")
	}
	return cannot(v, "%s is not known", name)
}

// operation reads what is asked for: all that is said must hold.
func (r *istioReader) operation(item value) expr {
	e := readBeside(item, "operation")
	for _, f := range item.get("operation").fields() {
		name, negated := positive(f.name)
		one := either()
		for _, v := range f.value.items() {
			one.parts = append(one.parts, r.operationValue(name, v))
		}
		switch {
		case len(one.parts) == 0:
			e.parts = append(e.parts, cannot(f.value, "%s has no values", f.name))
		case negated:
			e.parts = append(e.parts, not(one))
		default:
			e.parts = append(e.parts, one)
		}
	}
	return e
}

// operationValue reads one value of an operation.
func (r *istioReader) operationValue(name string, v value) expr {
	test := starTest(v.scalar())
	switch name {
	case "paths":
		return pathTemplate(v, test)
	case "methods":
		return is(&literal{at: v, kind: onMethod, text: test})
	case "hosts":
		test.fold = true
		return is(&literal{at: v, kind: onHost, text: test})
	case "ports":
		return r.port(v)
	}
	return cannot(v, "%s is not known", name)
}

// pathTemplate reads a path. {*} is a segment and {**} any number of segments: Envoy's URI
// templates.
func pathTemplate(v value, test textTest) expr {
	text := v.text()
	if !strings.Contains(text, "{*}") && !strings.Contains(text, "{**}") {
		return is(&literal{at: v, kind: onPath, text: test})
	}
	if head, ok := strings.CutSuffix(text, "/{**}"); ok && !strings.ContainsAny(head, "{*") {
		below := is(&literal{at: v, kind: onPath, text: textTest{kind: begins, text: head + "/"}})
		return all(below)
	}
	return cannot(v, "%q: a path of the gate has no {*} in its middle", text)
}

// port reads a port of the workload.
func (r *istioReader) port(v value) expr {
	switch {
	case r.options.Port == "":
		return cannot(v, "port %s: the gate does not know on which port a request came: say by --port on which the workload gets them",
			v.scalar())
	case r.options.Port == v.scalar():
		return all()
	}
	return either()
}
