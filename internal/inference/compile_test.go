package inference_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// TestProblems compiles the routes of the configurations that the gate is known
// to refuse: alone, they have the same problems.
func TestProblems(t *testing.T) {
	paths, err := filepath.Glob("../gate/testdata/config/refused/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no configurations: %v", err)
	}
	for _, path := range paths {
		doc, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(strings.TrimSuffix(path, ".json") + ".want")
		if err != nil {
			t.Fatal(err)
		}
		var problems strictjson.Problems
		root, ok := strictjson.Parse(string(doc), &problems)
		if !ok || !root.JSON().IsObject() {
			continue
		}
		o := root.Object("version", "issuers", "routes", "groups", "grants", "denies", "iam", "identity", "audit")
		problems = nil // unknown fields of the whole are not asked for
		inference.Compile(o.Get("routes"), o.Get("serves"))
		var expected []string
		for line := range strings.Lines(string(want)) {
			if strings.HasPrefix(line, `"/routes`) || strings.HasPrefix(line, `"/serves`) {
				expected = append(expected, strings.TrimSuffix(line, "\n"))
			}
		}
		if got := problems.Error(); got != strings.Join(expected, "\n") {
			t.Errorf("%s: problems are\n%s\nwant\n%s", path, got, strings.Join(expected, "\n"))
		}
	}
}
