package analysis

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/inference"
)

// Class is all models that the rules select alike, for one protocol.
type Class struct {
	Model    inference.Model // one of them
	Protocol string
	// Pattern names the class: the one model, or, where it ends in '*', the models of a
	// pattern that no narrower class has.
	Pattern string
}

func (c *Class) question(v inference.Verb) Question { return Question{v, c.Model, c.Protocol} }

// rulePattern is a pattern as the policies' indexes have it.
type rulePattern struct {
	inference.Pattern
	deny, oneSegment bool
}

// classes splits all models that the routes of some side reach.
func classes(sides []*Side) (list []Class) {
	f := classFinder{sides: sides, seen: map[string]bool{}, protocols: []string{""}}
	var declared []inference.Model
	for _, s := range sides {
		s.policy.Patterns(func(p inference.Pattern, deny, oneSegment bool) {
			f.patterns = append(f.patterns, rulePattern{p, deny, oneSegment})
		})
		for _, name := range s.routes.Protocols() {
			f.free = f.free || name == "openai" || name == "http"
			if inference.HasVersionLabels(name) && !slices.Contains(f.protocols, name) {
				f.protocols = append(f.protocols, name)
			}
		}
		declared = append(declared, s.routes.DeclaredModels()...)
	}
	slices.SortFunc(f.patterns, func(a, b rulePattern) int { return strings.Compare(a.String(), b.String()) })
	for _, m := range declared {
		f.patterns = append(f.patterns, rulePattern{Pattern: inference.Pattern{Segments: []string{m.Namespace, m.Service}}})
		f.versions(m, m.String(), f.patterns)
	}
	for _, ns := range f.texts(f.patterns, 0) {
		inNamespace := selecting(f.patterns, 0, ns.text)
		for _, service := range f.texts(inNamespace, 1) {
			f.service(ns, service, selecting(inNamespace, 1, service.text))
		}
	}
	return f.list
}

type classFinder struct {
	sides     []*Side
	patterns  []rulePattern
	protocols []string
	free      bool // names of models may have every form, as those of OpenAI's API
	seen      map[string]bool
	list      []Class
}

// text is a segment, and how it is called: the same, or with a '*'.
type text struct{ text, label string }

// texts lists segments of which each other segment is like one for the patterns: exact ones,
// those that continue a prefix, and one that no pattern mentions.
func (f *classFinder) texts(patterns []rulePattern, i int) (list []text) {
	has := func(s string) bool { return slices.ContainsFunc(list, func(t text) bool { return t.text == s }) }
	for _, p := range patterns {
		if i < len(p.Segments) && !strings.HasSuffix(p.Segments[i], "*") && !has(p.Segments[i]) {
			list = append(list, text{p.Segments[i], p.Segments[i]})
		}
	}
	for _, p := range patterns {
		if i >= len(p.Segments) {
			continue
		}
		if prefix, star := strings.CutSuffix(p.Segments[i], "*"); star {
			if long := prefix + filler; !has(long) {
				list = append(list, text{long, prefix + "*"})
			}
		}
	}
	if !has(filler) {
		list = append(list, text{filler, "*"})
	}
	return list
}

// selecting returns the patterns whose i-th segment selects a text.
func selecting(patterns []rulePattern, i int, s string) (list []rulePattern) {
	for _, p := range patterns {
		if i < len(p.Segments) && segmentSelects(p.Segments[i], s) {
			list = append(list, p)
		}
	}
	return list
}

func segmentSelects(pattern, s string) bool {
	prefix, star := strings.CutSuffix(pattern, "*")
	return pattern == s || star && strings.HasPrefix(s, prefix)
}

// service adds the classes of one service.
func (f *classFinder) service(ns, service text, patterns []rulePattern) {
	m := inference.Model{Namespace: ns.text, Service: service.text}
	if !slices.ContainsFunc(f.sides, func(s *Side) bool { return s.reaches(m) }) {
		return
	}
	label := ns.label + "/" + service.label
	m.Name = service.text
	f.versions(m, label, patterns)
	names := []text{{filler, "*"}}
	f.names(nil, nil, 2, patterns, &names)
	for _, n := range f.variants(names, patterns) {
		if !f.free && strings.ContainsAny(n.text, ":@+~=") {
			continue // no request can have the name
		}
		m.Name = n.text
		f.versions(m, label+"/"+strings.ReplaceAll(n.label, "@", "@@"), patterns)
	}
	m.Name = "" // the service as a whole
	f.versions(m, label+" as a whole", patterns)
}

// names adds names inside a service, segment by segment.
func (f *classFinder) names(above, labels []string, i int, patterns []rulePattern, found *[]text) {
	longer := false
	for _, p := range patterns {
		longer = longer || len(p.Segments) > i
	}
	if !longer {
		return
	}
	for _, t := range f.texts(patterns, i) {
		segments, named := append(slices.Clone(above), t.text), append(slices.Clone(labels), t.label)
		*found = append(*found, text{strings.Join(segments, "/"), strings.Join(named, "/")})
		*found = append(*found, text{strings.Join(segments, "/") + "/" + filler, strings.Join(named, "/") + "/*"})
		f.names(segments, named, i+1, selecting(patterns, i, t.text), found)
	}
}

// variants adds what denies take for the same name: see package authz. Only some protocols
// have such names.
func (f *classFinder) variants(names []text, patterns []rulePattern) []text {
	all, known := slices.Clone(names), map[string]bool{}
	for _, n := range names {
		known[n.text] = true
	}
	add := func(name string) {
		if !known[name] {
			known[name], all = true, append(all, text{name, name})
		}
	}
	inner := slices.DeleteFunc(slices.Clone(patterns), func(p rulePattern) bool { return len(p.Segments) < 3 })
	if !slices.ContainsFunc(inner, func(p rulePattern) bool { return p.deny }) {
		return all
	}
	prefixes := []string{""}
	for _, p := range inner {
		if prefix, star := strings.CutSuffix(strings.Join(p.Segments[2:], "/"), "*"); star {
			prefixes = append(prefixes, prefix)
		}
	}
	for _, n := range names {
		add(strings.ToUpper(n.text))
		for _, prefix := range prefixes {
			if len(prefix) <= len(n.text) && strings.EqualFold(prefix, n.text[:len(prefix)]) {
				add(prefix + n.text[len(prefix):])
				add(prefix + strings.ToUpper(n.text[len(prefix):]))
			}
		}
		if !f.free {
			continue
		}
		for _, other := range sameFor(n.text, prefixes) {
			add(other)
		}
	}
	return all
}

// sameFor lists names that a deny of a name takes for it, in all forms of OpenAI's API.
func sameFor(name string, prefixes []string) (list []string) {
	tagged := []string{name, name + ":latest", name + ":local", name + ":cloud", name + "-cloud"}
	tagged = append(tagged, strings.TrimSuffix(name, ":latest"), strings.TrimSuffix(name, "-cloud")+":cloud")
	for _, n := range tagged {
		list = append(list, n, "/"+n, "library/"+n, "registry.ollama.ai/library/"+n, filler+":"+n)
		list = append(list, strings.TrimPrefix(strings.TrimPrefix(n, "registry.ollama.ai/"), "library/"))
		for _, prefix := range prefixes {
			list = append(list, prefix+":"+n, prefix+filler+":"+n)
		}
	}
	return slices.DeleteFunc(list, func(n string) bool { return n == "" || strings.HasPrefix(n, ":") })
}

// versions adds a model without a version, and with each that a rule names.
func (f *classFinder) versions(m inference.Model, label string, patterns []rulePattern) {
	f.add(m, label)
	var known []string
	for _, p := range patterns {
		if p.Version != "" && !slices.Contains(known, p.Version) {
			known = append(known, p.Version)
		}
	}
	if known == nil {
		return
	}
	for _, v := range append(known, "999999", filler) {
		m.Version = v
		named := v
		if v == filler || v == "999999" {
			named = "*"
		}
		f.add(m, label+"@"+named)
	}
}

// add adds a class unless one is there that all rules select alike.
func (f *classFinder) add(m inference.Model, label string) {
	reached := ""
	for _, s := range f.sides {
		if s.reaches(m) {
			reached += "r"
		} else {
			reached += "-"
		}
	}
	if !strings.Contains(reached, "r") {
		return
	}
	for _, protocol := range f.protocols {
		key := reached
		for _, s := range f.sides {
			key += "|" + s.policy.Selected(m, protocol)
		}
		if protocol != "" && f.seen["|"+key] {
			continue
		}
		if at := protocol + "|" + key; !f.seen[at] {
			f.seen[at] = true
			f.list = append(f.list, Class{m, protocol, label})
		}
	}
}
