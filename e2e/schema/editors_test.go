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
	all := editors(t, texts)
	for _, editor := range []string{"json", "yaml"} {
		marks := all[editor]
		if len(marks) != len(texts) {
			t.Fatalf("%s: %d results, want %d", editor, len(marks), len(texts))
		}
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
	for i, marks := range editors(t, nil, files...)["files"] {
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

// editors returns the marks of each document, by editor, and those of each file.
func editors(t *testing.T, texts []string, files ...string) (marks map[string][][]mark) {
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
	list, _ := json.Marshal(append([]string{}, texts...))
	write(t, file, string(list))
	cmd := exec.CommandContext(t.Context(), "node", append([]string{"editors.mjs", dir, schema, file}, files...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &marks); err != nil || len(marks) != 3 || len(marks["files"]) != len(files) {
		t.Fatalf("%v: %d lists of marks, %d of files; want 3 and %d", err, len(marks), len(marks["files"]), len(files))
	}
	return marks
}
