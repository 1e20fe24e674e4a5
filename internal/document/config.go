package document

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// Config is a configuration of the gate in a file.
type Config struct {
	Name  string // of the plugin that has it; "" if the file is the configuration
	JSON  string // what the gate reads
	Place Place  // where it begins
	Err   error  // Problems, if it is no JSON
	root  *node  // nil if Err is not
}

// Find returns the place of a value of the configuration: of a member's name, or of an
// item. A pointer that leads to nothing has the place of the last value on its way.
func (c *Config) Find(pointer string) Place {
	if c.root == nil {
		return c.Place
	}
	return c.root.find(pointer)
}

// File is what a file says of the gate.
type File struct {
	Configs []Config // at least one
	Others  []string // notes about plugins that are not the gate's, and so are not read
}

// Read finds the configurations in a text: the text itself, or those of the plugins in
// resources of Istio and in configurations of Envoy. The error is of the type Problems.
func Read(text string) (*File, error) {
	documents, err := parse(text)
	if err != nil {
		return nil, err
	}
	f := finder{lines: strings.Split(text, "\n"), inJSON: isJSON(text)}
	for _, d := range documents {
		f.search(d, "")
	}
	if len(f.problems) > 0 {
		return nil, f.problems
	}
	if len(f.found) == 0 {
		return whole(text, documents)
	}
	return f.file(), nil
}

// whole returns a text that is itself a configuration.
func whole(text string, documents []*node) (*File, error) {
	if len(documents) != 1 {
		return nil, Problems{{Message: fmt.Sprintf("must have one configuration; got %d documents without a plugin", len(documents))}}
	}
	root := documents[0]
	for _, name := range []string{"kind", "@type", "static_resources", "staticResources", "resources"} {
		if n := root.get(name); n != nil {
			return nil, Problems{{Place: n.at, Message: "must have a plugin with a configuration (a WasmPlugin, or a filter of the type " +
				strings.Join([]string{typeWasm, typeDynamicModule}, " or ") + "); got none"}}
		}
	}
	c := Config{JSON: text, Place: root.at, root: root}
	if !isJSON(text) {
		c.JSON = string(root.appendJSON(nil))
	}
	return &File{Configs: []Config{c}}, nil
}

// The filters that can be the gate.
const (
	typeWasm          = "envoy.extensions.filters.http.wasm.v3.Wasm"
	typeDynamicModule = "envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter"
)

// finder finds the configurations of plugins.
type finder struct {
	lines    []string // of the file
	inJSON   bool
	found    []Config
	problems Problems
}

// search looks for plugins in a value and below it. name is of the innermost value with a
// name around it.
func (f *finder) search(n *node, name string) {
	kind, metadata := n.get("kind").string(), n.get("metadata")
	switch own := n.get("name").string(); {
	case kind != "" && metadata != nil:
		name = strings.TrimPrefix(metadata.get("namespace").string()+"/"+metadata.get("name").string(), "/")
	case own != "":
		name = own
	}
	if kind == "WasmPlugin" {
		f.add(n.get("spec"), name, "pluginConfig")
		return
	}
	typed := n
	typeName := n.get("@type").string()
	if url := n.get("type_url", "typeUrl"); url != nil { // a TypedStruct
		typed, typeName = n.get("value"), url.string()
	}
	switch _, typeName, _ = strings.Cut(typeName, "/"); typeName {
	case typeWasm:
		plugin := typed.get("config")
		if own := plugin.get("name").string(); own != "" {
			name = own
		}
		f.add(plugin, name, "configuration")
		return
	case typeDynamicModule:
		if own := typed.get("filter_name", "filterName").string(); own != "" {
			name = own
		}
		f.add(typed, name, "filter_config", "filterConfig")
		return
	}
	for _, m := range n.members {
		f.search(m.value, name)
	}
	for _, item := range n.items {
		f.search(item, name)
	}
}

// add adds the configuration that a plugin has under one of the names.
func (f *finder) add(plugin *node, name string, members ...string) {
	n := plugin.get(members...)
	if n == nil {
		p := Problem{Message: fmt.Sprintf("must have %s of the plugin %q; got none", members[0], name)}
		if plugin != nil {
			p.Place = plugin.at
		}
		f.problems = append(f.problems, p)
		return
	}
	c := Config{Name: name, Place: n.at}
	if members[0] == "pluginConfig" { // a Struct, whose type is known
		c.root, c.JSON = n, string(n.appendJSON(nil))
	} else if err := f.unpack(&c, n); err != nil {
		f.problems = append(f.problems, Problem{n.at, "", fmt.Sprintf("%v, of the plugin %q", err, name)})
		return
	}
	f.found = append(f.found, c)
}

// unpack reads a configuration out of the message that has it.
func (f *finder) unpack(c *Config, n *node) error {
	_, typeName, _ := strings.Cut(n.get("@type").string(), "/")
	value := n.get("value")
	if value == nil {
		return errors.New("must have a value; got none")
	}
	switch typeName {
	case "google.protobuf.Struct":
		c.root, c.JSON = value, string(value.appendJSON(nil))
	case "google.protobuf.StringValue":
		c.JSON = value.string()
		c.root, c.Err = parseJSON(c.JSON, f.inside(value))
	case "google.protobuf.BytesValue":
		raw, err := base64.StdEncoding.DecodeString(value.string())
		if err != nil {
			return errors.New("must have a value in base64")
		}
		c.JSON = string(raw)
		c.root, c.Err = parseJSON(c.JSON, func(Place) Place { return value.at })
	default:
		return fmt.Errorf("must be a StringValue, a Struct or a BytesValue; got %q", typeName)
	}
	return nil
}

// inside returns what tells where in the file a place of a text is. A literal block of YAML
// has its own lines; elsewhere every place is that of the text.
func (f *finder) inside(text *node) func(Place) Place {
	if f.inJSON || !text.block {
		return func(Place) Place { return text.at }
	}
	indent := 0
	first, _, _ := strings.Cut(strings.TrimLeft(text.text, "\n"), "\n")
	blank := len(text.text) - len(strings.TrimLeft(text.text, "\n"))
	if i := text.at.Line + blank; i < len(f.lines) {
		indent = max(0, len(strings.TrimRight(f.lines[i], "\r"))-len(first))
	}
	return func(p Place) Place { return Place{text.at.Line + p.Line, indent + p.Column} }
}

// file returns what was found. Of several plugins those that have nothing of the gate's are
// left out, with a note.
func (f *finder) file() *File {
	file := &File{}
	for _, c := range f.found {
		if len(f.found) > 1 && c.root != nil && !isGate(c.root) {
			file.Others = append(file.Others, fmt.Sprintf("the plugin %q is not checked: its configuration has none of %s",
				c.Name, strictjson.Or(gateFields)))
			continue
		}
		file.Configs = append(file.Configs, c)
	}
	if len(file.Configs) == 0 { // then each could be meant
		return &File{Configs: f.found}
	}
	return file
}

// gateFields are fields of which a configuration of the gate has at least one.
var gateFields = []string{"issuers", "peer", "routes", "grants"}

func isGate(root *node) bool {
	return slices.ContainsFunc(root.members, func(m member) bool { return slices.Contains(gateFields, m.name) })
}

// With returns the JSON of the configuration with other values, in JSON, at these pointers.
// Each leads to a value of the configuration.
func (c *Config) With(values map[string]string) string {
	return string(with(c.root, "", values).appendJSON(nil))
}

// with returns a copy of the value at a pointer with other values.
func with(n *node, pointer string, values map[string]string) *node {
	if value, ok := values[pointer]; ok {
		return &node{at: n.at, json: value}
	}
	changed := *n
	changed.members = slices.Clone(n.members)
	for i, m := range n.members {
		changed.members[i].value = with(m.value, pointer+strictjson.Pointer{m.name}.String(), values)
	}
	changed.items = slices.Clone(n.items)
	for i, item := range n.items {
		changed.items[i] = with(item, fmt.Sprintf("%s/%d", pointer, i), values)
	}
	return &changed
}
