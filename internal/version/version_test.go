package version_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/version"
)

// image is a place that names an image of a version, or the version that a proxy logs.
var image = regexp.MustCompile(`(?:modelgate/modelgate:|model gate: version |-version )v?(\d+\.\d+\.\d+)`)

// TestSameVersion: what names a version of model gate names this one.
func TestSameVersion(t *testing.T) {
	found := 0
	for _, dir := range []string{"manifests", "docs", "examples"} {
		err := filepath.WalkDir(filepath.Join("../..", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(path, ".yaml") && !strings.HasSuffix(path, ".md") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range image.FindAllStringSubmatch(string(text), -1) {
				if found++; m[1] != version.Number {
					t.Errorf("%s names %s, want %s", path, m[1], version.Number)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 5 {
		t.Errorf("%d versions are named, want 5 at least", found)
	}
	for file, lines := range map[string][]string{
		"manifests/helm/modelgate/Chart.yaml": {"version: " + version.Number, "appVersion: " + version.Number},
		"CHANGELOG.md":                        {"## " + version.Number},
	} {
		text, err := os.ReadFile(filepath.Join("../..", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if !strings.Contains(string(text), "\n"+line+"\n") {
				t.Errorf("%s has no line %q", file, line)
			}
		}
	}
}
