package inference

import (
	"slices"
	"strings"
)

// component is the part of an InferenceService that a host name belongs to.
type component uint8

const (
	predictor component = iota
	explainer
	transformer
)

// componentNames are those of the configuration's "names".
var componentNames = [...]string{predictor: "predictor", explainer: "explainer", transformer: "transformer"}

// hostNames says which host names services have: one template for each component.
type hostNames struct {
	templates [len(componentNames)]*hostTemplate
	// short allows the names without the cluster's domain that a pod's resolver
	// completes: service.namespace and service.namespace.svc.
	short bool
	// serviceHosts also takes <service>.<namespace>.svc.cluster.local, the name
	// that KServe gives an InferenceService as a whole. The predictor of service a
	// then has the same name as a service a-predictor.
	serviceHosts bool
	forms        labelForms
	namespaces   []string // nil for any
	source       string   // "names" as it is written
	// allTemplates are the templates, each once, and that of serviceHosts.
	allTemplates []*hostTemplate
}

const clusterDomain = ".svc.cluster.local"

// servicesAt returns the services that a host name means by the templates. See
// Routes.read for what it can mean besides.
func (n *hostNames) servicesAt(host string) (models []Model) {
	if n == nil {
		return nil
	}
	host = n.qualify(host)
	for _, t := range n.allTemplates {
		if t.isSplit {
			splits, _ := t.appendSplits(nil, host)
			for _, s := range splits {
				models = append(models, Model{Namespace: s[1], Service: s[0], Name: s[0]})
			}
			continue
		}
		service, namespace, ok := t.parse(host)
		m := Model{Namespace: namespace, Service: service, Name: service}
		if ok && !slices.Contains(models, m) {
			models = append(models, m)
		}
	}
	return models
}

// qualify completes a short name as a pod's resolver does.
func (n *hostNames) qualify(host string) string {
	switch {
	case n.short && strings.Count(host, ".") == 1:
		return host + clusterDomain
	case n.short && strings.HasSuffix(host, ".svc"):
		return strings.TrimSuffix(host, ".svc") + clusterDomain
	}
	return host
}

// overlaps reports whether a host name that n makes means a service to other too.
func (n *hostNames) overlaps(other *hostNames) bool {
	for _, t := range n.allTemplates {
		namespaces := []string{t.namespace}
		if t.namespace == "" {
			namespaces = append([]string{"namespace"}, other.namespaces...)
		}
		for _, namespace := range namespaces {
			if other.servicesAt(t.host("service", namespace)) != nil {
				return true
			}
		}
	}
	return false
}

// hostTemplate is a host name with a service and then a namespace in it. A label
// has no dot and the text between the two has one, so that each host name has one
// service and one namespace. Where the configuration lists the namespaces, there is a
// template for each: its namespace is part of the text between. Where it does not, and
// the text between has no dot, see appendSplits.
type hostTemplate struct {
	before, between, after  string
	namespace               string          // the only one, or ""
	byNamespace             []*hostTemplate // or nil
	labelBefore, labelAfter string          // of before and between, what is in the label of the service
	tag                     string          // labelBefore, where it is a tag
	place                   labelPlace
	isSplit                 bool // a host name has a service and a namespace for each place where it can be cut
}

// labelPlace says what the label in the place of the service can have beside
// the name of the service.
type labelPlace uint8

const (
	plainPlace     labelPlace = iota // a component and a revision
	componentPlace                   // neither, because the template has a component
	unknownPlace                     // anything, because the template has a text that is not KServe's
)

// classify sets the fields that say how labels are read.
func (t *hostTemplate) classify(tags []string) {
	t.labelBefore = t.before[strings.LastIndexByte(t.before, '.')+1:]
	var hasDot bool
	if t.labelAfter, _, hasDot = strings.Cut(t.between, "."); !hasDot || t.namespace != "" {
		t.labelAfter = strings.TrimSuffix(strings.TrimSuffix(t.labelAfter, t.namespace), "-")
	}
	if slices.Contains(tags, t.labelBefore) {
		t.tag = t.labelBefore
	}
	switch {
	case t.labelBefore != t.tag:
		t.place = unknownPlace
	case slices.Contains(componentSuffixes, t.labelAfter):
		t.place = componentPlace
	case t.labelAfter != "":
		t.place = unknownPlace
	}
}

// host returns the host name of a service, or "" where it would not be a valid one.
func (t *hostTemplate) host(service, namespace string) string {
	h := t.before + service + t.between + namespace + t.after
	switch {
	case t.byNamespace != nil:
		for _, one := range t.byNamespace {
			if one.namespace == namespace {
				return one.host(service, namespace)
			}
		}
		return ""
	case t.namespace != "":
		h = t.before + service + t.between
		if namespace != t.namespace {
			return ""
		}
	}
	if !isHostName(h) {
		return ""
	}
	return h
}

// parse is the inverse of host. It does not look at byNamespace, and finds nothing by a
// template that isSplit.
func (t *hostTemplate) parse(host string) (service, namespace string, ok bool) {
	inner, hasPrefix := strings.CutPrefix(host, t.before)
	if t.namespace != "" {
		service, hasSuffix := strings.CutSuffix(inner, t.between)
		return service, t.namespace, hasPrefix && hasSuffix && IsLabel(service)
	}
	inner, hasSuffix := strings.CutSuffix(inner, t.after)
	end := strings.IndexByte(inner, '.') - strings.IndexByte(t.between, '.') // of the service
	if !hasPrefix || !hasSuffix || end < 0 {
		return "", "", false
	}
	service = inner[:end]
	namespace, ok = strings.CutPrefix(inner[end:], t.between)
	return service, namespace, ok && IsLabel(service) && IsLabel(namespace)
}

// Hosts returns the hosts that the gate may write into requests for a service: those of its
// predictor, its explainer and its transformer, each once, by every route that has "names" and
// takes requests for the service. ok is false where namespace or service is not a DNS-1123
// label. The list is empty where no route rewrites to the service, or the host name would be
// too long.
func (rs *Routes) Hosts(namespace, service string) (hosts []string, ok bool) {
	if !IsLabel(namespace) || !IsLabel(service) {
		return nil, false
	}
	for _, r := range rs.routes {
		if !r.rewritesTo(namespace, service) {
			continue
		}
		for _, t := range r.names.templates {
			if h := t.host(service, namespace); h != "" && !slices.Contains(hosts, h) {
				hosts = append(hosts, h)
			}
		}
	}
	return hosts, true
}

// rewritesTo reports whether the route may write a host of the service: its public paths
// choose the service, or the configuration declares it.
func (r *Route) rewritesTo(namespace, service string) bool {
	return r.names != nil && (r.byPath || slices.ContainsFunc(r.allDeclared(), func(m Model) bool {
		return m.Namespace == namespace && m.Service == service
	}))
}

// allDeclared returns the services that the configuration names: that of the route, those of
// its models and those of its resources.
func (r *Route) allDeclared() (services []Model) {
	if service, _ := r.declared(); service != (Model{}) {
		services = append(services, service)
	}
	if r.server != nil {
		services = append(append(services, r.server.allServices...), r.services...)
	}
	return services
}
