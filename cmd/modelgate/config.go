package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/modelgate/modelgate/internal/document"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/strictjson"
)

const configHelp = `A configuration is JSON or YAML. A file may be the configuration, or have it inside: in a
WasmPlugin, an EnvoyFilter, a filter of Envoy or the whole configuration of an Envoy. If
it has several, FILE#NAME is the one of the plugin NAME. The name - is standard input.`

// stdin is the name of standard input in errors.
const stdin = "standard input"

// read returns the content of a file, and its name in errors. "-" is standard input.
func (t *terminal) read(file string) (text, name string, err error) {
	if file != "-" {
		raw, err := os.ReadFile(file)
		return string(raw), file, err
	}
	raw, err := io.ReadAll(t.in)
	if err != nil {
		return "", stdin, fmt.Errorf("%s: %w", stdin, err)
	}
	return string(raw), stdin, nil
}

// source is a configuration and where it is.
type source struct {
	document.Config
	file string // its name in errors
}

// String returns the name of the file, with that of the plugin.
func (s source) String() string {
	if s.Name == "" {
		return s.file
	}
	return s.file + "#" + s.Name
}

// sources returns the configurations in a file, or the one that FILE#NAME names, and notes
// about what else is there. A mistake is of the type fileProblems.
func (t *terminal) sources(argument string) (found []source, notes []string, err error) {
	file, plugin := argument, ""
	if _, err := os.Stat(file); err != nil && strings.Contains(file, "#") {
		file, plugin, _ = strings.Cut(argument, "#")
	}
	text, name, err := t.read(file)
	if err != nil {
		return nil, nil, err
	}
	f, err := document.Read(text)
	if err != nil {
		return nil, nil, inFile(name, err)
	}
	var names []string
	for _, c := range f.Configs {
		if plugin == "" || c.Name == plugin {
			found = append(found, source{c, name})
		}
		names = append(names, c.Name)
	}
	if len(found) == 0 {
		return nil, nil, fmt.Errorf("%s: must have a configuration of the plugin %q; got those of %q", name, plugin, names)
	}
	return found, f.Others, nil
}

// one returns the one configuration in a file, which is JSON. The error has one line for each
// problem, which starts with the name of the file.
func (t *terminal) one(argument string) (source, error) {
	found, _, err := t.sources(argument)
	if err != nil {
		return source{}, err
	}
	if len(found) > 1 {
		return source{}, fmt.Errorf("%s: must have one configuration; got %d: say which, as %s",
			argument, len(found), strictjson.Or(texts(found)))
	}
	return found[0], found[0].problems(found[0].Err)
}

// load compiles the one configuration in a file. Its error is as that of one.
func (t *terminal) load(argument string) (*gate.Gate, error) {
	s, err := t.one(argument)
	if err != nil {
		return nil, err
	}
	g, err := gate.New(s.JSON, t.secrets)
	return g, s.problems(err)
}

// loadNarrowing compiles the narrowing in a file beside a configuration; nil without a file.
func (t *terminal) loadNarrowing(g *gate.Gate, file string) (*gate.Narrowing, error) {
	if file == "" {
		return nil, nil
	}
	text, name, err := t.read(file)
	if err != nil {
		return nil, err
	}
	f, err := document.Read(text)
	if err != nil {
		return nil, inFile(name, err)
	}
	s := source{f.Configs[0], name}
	d, err := gate.NewNarrowingDocument(s.JSON)
	if err != nil {
		return nil, s.problems(err)
	}
	n, err := g.Narrowing(d)
	if err != nil {
		return nil, s.problems(err)
	}
	return n, nil
}

func texts(sources []source) (list []string) {
	for _, s := range sources {
		list = append(list, s.String())
	}
	return list
}

// fileProblems are the mistakes in a file.
type fileProblems struct {
	file string
	list document.Problems
}

// Error returns a line for each mistake: FILE:LINE:COLUMN: "/pointer": what is wrong.
func (p *fileProblems) Error() string {
	lines := make([]string, len(p.list))
	for i, x := range p.list {
		place := ""
		if x.Place.Line > 0 {
			place = ":" + x.Place.String()
		}
		lines[i] = fmt.Sprintf("%s%s: %q: %s", p.file, place, x.Pointer, x.Message)
	}
	return strings.Join(lines, "\n")
}

// inFile says in which file the mistakes of a document are.
func inFile(file string, err error) error {
	var list document.Problems
	if errors.As(err, &list) {
		return &fileProblems{file, list}
	}
	return err
}

// problems says where in its file the mistakes of a configuration are.
func (s source) problems(err error) error {
	var inConfig strictjson.Problems
	if !errors.As(err, &inConfig) {
		return inFile(s.file, err)
	}
	list := make(document.Problems, len(inConfig))
	for i, p := range inConfig {
		list[i] = document.Problem{Place: s.Find(p.Pointer), Pointer: p.Pointer, Message: p.Message}
	}
	return &fileProblems{s.file, list}
}

// readJSON returns the JSON of a file in JSON or YAML.
func (t *terminal) readJSON(file string) (string, error) {
	text, name, err := t.read(file)
	if err != nil {
		return "", err
	}
	doc, err := document.ToJSON(text)
	return doc, inFile(name, err)
}
