package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"
)

// schema is a JSON Schema, or another value in one. Its members have the order of the file.
type schema struct {
	node *yaml.Node
	file *file
}

// file is a file with a schema.
type file struct {
	root  *yaml.Node
	files map[string]*file // by name, for references to other files
}

// load reads the schemas of a directory, and returns them by name.
func load(dir string, names ...string) (map[string]*file, error) {
	files := map[string]*file{}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		var root yaml.Node
		if err := yaml.Unmarshal(text, &root); err != nil || len(root.Content) != 1 {
			return nil, errors.Join(err, fmt.Errorf("%s must be one document", name))
		}
		files[name] = &file{root: root.Content[0], files: files}
	}
	return files, nil
}

// get follows a path of members; the zero schema where it leads nowhere.
func (s schema) get(path ...string) schema {
	for _, name := range path {
		var next *yaml.Node
		for i := 0; s.node != nil && s.node.Kind == yaml.MappingNode && i+1 < len(s.node.Content); i += 2 {
			if s.node.Content[i].Value == name {
				next = s.node.Content[i+1]
			}
		}
		s.node = next
	}
	return s
}

func (s schema) exists() bool { return s.node != nil }

// text is a scalar as a text, or "".
func (s schema) text() string {
	if s.node == nil {
		return ""
	}
	return s.node.Value
}

// items are the items of a list.
func (s schema) items() (list []schema) {
	if s.node == nil || s.node.Kind != yaml.SequenceNode {
		return nil
	}
	for _, n := range s.node.Content {
		list = append(list, schema{n, s.file})
	}
	return list
}

// members are the members of an object, in order.
func (s schema) members(yield func(name string, value schema) bool) {
	if s.node == nil || s.node.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(s.node.Content); i += 2 {
		if !yield(s.node.Content[i].Value, schema{s.node.Content[i+1], s.file}) {
			return
		}
	}
}

// has reports whether a list has a text.
func (s schema) has(text string) bool {
	for _, item := range s.items() {
		if item.text() == text {
			return true
		}
	}
	return false
}

// resolve follows references. name is that of the last definition, or "".
func (s schema) resolve() (_ schema, name string) {
	for s.get("$ref").exists() {
		where, pointer, _ := strings.Cut(s.get("$ref").text(), "#/")
		f := s.file
		if where != "" {
			f = s.file.files[where]
		}
		path := strings.Split(pointer, "/")
		s, name = schema{f.root, f}.get(path...), path[len(path)-1]
	}
	return s, name
}

// json is the value on one line.
func (s schema) json() string {
	switch s.node.Kind {
	case yaml.MappingNode:
		var list []string
		for name, value := range s.members {
			list = append(list, quoted(name)+": "+value.json())
		}
		return "{" + strings.Join(list, ", ") + "}"
	case yaml.SequenceNode:
		var list []string
		for _, item := range s.items() {
			list = append(list, item.json())
		}
		return "[" + strings.Join(list, ", ") + "]"
	}
	if s.node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		return quoted(s.node.Value)
	}
	return s.node.Value
}

func quoted(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}
