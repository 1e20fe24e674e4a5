package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// section is an object of the configuration: a table of its fields.
type section struct {
	title   string
	about   string
	example string
	topics  string // pages about it
	rows    []row
}

// row is a field.
type row struct{ name, kind, byDefault, about, example string }

// reader collects the sections of a schema.
type reader struct {
	sections []*section
	titles   map[string]bool
	home     map[string]string // the title of the section of each definition
}

// homes are the sections of definitions that several fields have, where the first is not the best.
var homes = map[string]string{"claim": "grants[].claims[]", "jwk": "issuers[].jwks.inline with kty"}

// object adds the section of an object at a path of fields, and then those of its fields.
func (r *reader) object(title, path, about, example string, s schema) {
	sec := &section{title: title, about: about, example: example}
	r.sections, r.titles[title] = append(r.sections, sec), true
	var below []func()
	for name, field := range s.get("properties").members {
		at := strings.TrimPrefix(path+"."+name, ".")
		parts := shapes(field)
		r.place(at, parts)
		f := rowOf(name, field, s.get("required").has(name), parts)
		example := f.example
		if parts != nil && !parts[0].elsewhere { // it is in the section
			f.example = ""
		}
		sec.rows = append(sec.rows, f)
		below = append(below, func() { r.below(at, parts, example) })
	}
	for _, add := range below {
		add()
	}
}

// rowOf is the row of a field, with links to the sections of what it may have.
func rowOf(name string, field schema, required bool, parts []shape) row {
	resolved, _ := field.resolve()
	inherited := func(keyword string) schema {
		if own := field.get(keyword); own.exists() {
			return own
		}
		return resolved.get(keyword)
	}
	f := row{name: name, kind: typeOf(field)}
	f.about, f.byDefault = cutDefault(inherited("description").text())
	if required {
		f.byDefault = "required"
	}
	f.about, f.example = escape(f.about), exampleOf(inherited("examples"))
	var links []string
	for _, p := range parts {
		if link := "[" + code(p.title) + "](#" + anchor(p.title) + ")"; !slices.Contains(links, link) {
			links = append(links, link)
		}
	}
	if links != nil {
		f.about += " See " + strings.Join(links, ", ") + "."
	}
	return f
}

// place gives each object its title: that of the section of its definition, if there is one already.
func (r *reader) place(at string, parts []shape) {
	for i := range parts {
		p := &parts[i]
		p.title = at + p.suffix
		if p.definition == "" {
			continue
		}
		if home := homes[p.definition]; home != "" {
			r.home[p.definition] = home
		} else if r.home[p.definition] == "" {
			r.home[p.definition] = p.title
		}
		p.elsewhere = r.home[p.definition] != p.title
		p.title = r.home[p.definition]
	}
}

// below adds the sections of what a field may have. The example is in the first.
func (r *reader) below(at string, parts []shape, example string) {
	for _, p := range parts {
		if !p.elsewhere && !r.titles[p.title] {
			path, _, _ := strings.Cut(at+p.suffix, " ")
			r.object(p.title, path, p.of.get("description").text(), example, p.of)
		}
		example = ""
	}
}

// shape is an object that a field may have, or its items.
type shape struct {
	suffix     string // of the title, after the field
	definition string
	of         schema
	title      string
	elsewhere  bool // the section is that of another field
}

// shapes returns the objects with fields that a schema lets be: those without a condition first.
func shapes(s schema) (list []shape) {
	s, definition := s.resolve()
	isObject := s.get("type").text() == "object"
	if isObject && s.get("properties").exists() {
		list = append(list, shape{definition: definition, of: s})
	}
	if items := s.get("items"); items.exists() && !isObject {
		list = append(list, within("[]", shapes(items))...)
	}
	if values := s.get("additionalProperties"); isObject && (values.get("type").exists() || values.get("$ref").exists()) {
		list = append(list, within(".NAME", shapes(values))...)
	}
	for _, part := range append(s.get("allOf").items(), s) {
		switch condition := part.get("if"); {
		case part.get("$ref").exists():
			list = append(list, shapes(part)...)
		case !condition.exists():
		case condition.get("type").text() == "array":
			list = append(list, shapes(part.get("else"))...)
			list = append(list, within("[]", shapes(part.get("then", "items")))...)
		default:
			list = append(list, shapes(part.get("else"))...)
			list = append(list, within(when(condition), shapes(part.get("then")))...)
		}
	}
	return unique(list)
}

// within puts a suffix before those of shapes.
func within(suffix string, list []shape) []shape {
	for i := range list {
		list[i].suffix = suffix + list[i].suffix
	}
	return list
}

// unique leaves out what is there twice, by its definition.
func unique(list []shape) (out []shape) {
	seen := map[string]bool{}
	for _, s := range list {
		if key := s.definition; key == "" || !seen[key] {
			seen[key] = true
			out = append(out, s)
		}
	}
	return out
}

// when says in a title what a condition asks for.
func when(condition schema) string {
	if protocol := condition.get("properties", "protocol"); protocol.exists() {
		names := protocol.get("enum").items()
		if one := protocol.get("const"); one.exists() {
			names = []schema{one}
		}
		var list []string
		for _, name := range names {
			list = append(list, name.text())
		}
		return " of " + strings.Join(list, ", ")
	}
	if required := condition.get("required").items(); len(required) == 1 {
		return " with " + required[0].text()
	}
	return ""
}

// cutDefault takes the last sentence off a description, if it says the default.
func cutDefault(description string) (about, byDefault string) {
	const word = "Default: "
	at := strings.LastIndex(description, word)
	if at < 0 {
		return description, ""
	}
	byDefault = strings.TrimSuffix(description[at+len(word):], ".")
	return strings.TrimSpace(description[:at]), escape(byDefault)
}

// exampleOf lists the examples of a field.
func exampleOf(examples schema) string {
	var list []string
	for _, e := range examples.items() {
		list = append(list, "`"+strings.ReplaceAll(e.json(), "|", `\|`)+"`")
	}
	if len(list) == 0 {
		return ""
	}
	return "Example: " + strings.Join(list, " or ") + "."
}

// escape keeps Markdown from reading more into a text than is there.
func escape(text string) string {
	return strings.NewReplacer("*", `\*`, "|", `\|`, "<", `\<`, "[", `\[`, "]", `\]`).Replace(text)
}

// code writes a title with the path of its fields as code.
func code(title string) string {
	path, rest, hasRest := strings.Cut(title, " ")
	if unicode.IsUpper(rune(title[0])) { // a document
		return title
	}
	if hasRest {
		rest = " " + rest
	}
	return "`" + path + "`" + rest
}

// anchor is the name by which GitHub links a heading.
func anchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

// String returns the section in Markdown.
func (s *section) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s\n\n", code(s.title))
	if s.about != "" {
		fmt.Fprintf(&b, "%s\n\n", escape(s.about))
	}
	if s.topics != "" {
		fmt.Fprintf(&b, "See %s.\n\n", s.topics)
	}
	if s.example != "" {
		fmt.Fprintf(&b, "%s\n\n", s.example)
	}
	b.WriteString("| field | takes | default | |\n|---|---|---|---|\n")
	for _, f := range s.rows {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.name, f.kind, f.byDefault, strings.TrimSpace(f.about+" "+f.example))
	}
	return b.String()
}
