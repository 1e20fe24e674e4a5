package authz_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// TestProblems compiles the policies of the configurations that the gate is
// known to refuse: alone, they have the same problems.
func TestProblems(t *testing.T) {
	paths, err := filepath.Glob("../gate/testdata/config/refused/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no configurations: %v", err)
	}
	key := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
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
		issuers, _ := authn.Compile(o.Get("issuers"), o.Get("peer"), func(string) (string, bool) { return key, true })
		problems = nil // those of the issuers are not asked for
		authz.Compile(authz.Source{Groups: o.Get("groups"), Grants: o.Get("grants"), Denies: o.Get("denies"), IAM: o.Get("iam")}, issuers)
		var expected []string
		for line := range strings.Lines(string(want)) {
			switch section, _, _ := strings.Cut(strings.TrimPrefix(line, `"/`), `"`); strings.SplitN(section, "/", 2)[0] {
			case "groups", "grants", "denies", "iam":
				expected = append(expected, strings.TrimSuffix(line, "\n"))
			}
		}
		if got := problems.Error(); got != strings.Join(expected, "\n") {
			t.Errorf("%s: problems are\n%s\nwant\n%s", path, got, strings.Join(expected, "\n"))
		}
	}
}
