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
	schemaFile      = "../../manifests/config.schema.json"
	narrowingSchema = "../../manifests/narrowing.schema.json"
	configs         = "../../internal/gate/testdata/config/"
	narrowings      = "../../internal/gate/testdata/narrowing/"
	manifestFiles   = "../../manifests/istio/*/wasmplugin.yaml"
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

func compile(t testing.TB) *jsonschema.Schema { return compileFile(t, schemaFile) }

// compileFile compiles one of the schemas.
func compileFile(t testing.TB, path string) *jsonschema.Schema {
	t.Helper()
	s, err := compiler(t).Compile("https://github.com/modelgate/modelgate/manifests/" + filepath.Base(path))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// compiler knows the schemas by their addresses, by which they refer to each other.
func compiler(t testing.TB) *jsonschema.Compiler {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	for _, file := range []string{schemaFile, narrowingSchema} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(doc.(map[string]any)["$id"].(string), doc); err != nil {
			t.Fatal(err)
		}
	}
	return c
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

// TestNarrowingSchema: what the parser accepts the schema accepts, as are the narrowings of
// the examples and what is refused only beside a configuration. It refuses what the parser
// refuses, except for names that are there twice.
func TestNarrowingSchema(t *testing.T) {
	s := compileFile(t, narrowingSchema)
	for path, doc := range documents(t, narrowings+"accepted/*.json", narrowings+"beside/*.json", "../../examples/*/narrowing.json") {
		if _, err := gate.NewNarrowingDocument(doc); err != nil {
			t.Errorf("%s: the parser refuses it:\n%v", path, err)
		}
		if err := validate(s, doc); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	for path, doc := range documents(t, narrowings+"refused/*.json") {
		if err := validate(s, doc); err == nil && filepath.Base(path) != "repeated.json" {
			t.Errorf("%s: the schema accepts it", path)
		}
	}
}

// TestNarrowingParserAcceptsImpliesSchemaAccepts changes every accepted narrowing in every
// place.
func TestNarrowingParserAcceptsImpliesSchemaAccepts(t *testing.T) {
	s := compileFile(t, narrowingSchema)
	fields := map[string]any{}
	accepted := documents(t, narrowings+"accepted/*.json")
	for _, doc := range accepted {
		collect(parse(t, doc), fields)
	}
	tried, taken := 0, 0
	for _, doc := range accepted {
		mutate(parse(t, doc), fields, func(string) bool { return true }, func(whole any) {
			mutant := text(whole)
			tried++
			if _, err := gate.NewNarrowingDocument(mutant); err != nil {
				return
			}
			if taken++; validate(s, mutant) != nil {
				t.Errorf("the parser accepts what the schema refuses:\n%s\n%v", mutant, validate(s, mutant))
			}
		})
	}
	t.Logf("%d mutants, %d of them accepted", tried, taken)
	if tried < 500 || taken < 50 {
		t.Error("too few mutants to prove anything")
	}
}

// TestManifestsNameTheirSchema: the first line of each manifest with a configuration in YAML tells editors
// where the schema is.
func TestManifestsNameTheirSchema(t *testing.T) {
	for path, text := range documents(t, manifestFiles) {
		line, _, _ := strings.Cut(text, "\n")
		schema, ok := strings.CutPrefix(line, "# yaml-language-server: $schema=")
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), schema)); err != nil || !ok {
			t.Errorf("%s: %q names no schema (%v)", path, line, err)
		}
	}
}
