package schema_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/strictjson"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// mistake is a configuration with a mistake.
type mistake struct {
	name   string
	config string
	at     string // a JSON Pointer to the field at fault
}

// right is a configuration without mistakes.
const right = `{
	"version": 1,
	"issuers": [{"name": "corp", "issuer": "https://login.example.com", "algorithms": ["RS256"], "audiences": ["models"],
		"jwks": {"remote": {"uri": "https://login.example.com/keys", "cluster": "login"}}}],
	"routes": [{"protocol": "kserve-v1", "names": "kserve"}],
	"grants": [{"name": "a", "issuers": ["corp"], "members": ["user:ana@example.com"], "role": "invoker", "models": ["prod/fraud"]}]
}`

// mistakes reads testdata/mistakes.txt, which says what its lines are.
func mistakes(t *testing.T) (list []mistake) {
	t.Helper()
	text, err := os.ReadFile("testdata/mistakes.txt")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(strings.TrimSpace(string(text)), "\n\n")
	for _, block := range blocks[1:] { // the first says what this is
		var m mistake
		config := map[string]json.RawMessage{}
		if err := json.Unmarshal([]byte(right), &config); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(block) {
			field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			switch field {
			case "#":
				m.name = value
			case "at":
				m.at = value
			default:
				config[field] = json.RawMessage(value)
			}
		}
		whole, err := json.Marshal(config)
		if err != nil {
			t.Fatalf("%s: %v", m.name, err)
		}
		m.config = string(whole)
		list = append(list, m)
	}
	return list
}

// TestMistakesAreMarkedAtTheField: the schema finds fault with the field that is wrong, and with
// nothing else, so that an editor marks this field. The parser refuses what the schema refuses.
func TestMistakesAreMarkedAtTheField(t *testing.T) {
	s := compile(t)
	if err := validate(s, right); err != nil {
		t.Fatal(err)
	}
	for _, m := range mistakes(t) {
		var found *jsonschema.ValidationError
		if err := validate(s, m.config); !errors.As(err, &found) {
			t.Errorf("%s: the schema accepts it (%v)", m.name, err)
			continue
		}
		if places := faults(found); !slices.Equal(places, []string{m.at}) {
			t.Errorf("%s: faults at %q, want %q", m.name, places, m.at)
		}
		if _, err := gate.New(m.config, secret); err == nil {
			t.Errorf("%s: the parser accepts it", m.name)
		}
	}
}

// faults are the places of what fails by itself, as JSON Pointers, each once.
func faults(e *jsonschema.ValidationError) []string {
	places := map[string]bool{}
	var visit func(e *jsonschema.ValidationError)
	visit = func(e *jsonschema.ValidationError) {
		at := func(more ...string) string {
			return strictjson.Pointer(append(slices.Clone(e.InstanceLocation), more...)).String()
		}
		switch k := e.ErrorKind.(type) {
		case *kind.AdditionalProperties:
			for _, name := range k.Properties {
				places[at(name)] = true
			}
			return
		case *kind.PropertyNames:
			places[at(k.Property)] = true
			return
		}
		if len(e.Causes) == 0 {
			places[at()] = true
		}
		for _, cause := range e.Causes {
			visit(cause)
		}
	}
	visit(e)
	return slices.Sorted(maps.Keys(places))
}
