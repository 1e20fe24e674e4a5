package importer

import (
	"slices"
)

// writeRules adds each rule once, for the models of the cells of which it is.
func (w *writer) writeRules() {
	written := map[string]bool{"": true}
	for k := range w.cells() {
		v := w.verdicts[k]
		if written[v.class] || w.verbs[v.class] == nil {
			continue
		}
		written[v.class] = true
		for _, g := range v.grants {
			w.config.Grants = w.addRule(w.config.Grants, g, v.class)
		}
		for _, d := range v.denies {
			w.config.Denies = w.addRule(w.config.Denies, d, v.class)
		}
	}
	w.nameRules(w.config.Grants)
	w.nameRules(w.config.Denies)
	if w.closed {
		w.config.Lint = []lint{{"unreachable-model", w.program.service + "/" + nobody, "what the imported rules allow nobody"}}
	}
}

// addRule adds the models and verbs of a class to a rule of the list, which it may begin.
func (w *writer) addRule(list []rule, r rule, class string) []rule {
	model := w.program.service
	if name := w.models[class]; name != "" {
		model += "/" + name
	}
	for i := range list {
		bare := list[i]
		bare.Models, bare.Verbs = nil, nil
		if identifierOf([]rule{bare}) == identifierOf([]rule{r}) {
			list[i].Models = append(list[i].Models, model)
			list[i].Verbs = union(list[i].Verbs, w.verbs[class])
			return list
		}
	}
	r.Models, r.Verbs = []string{model}, union(nil, w.verbs[class])
	return append(list, r)
}

func union(a, b []string) []string {
	a = append(slices.Clone(a), b...)
	slices.Sort(a)
	return slices.Compact(a)
}

// nameRules gives each rule a name of its own.
func (w *writer) nameRules(rules []rule) {
	var taken []string
	for i := range rules {
		name := rules[i].Name
		if name == "" {
			name = "everybody"
		}
		rules[i].Name = uniqueName(name, taken)
		taken = append(taken, rules[i].Name)
	}
}
