package inference

import (
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
)

// hostReading says which services a host name can mean, by the names of all routes.
type hostReading struct {
	services  []readService // each once
	isUnclear bool          // the host means a service of which only a hash is known, or more services than are read
	buffer    [4]readService
}

// readService is one service that a host name can mean.
type readService struct {
	namespace, service string
	certainty          certainty
	tag                string // of a template that made the host, or ""
}

// certainty says what a call to a host needs for one of the host's services.
type certainty uint8

const (
	named    certainty = iota // by a template: the call must be for the service, and granted
	implied                   // by what else the label can be read as: it must be granted
	possible                  // by a template that no route has: a deny on the service denies
)

func (s *readService) isOneOf(models []Model) bool {
	for i := range models {
		if models[i].Service == s.service && models[i].Namespace == s.namespace {
			return true
		}
	}
	return false
}

// read sets h, which is zero, to the services that a host name in lower case can mean.
func (rs *Routes) read(h *hostReading, host string) {
	for _, n := range rs.names {
		qualified := n.qualify(host)
		for _, t := range n.allTemplates {
			if t.isSplit {
				h.addSplits(n, t, qualified, rs.declared[host])
			} else if label, namespace, ok := t.parse(qualified); ok {
				h.add(n, t, namespace, label)
			}
		}
	}
	if rs.hasTags {
		h.demoteTagged()
	}
}

// add adds the services of a host that one template makes.
func (h *hostReading) add(n *hostNames, t *hostTemplate, namespace, label string) {
	var buffer [8]string
	var labels []string
	isExact := false
	if t.place == unknownPlace {
		labels = n.forms.appendClosure(buffer[:0], namespace, label)
	} else {
		labels, isExact = n.forms.appendServices(buffer[:0], namespace, label, t.place == plainPlace)
	}
	for i, service := range labels {
		s := readService{namespace: namespace, service: service, certainty: implied, tag: t.tag}
		if i == 0 {
			s.certainty = named
		}
		h.addService(s)
	}
	h.isUnclear = h.isUnclear || t.place == plainPlace && isHashed(label)
	if isExact {
		return
	}
	if t.labelBefore != "" || t.labelAfter != "" {
		label = t.labelBefore + label + t.labelAfter
	}
	for _, service := range n.forms.appendClosure(buffer[:0], namespace, label) {
		h.addService(readService{namespace: namespace, service: service, certainty: possible})
	}
}

func (h *hostReading) addService(s readService) {
	for i := range h.services {
		known := &h.services[i]
		if known.service == s.service && known.namespace == s.namespace {
			known.certainty = min(known.certainty, s.certainty)
			if s.tag != "" {
				known.tag = s.tag
			}
			return
		}
	}
	if h.services == nil {
		h.services = h.buffer[:0]
	}
	h.services = append(h.services, s)
}

// demoteTagged makes a service whose name has the tag of a template a possible one:
// by that template the host is the tag of another service.
func (h *hostReading) demoteTagged() {
	for _, by := range h.services {
		if by.tag == "" {
			continue
		}
		for i := range h.services {
			s := &h.services[i]
			if s.tag != by.tag && s.namespace == by.namespace && strings.HasPrefix(s.service, by.tag) {
				s.certainty = possible
			}
		}
	}
}

// servicesFor returns the services that the host means by the templates of all
// routes, those by the templates of n first. It returns none where n has no template
// for the host.
func (h *hostReading) servicesFor(n *hostNames, host string) []Model {
	own := n.servicesAt(host)
	if own == nil {
		return nil
	}
	list := own[:0]
	for _, m := range own {
		if h.names(m) {
			list = append(list, m)
		}
	}
	for i := range h.services {
		if s := &h.services[i]; s.certainty == named && !s.isOneOf(list) {
			list = append(list, Model{Namespace: s.namespace, Service: s.service})
		}
	}
	return list
}

// names reports whether a template makes the host of the model's service.
func (h *hostReading) names(m Model) bool {
	for i := range h.services {
		if s := &h.services[i]; s.certainty == named && s.service == m.Service && s.namespace == m.Namespace {
			return true
		}
	}
	return false
}

// compileReadings collects the names of all routes, each once.
func (rs *Routes) compileReadings() {
	hasSplits := false
	for _, route := range rs.routes {
		if route.names == nil || rs.knowsNames(route.names) {
			continue
		}
		rs.names = append(rs.names, route.names)
		for _, t := range route.names.allTemplates {
			rs.hasTags = rs.hasTags || t.tag != ""
			hasSplits = hasSplits || t.isSplit
		}
	}
	if hasSplits {
		rs.compileDeclared()
	}
}

func (rs *Routes) knowsNames(n *hostNames) bool {
	for _, known := range rs.names {
		if known.source == n.source && known.serviceHosts == n.serviceHosts {
			return true
		}
	}
	return false
}

// checkHost compares the host of the request with the call. Where the names of any
// route make the host a service's, in upper or lower case, it must be a service of
// the call.
func (m *Match) checkHost(arrival *hostReading) reason.Reason {
	isService := false
	for i := range arrival.services {
		s := &arrival.services[i]
		isService = true
		if s.certainty == named && !s.isOneOf(m.Call.Models) {
			return reason.IdentityConflict
		}
	}
	if isService && (arrival.isUnclear || strings.ToLower(m.host) != m.host) {
		return reason.HostInvalid
	}
	return reason.Allowed
}

// addReading adds every other service that a host can mean, with the models of the
// call. With the template {service}.{namespace}, the host of fraud's predictor is
// also that of a service fraud-predictor.
func (m *Match) addReading(h *hostReading) {
	asked := m.Call.Models
	names := distinctNames(asked)
	for i := range h.services {
		s := &h.services[i]
		switch {
		case s.isOneOf(asked):
		case s.certainty == possible:
			m.Call.Possible = appendInService(m.Call.Possible, s, names)
		default:
			m.Call.Models = appendInService(m.Call.Models, s, names)
		}
	}
}

// distinctNames returns models with every name and version that is among them, mostly one:
// a host that means many services asks for one model in each.
func distinctNames(models []Model) []Model {
	if len(models) == 1 {
		return models
	}
	var list []Model
next:
	for i := range models {
		for j := range list {
			if list[j].Name == models[i].Name && list[j].Version == models[i].Version {
				continue next
			}
		}
		list = append(list, models[i])
	}
	return list
}

// appendInService appends the models as those of another service, each once.
func appendInService(list []Model, s *readService, models []Model) []Model {
next:
	for _, model := range models {
		model.Namespace, model.Service = s.namespace, s.service
		for i := range list {
			if list[i] == model {
				continue next
			}
		}
		list = append(list, model)
	}
	return list
}
