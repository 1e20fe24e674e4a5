package schema_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// TestFieldsAreDescribed: each field of the schemas has a description and examples, which are
// valid, and each pattern has a text that says in words what it wants.
func TestFieldsAreDescribed(t *testing.T) {
	for _, file := range []string{schemaFile, narrowingSchema} {
		schema := readSchema(t, file)
		c := compiler(t)
		fields := 0
		visitSchema(schema, "", false, func(at string, s map[string]any, isField bool) {
			if s["pattern"] != nil && s["patternErrorMessage"] == nil {
				t.Errorf("%s%s: a pattern without patternErrorMessage", file, at)
			}
			if !isField {
				return
			}
			fields++
			description, _ := s["description"].(string)
			if !strings.HasSuffix(description, ".") || strings.TrimSpace(description) != description {
				t.Errorf("%s%s: the description must be sentences; got %q", file, at, description)
			}
			checkExamples(t, c, schema["$id"].(string)+"#"+at, s)
		})
		if fields < 7 {
			t.Errorf("%s: %d fields", file, fields)
		}
	}
}

// checkExamples holds the examples of a field, and its default, to its own schema.
func checkExamples(t *testing.T, c *jsonschema.Compiler, url string, field map[string]any) {
	t.Helper()
	examples, _ := field["examples"].([]any)
	s, err := c.Compile(url)
	if err != nil {
		t.Fatal(err)
	}
	if never, ok := field["not"].(map[string]any); ok && len(never) == 0 { // it is there to be refused
		return
	}
	if len(examples) == 0 {
		t.Errorf("%s: no examples", url)
	}
	if value, ok := field["default"]; ok {
		examples = append(examples, value)
	}
	for _, example := range examples {
		if err := validate(s, text(example)); err != nil {
			t.Errorf("%s: the example %s: %v", url, text(example), err)
		}
	}
}

// visitSchema calls visit with each schema in a schema, with its place, and whether it declares a
// field. What a condition says of a field that is declared elsewhere does not: its schema has
// properties, and not the type object.
func visitSchema(node any, at string, isField bool, visit func(at string, s map[string]any, isField bool)) {
	switch node := node.(type) {
	case map[string]any:
		visit(at, node, isField)
		for keyword, value := range node {
			at := at + "/" + keyword
			switch keyword {
			case "examples", "default", "if", "not":
			case "properties", "$defs":
				schemas, _ := value.(map[string]any)
				for name, s := range schemas {
					visitSchema(s, at+strictjson.Pointer{name}.String(), keyword == "properties" && node["type"] == "object", visit)
				}
			default:
				visitSchema(value, at, false, visit)
			}
		}
	case []any:
		for i, value := range node {
			visitSchema(value, at+"/"+strconv.Itoa(i), false, visit)
		}
	}
}

func readSchema(t *testing.T, file string) (schema map[string]any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}
