package document

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// parseYAML reads the documents of a text in YAML. It leaves empty ones out. What JSON
// cannot say, and what readers of YAML 1.1 (kubectl) and of YAML 1.2 read in two ways, is
// a mistake.
func parseYAML(text string) ([]*node, error) {
	loader, err := yaml.NewLoader(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	var documents []*node
	r := yamlReader{left: maxNodes}
	for {
		var document yaml.Node
		err := loader.Load(&document)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, syntaxProblem(err)
		}
		for _, root := range document.Content {
			if root.Kind != yaml.ScalarNode || root.Value != "" || root.Style != 0 {
				documents = append(documents, r.value(root, "", 0))
			}
		}
	}
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	return documents, nil
}

// syntaxProblem returns the problem of a text that is no YAML.
func syntaxProblem(err error) Problems {
	var syntax *yaml.LoadError
	if !errors.As(err, &syntax) {
		return Problems{{Message: err.Error()}}
	}
	p := Problem{Place: Place{syntax.Mark.Line, syntax.Mark.Column}, Message: "must be YAML; got " + syntax.Message}
	if syntax.ContextMsg != "" {
		p.Message += " " + syntax.ContextMsg
	}
	return Problems{p}
}

// maxNodes is how many values a text may have, with those that aliases repeat: an alias of
// aliases can stand for more than memory holds.
const maxNodes = 1_000_000

// yamlReader reads values of YAML as those of JSON.
type yamlReader struct {
	problems Problems
	left     int // how many more values may be read
}

func (r *yamlReader) fail(n *yaml.Node, pointer, format string, args ...any) {
	r.problems = append(r.problems, Problem{Place{n.Line, n.Column}, pointer, fmt.Sprintf(format, args...)})
}

// value reads a value that is inside depth others.
func (r *yamlReader) value(n *yaml.Node, pointer string, depth int) *node {
	found := &node{at: Place{n.Line, n.Column}, json: "null"}
	if r.left <= 0 || depth > strictjson.MaxDepth {
		if r.left >= 0 {
			r.left = -1 // said once
			r.fail(n, pointer, "must have at most %d values, and %d inside each other; aliases count as often as they are used",
				maxNodes, strictjson.MaxDepth)
		}
		return found
	}
	r.left--
	switch n.Kind {
	case yaml.AliasNode:
		value := r.value(n.Alias, pointer, depth+1)
		value.at = found.at
		return value
	case yaml.MappingNode:
		r.mapping(found, n, pointer, depth)
	case yaml.SequenceNode:
		found.kind = array
		if n.ShortTag() != "!!seq" {
			r.fail(n, pointer, "must have no tag; got %s", n.Tag)
		}
		for i, item := range n.Content {
			found.items = append(found.items, r.value(item, fmt.Sprintf("%s/%d", pointer, i), depth+1))
		}
	default:
		r.scalar(found, n, pointer)
	}
	return found
}

// mapping reads an object.
func (r *yamlReader) mapping(found *node, n *yaml.Node, pointer string, depth int) {
	found.kind = object
	if n.ShortTag() != "!!map" {
		r.fail(n, pointer, "must have no tag; got %s", n.Tag)
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := &node{}
		switch key := n.Content[i]; {
		case key.ShortTag() == "!!merge":
			r.fail(key, pointer, "must have no merge key (<<): repeat its members")
		case key.Kind != yaml.ScalarNode:
			r.fail(key, pointer, "must have names that are texts")
		default:
			if r.scalar(name, key, pointer); !name.isText {
				r.fail(key, pointer, "must have names that are texts: write %q in quotes", key.Value)
			}
		}
		key := n.Content[i]
		if first, repeated := lines[name.text]; repeated && name.isText {
			r.fail(key, pointer, "must have each name once; got %q in line %d already", name.text, first)
		}
		lines[name.text] = key.Line
		below := pointer + strictjson.Pointer{name.text}.String()
		found.members = append(found.members, member{name.text, Place{key.Line, key.Column}, r.value(n.Content[i+1], below, depth+1)})
	}
}

// Ambiguous reports whether a plain text is a boolean for readers of YAML 1.1
// (yaml.org/type/bool.html), as kubectl is, and a text for those of YAML 1.2. One of them is
// y, the name that a JWK has for a coordinate.
func Ambiguous(text string) bool {
	return slices.Contains([]string{"y", "n", "yes", "no", "on", "off"}, strings.ToLower(text))
}

// jsonNumber is a number that JSON and both versions of YAML read alike.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// scalar reads a value that is neither an object nor an array.
func (r *yamlReader) scalar(found *node, n *yaml.Node, pointer string) {
	switch tag := n.ShortTag(); {
	case n.Style&yaml.TaggedStyle != 0:
		r.fail(n, pointer, "must have no tag; got %s", n.Tag)
	case tag == "!!null":
	case tag == "!!bool":
		found.json = strings.ToLower(n.Value)
	case tag == "!!int" || tag == "!!float":
		if found.json = n.Value; !jsonNumber.MatchString(n.Value) {
			found.json = "null"
			r.fail(n, pointer, "must be a number as JSON writes it, or a text in quotes; got %s", n.Value)
		}
	case n.Style == 0 && Ambiguous(n.Value):
		found.text, found.isText = n.Value, true
		r.fail(n, pointer, "must be true or false, or a text in quotes: kubectl and others take a plain %s for a boolean", n.Value)
	default: // a time too
		found.text, found.json, found.isText, found.block = n.Value, quote(n.Value), true, n.Style == yaml.LiteralStyle
	}
}
