package importer

import (
	"iter"
	"maps"
	"slices"
	"strings"
)

// key is what tells cells apart.
type key struct {
	host   string
	path   path
	method string
}

// writer writes the verdicts about the cells of a program as a configuration.
type writer struct {
	*session
	program  *program
	space    *space
	verdicts map[key]*verdict
	models   map[string]string   // the name of each class; "" where there is only one
	verbs    map[string][]string // of each class
	closed   bool                // a resource is of nobody's model
}

// write adds a route for each list of resources, and the rules.
func (w *writer) write() {
	w.nameClasses()
	byResources := map[string]int{} // the route that has them
	for _, host := range w.space.sortedHosts() {
		resources := w.resources(host)
		if len(resources) == 0 {
			continue
		}
		id := resourcesID(resources)
		if i, ok := byResources[id]; ok {
			w.config.Routes[i].Hosts = append(w.config.Routes[i].Hosts, host)
			continue
		}
		r := route{Protocol: "http", Service: w.program.service, Credentials: w.program.credentials, Resources: resources}
		if host != "" {
			r.Hosts = []string{host}
		}
		byResources[id] = len(w.config.Routes)
		w.config.Routes = append(w.config.Routes, r)
	}
	if len(byResources) == 0 { // a configuration needs a route
		w.config.Routes = append(w.config.Routes, route{Protocol: "http", Service: w.program.service, Resources: []resource{
			{Path: "/*", Methods: w.space.methods, Verb: "predict", TrailingSlash: true},
		}})
	}
	w.writeRules()
}

// cells yields the cells, always in the same order.
func (w *writer) cells() iter.Seq[key] {
	return func(yield func(key) bool) {
		for _, host := range w.space.sortedHosts() {
			for _, p := range w.space.sortedPaths() {
				for _, method := range w.space.methods {
					if !yield(key{host, p, method}) {
						return
					}
				}
			}
		}
	}
}

func resourcesID(list []resource) string {
	var b strings.Builder
	for _, r := range list {
		b.WriteString(r.Path + " " + r.Verb + " " + r.Model + " " + strings.Join(r.Methods, ",") + "\n")
	}
	return b.String()
}

// nobody is the model of what nobody may do.
const nobody = "nobody"

// nameClasses gives each class a model's name: the first path that has it.
func (w *writer) nameClasses() {
	w.models, w.verbs = map[string]string{}, map[string][]string{}
	_, service, _ := strings.Cut(w.program.service, "/")
	taken := []string{nobody, service}              // a model with the service's name is the service
	for _, ofServers := range []bool{false, true} { // the paths of model servers name it last
		for k := range w.cells() {
			class := w.verdicts[k].class
			if _, ok := w.models[class]; ok || class == "" || isOwnRoot(k.path) != ofServers {
				continue
			}
			name := uniqueName(modelName(k.path), taken)
			w.models[class], taken = name, append(taken, name)
		}
	}
	if len(w.models) == 1 && !w.needsNobody() {
		for class := range w.models {
			w.models[class] = ""
		}
	}
}

// needsNobody reports whether a path that is closed is below one that is open.
func (w *writer) needsNobody() bool {
	for k, v := range w.verdicts {
		if v.class == "" && w.openAbove(k) {
			return true
		}
	}
	return false
}

// openAbove reports whether a wider path takes a cell's requests if no resource has them.
func (w *writer) openAbove(k key) bool {
	for p, ok := w.space.above(k.path); ok && !isOwnRoot(k.path); p, ok = w.space.above(p) {
		if w.verdicts[key{k.host, p, k.method}].class != "" {
			return true
		}
		if isOwnRoot(p) {
			return false
		}
	}
	return false
}

// isOwnRoot reports whether no wider resource takes the path.
func isOwnRoot(p path) bool { return slices.Contains(ownRoots, p.text) }

// modelName returns a name for what a path is of.
func modelName(p path) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return '-'
	}, strings.Trim(p.text, "/"))
	name = strings.TrimLeft(name, ".")
	switch {
	case name == "" && p.rest:
		return "others"
	case name == "":
		return "root"
	case p.rest:
		name += ".below"
	}
	return name[:min(len(name), 200)]
}

// resources returns the resources on a host: for each path the methods of each class.
func (w *writer) resources(host string) (list []resource) {
	for _, p := range w.space.sortedPaths() {
		if w.isRedundant(host, p) {
			continue
		}
		methods := map[string][]string{}
		for _, method := range w.space.methods {
			k := key{host, p, method}
			v := w.verdicts[k]
			if v.class != "" || w.openAbove(k) {
				methods[v.class] = append(methods[v.class], method)
			}
		}
		for _, class := range slices.SortedFunc(maps.Keys(methods), w.byModel) {
			r := resource{Path: p.String(), Methods: methods[class], Verb: verbOf(methods[class]), Model: w.models[class], Query: "*",
				Encoded: p.rest, TrailingSlash: p.rest}
			if class == "" {
				w.closed = true
				r = resource{Path: p.String(), Methods: methods[class], Verb: verbOf(methods[class]), Model: nobody}
			} else if !slices.Contains(w.verbs[class], r.Verb) {
				w.verbs[class] = append(w.verbs[class], r.Verb)
			}
			list = append(list, r)
		}
	}
	return list
}

func (w *writer) byModel(a, b string) int { return strings.Compare(w.models[a], w.models[b]) }

// verbOf is the verb of methods: metadata of those that only read.
func verbOf(methods []string) string {
	for _, m := range methods {
		if m != "GET" && m != "HEAD" && m != "OPTIONS" {
			return "predict"
		}
	}
	return "metadata"
}

// isRedundant reports whether the nearest wider path means the same for every method. A path
// and what is below it go together: a request for the one must not be taken for the other.
func (w *writer) isRedundant(host string, p path) bool {
	if isOwnRoot(p) {
		return false
	}
	wider, ok := w.space.above(p)
	if !ok {
		return false
	}
	below := path{strings.TrimSuffix(p.text, "/"), true}
	if below == wider { // of a path that ends with a slash
		below = p
	}
	for _, method := range w.space.methods {
		class := w.verdicts[key{host, wider, method}].class
		for _, q := range []path{p, {p.text, false}, below} {
			if w.space.paths[q] && w.verdicts[key{host, q, method}].class != class {
				return false
			}
		}
	}
	return true
}
