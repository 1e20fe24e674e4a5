// Package schema_test compares the JSON Schema of the configuration with the parser. The
// schema must accept every configuration that the filter accepts.
// testdata/unsayable.txt lists what the filter refuses and the schema cannot refuse.
package schema_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	schemaFile = "../../manifests/config.schema.json"
	configs    = "../../internal/gate/testdata/config/"
)

// secret gives every environment variable a key long enough for each algorithm, …JWKS a key
// set, and what signs the 32 bytes of Ed25519.
func secret(name string) (string, bool) {
	if strings.HasSuffix(name, "JWKS") {
		return `{"keys": [{"kty": "EC", "crv": "P-256", "x": "NiwHfKttbbmuH16v2nGLsVeFOrRpueljVehAbSDOM58",
			"y": "SqYj14Wj3sx9zk754KUrrjOQsnv_SxePQO9iga144nk"}]}`, true
	}
	if name == "KEY32" || strings.HasSuffix(name, "_SIGNING_KEY") {
		return strings.Repeat("A", 43), true
	}
	return strings.Repeat("A", 86), true
}

func compile(t testing.TB) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	s, err := c.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate holds a document to the schema; what is no JSON fails.
func validate(s *jsonschema.Schema, doc string) error {
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(doc))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// documents reads all files of a pattern.
func documents(t testing.TB, patterns ...string) map[string]string {
	t.Helper()
	docs := map[string]string{}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: no files (%v)", pattern, err)
		}
		for _, path := range paths {
			doc, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			docs[path] = string(doc)
		}
	}
	return docs
}

func accepted(t testing.TB) map[string]string {
	return documents(t, configs+"accepted/*.json", "../../examples/*/config.json")
}

func TestAcceptedConfigurationsValidate(t *testing.T) {
	s := compile(t)
	for path, doc := range accepted(t) {
		if _, err := gate.New(doc, secret); err != nil {
			t.Errorf("%s: the parser refuses it:\n%v", path, err)
		}
		if err := validate(s, doc); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestRefusedConfigurationsFail knows by name those that a schema cannot find
// fault with.
func TestRefusedConfigurationsFail(t *testing.T) {
	s := compile(t)
	list, err := os.ReadFile("testdata/unsayable.txt")
	if err != nil {
		t.Fatal(err)
	}
	unsayable := strings.Fields(string(list))
	for path, doc := range documents(t, configs+"refused/*.json") {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		listed := slices.Contains(unsayable, name)
		unsayable = slices.DeleteFunc(unsayable, func(s string) bool { return s == name })
		if err := validate(s, doc); (err == nil) != listed {
			t.Errorf("%s: the schema says %v; listed as unsayable: %v", name, err, listed)
		}
	}
	for _, name := range unsayable {
		t.Errorf("testdata/unsayable.txt has %s, which is no refused configuration", name)
	}
}
