//go:build editors

package schema_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// mark is a place that an editor marks, and what it says there.
type mark struct{ At, Says string }

// TestEditors has the language servers of editors read each configuration with a mistake: that of
// Visual Studio Code for JSON, and yaml-language-server. They mark the field at fault.
func TestEditors(t *testing.T) {
	list := mistakes(t)
	texts := []string{right}
	for _, m := range list {
		texts = append(texts, m.config)
	}
	answer := editors(t, question{Texts: texts})
	for editor, marks := range map[string][][]mark{"json": answer.JSON, "yaml": answer.YAML} {
		if len(marks[0]) != 0 {
			t.Errorf("%s marks a configuration without mistakes: %v", editor, marks[0])
		}
		for i, m := range list {
			if len(marks[i+1]) == 0 {
				t.Errorf("%s: %s: nothing is marked", editor, m.name)
			}
			for _, found := range marks[i+1] {
				t.Logf("%s: %s: %s: %s", editor, m.name, found.At, found.Says)
				if found.At != m.at {
					t.Errorf("%s: %s: %q is marked (%s), want %q", editor, m.name, found.At, found.Says, m.at)
				}
			}
		}
	}
}

// TestManifests: yaml-language-server reads the configuration inside each WasmPlugin by the line that
// names the schema. It marks nothing, and then the mistake that is made in it.
func TestManifests(t *testing.T) {
	manifests := documents(t, manifestFiles)
	dir := t.TempDir()
	for path, text := range documents(t, "../../manifests/*.json") {
		write(t, filepath.Join(dir, filepath.Base(path)), text)
	}
	var files, want []string
	for _, path := range slices.Sorted(maps.Keys(manifests)) {
		text := manifests[path]
		at := strings.Count(text[:strings.Index(text, "\n    grants:")], "\n") + 2
		wrong := filepath.Join(dir, "istio", filepath.Base(filepath.Dir(path)), "wrong.yaml")
		write(t, wrong, strings.Replace(text, "\n    grants:", "\n    grant:", 1))
		path, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		files, want = append(files, path, wrong), append(want, "", fmt.Sprintf("%d:5", at))
	}
	for i, marks := range editors(t, question{Texts: []string{}}, files...).Files {
		var got []string
		for _, found := range marks {
			t.Logf("%s:%s: %s", files[i], found.At, found.Says)
			got = append(got, found.At)
		}
		if strings.Join(got, " ") != want[i] {
			t.Errorf("%s: marks at %q, want %q", files[i], got, want[i])
		}
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(file), 0o700)
	if err == nil {
		err = os.WriteFile(file, []byte(text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestEditorsHelp: editors show what the schema says of a field, and offer those of the protocol, although
// both are behind conditions.
func TestEditorsHelp(t *testing.T) {
	ask := map[string]asked{
		"json": place(`{"version": 1, "routes": [{"protocol": "openai", "b<ase": "/v1", >}],
			"issuers": [{"name": "corp", "clockSkew": "30s"}]}`),
		"yaml": place("version: 1\nroutes:\n  - protocol: openai\n    b<ase: /v1\n    >\n"),
	}
	help := editors(t, question{Texts: []string{}, Ask: ask}).Help
	for editor, got := range help {
		if !strings.Contains(got.Shows, "The beginning of the server's own paths") {
			t.Errorf("%s shows %s at base", editor, got.Shows)
		}
		for _, field := range []string{"bodyKeys", "storedObjects", "modelHeader"} {
			if !slices.Contains(got.Offers, field) {
				t.Errorf("%s does not offer %s, but %q", editor, field, got.Offers)
			}
		}
		for _, field := range []string{"resources", "backend", "lists"} {
			if slices.Contains(got.Offers, field) {
				t.Errorf("%s offers %s for openai", editor, field)
			}
		}
	}
	if len(help) != 2 {
		t.Errorf("%d editors, want 2", len(help))
	}
}

// asked is a document with a place to point at, and one to write at.
type asked struct {
	Text  string `json:"text"`
	Point int    `json:"point"`
	Write int    `json:"write"`
}

// place takes the marks of both places out of a document: < after the first letter of a name, and >.
func place(text string) (a asked) {
	a.Point, a.Text = strings.Index(text, "<"), strings.Replace(text, "<", "", 1)
	a.Write = strings.Index(a.Text, ">")
	a.Text = strings.NewReplacer("<", "", ">", "").Replace(a.Text)
	return a
}

// question is what the editors read.
type question struct {
	Texts []string         `json:"texts"`
	Ask   map[string]asked `json:"ask"`
}

// answer has the marks of each text, by the editor, those of each file, and what is shown and offered.
type answer struct {
	JSON, YAML, Files [][]mark
	Help              map[string]struct {
		Shows  string
		Offers []string
	}
}

// editors has the editors read documents and files.
func editors(t *testing.T, q question, files ...string) (a answer) {
	t.Helper()
	dir, err := testbed.Tool("../..", "editors")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := filepath.Abs(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "documents.json")
	list, _ := json.Marshal(q)
	write(t, file, string(list))
	cmd := exec.CommandContext(t.Context(), "node", append([]string{"editors.mjs", dir, schema, file}, files...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &a); err != nil || len(a.JSON) != len(q.Texts) || len(a.YAML) != len(q.Texts) || len(a.Files) != len(files) {
		t.Fatalf("%v: marks of %d, %d and %d documents, want %d, %d and %d", err, len(a.JSON), len(a.YAML), len(a.Files),
			len(q.Texts), len(q.Texts), len(files))
	}
	return a
}
