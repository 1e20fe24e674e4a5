package inference

import (
	"slices"
	"strings"
)

// What follows is for questions about all models at once. A host has no use for it: its
// code is linked only where it is called.

// DeclaredModels returns the services and the models that the routes themselves name.
func (rs *Routes) DeclaredModels() (list []Model) {
	add := func(m Model) {
		if m.Namespace != "" && m.Service != "" && !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	if rs.serves != (Model{}) {
		add(Model{Namespace: rs.serves.Namespace, Service: rs.serves.Service, Name: rs.serves.Service})
	}
	for _, r := range rs.routes {
		service, _ := r.declared()
		if service.Service != "" {
			add(Model{Namespace: service.Namespace, Service: service.Service, Name: service.Service})
		}
		for _, x := range r.resources {
			name := x.name
			if name == "" {
				name = x.service.Service
			}
			add(Model{Namespace: x.service.Namespace, Service: x.service.Service, Name: name})
		}
		if r.server == nil {
			continue
		}
		for name, at := range r.server.services {
			add(Model{Namespace: at.Namespace, Service: at.Service, Name: name})
		}
		if name := r.server.defaultModel; name != "" {
			add(Model{Namespace: service.Namespace, Service: service.Service, Name: r.server.resolveAlias(name)})
		}
	}
	slices.SortFunc(list, func(a, b Model) int { return strings.Compare(a.String(), b.String()) })
	return list
}

// Protocols returns the protocols of the routes, each once.
func (rs *Routes) Protocols() (list []string) {
	for _, r := range rs.routes {
		name := "grpc"
		if r.server != nil {
			name = r.server.protocol
		}
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// ParseModel reads a model as Model.String writes it: a pattern without a '*'. Without a
// name inside the service it is the service's main model.
func ParseModel(s string) (Model, error) {
	p, err := ParsePattern(s)
	if err != nil {
		return Model{}, err
	}
	m := Model{Namespace: p.Segments[0], Service: p.Segments[1], Name: p.Segments[1], Version: p.Version}
	if len(p.Segments) > 2 {
		m.Name = strings.Join(p.Segments[2:], "/")
	}
	return m, nil
}

// List returns the verbs of a set, in their order.
func (s Verbs) List() (list []Verb) {
	for v := Predict; v <= Admin; v++ {
		if s.Has(v) {
			list = append(list, v)
		}
	}
	return list
}

// First returns the first verb of a set that is not empty.
func (s Verbs) First() Verb { return s.List()[0] }
