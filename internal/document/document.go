// Package document finds configurations of the gate in the documents of a terminal:
// in JSON or YAML, alone or inside a WasmPlugin, an EnvoyFilter or the configuration of
// an Envoy. It knows where each value stands in its file. What a configuration means is
// the gate's to say; the module does not link this package.
package document

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// Place is where something stands in a file. The zero Place is unknown.
type Place struct {
	Line, Column int // from 1; the column in characters
}

// String returns "LINE:COLUMN", or "" if the place is unknown.
func (p Place) String() string {
	if p.Line == 0 {
		return ""
	}
	return strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
}

// Problem is one mistake in a file.
type Problem struct {
	Place   Place
	Pointer string // RFC 6901, in the configuration if there is one, else in the document
	Message string
}

// Problems are the mistakes in a file.
type Problems []Problem

// Error returns a line for each mistake.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, x := range p {
		lines[i] = fmt.Sprintf("%s: %q: %s", x.Place, x.Pointer, x.Message)
	}
	return strings.Join(lines, "\n")
}

// kind is what a value is.
type kind int

const (
	scalar kind = iota
	object
	array
)

// node is a value of a document.
type node struct {
	kind    kind
	at      Place
	json    string   // of a scalar
	text    string   // of a scalar that is a string: what it says
	isText  bool     // the scalar is a string
	block   bool     // the string is a literal block of YAML, which begins in the line below
	members []member // of an object
	items   []*node  // of an array
}

// member is one member of an object.
type member struct {
	name  string
	at    Place // of the name
	value *node
}

// get returns the member of one of these names, which mean the same, or nil.
func (n *node) get(names ...string) *node {
	if n == nil {
		return nil
	}
	for _, m := range n.members {
		for _, name := range names {
			if m.name == name {
				return m.value
			}
		}
	}
	return nil
}

// string returns what a string says, and "" for another value.
func (n *node) string() string {
	if n == nil {
		return ""
	}
	return n.text
}

// appendJSON appends the value as JSON.
func (n *node) appendJSON(to []byte) []byte {
	switch n.kind {
	case object:
		to = append(to, '{')
		for i, m := range n.members {
			if i > 0 {
				to = append(to, ',')
			}
			to = m.value.appendJSON(append(append(to, quote(m.name)...), ':'))
		}
		return append(to, '}')
	case array:
		to = append(to, '[')
		for i, item := range n.items {
			if i > 0 {
				to = append(to, ',')
			}
			to = item.appendJSON(to)
		}
		return append(to, ']')
	}
	return append(to, n.json...)
}

// quote returns a string in JSON.
func quote(s string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // cannot fail for a string
	return strings.TrimSuffix(b.String(), "\n")
}

// find returns the place of a pointer: of a member's name, or of an item. A pointer that
// leads out of the document has the place of the last value on its way.
func (n *node) find(pointer string) Place {
	at := n.at
	tokens, err := strictjson.ParsePointer(pointer)
	if err != nil {
		return at
	}
	for _, token := range tokens {
		i, notIndex := strconv.Atoi(token)
		switch {
		case n.kind == array && notIndex == nil && 0 <= i && i < len(n.items):
			n = n.items[i]
			at = n.at
		case n.kind == object:
			found := false
			for _, m := range n.members {
				if m.name == token {
					n, at, found = m.value, m.at, true
				}
			}
			if !found {
				return at
			}
		default:
			return at
		}
	}
	return at
}

// ToJSON returns the one document of a text, in JSON or YAML, as JSON. JSON is returned
// as it is. The error is of the type Problems.
func ToJSON(text string) (string, error) {
	documents, err := parse(text)
	switch {
	case err != nil:
		return "", err
	case len(documents) != 1:
		return "", Problems{{Message: fmt.Sprintf("must be one document; got %d", len(documents))}}
	case isJSON(text):
		return text, nil
	}
	return string(documents[0].appendJSON(nil)), nil
}

// AllToJSON returns each document of a text, as ToJSON does.
func AllToJSON(text string) ([]string, error) {
	documents, err := parse(text)
	if err != nil {
		return nil, err
	}
	list := make([]string, len(documents))
	for i, d := range documents {
		list[i] = string(d.appendJSON(nil))
	}
	return list, nil
}

// parse reads the documents of a text. YAML may have several.
func parse(text string) ([]*node, error) {
	if !isJSON(text) {
		return parseYAML(text)
	}
	n, err := parseJSON(text, func(p Place) Place { return p })
	if err != nil {
		return nil, err
	}
	return []*node{n}, nil
}

// isJSON reports whether a text is read as JSON: it begins as an object or an array does.
// What is wrong with it is then said in the terms of JSON.
func isJSON(text string) bool {
	text = strings.TrimLeft(text, " \t\r\n\ufeff")
	return strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")
}
