//go:build pages

package pages

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

var pictures = flag.String("pictures", "", "directory for pictures of the pages; the default is a temporary one")

// look is what a user sees of a page.
type look struct {
	Count, Ground string
	Rows          [][]string // of the table's body, as far as they are visible
	Form          bool
}

// seen is what page.mjs prints.
type seen struct {
	Errors, Requests                                    []string
	First, Member, Model, Verb, Dark, LightAgain, Print look
}

// TestMatrix writes the page of examples/iap, and uses it.
func TestMatrix(t *testing.T) {
	page := filepath.Join(t.TempDir(), "access.html")
	cmd := exec.Command("go", "run", "./cmd/modelgate", "matrix", "--config", "examples/iap/config.json", "-o", "html")
	cmd.Dir, cmd.Stderr = "../..", os.Stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(page, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, page)
	if len(s.Errors) != 0 || len(s.Requests) != 1 || !strings.HasPrefix(s.Requests[0], "file:") {
		t.Errorf("the page has errors %q and requests %q, want none but the page itself", s.Errors, s.Requests)
	}
	for _, c := range []struct {
		name          string
		got           look
		rows, columns int
		first         string
	}{
		{"all", s.First, 5, 7, "allUsers – – – – – –"},
		{"members searched", s.Member, 1, 7, "user:ana@example.com iap viewer invoker viewer predict generate metadata ready list viewer invoker"},
		{"models searched", s.Model, 5, 2, "allUsers –"},
		{"one verb", s.Verb, 5, 2, "allUsers –"},
	} {
		if len(c.got.Rows) != c.rows || len(c.got.Rows[0]) != c.columns || strings.Join(c.got.Rows[0], " ") != c.first {
			t.Errorf("%s: %q, want %d rows of %d, the first %q", c.name, c.got.Rows, c.rows, c.columns, c.first)
		}
	}
	if last := s.Verb.Rows[len(s.Verb.Rows)-1]; strings.Join(last, " ") != "user:ana@example.com iap all" {
		t.Errorf("one verb: the last row is %q", last)
	}
	if s.Dark.Ground == s.First.Ground || s.LightAgain.Ground != s.First.Ground {
		t.Errorf("the ground is %s, dark %s, and light again %s", s.First.Ground, s.Dark.Ground, s.LightAgain.Ground)
	}
	if s.Print.Form || !s.First.Form || len(s.Print.Rows) != 5 {
		t.Errorf("printed with the form: %v, and %d rows; want the rows alone", s.Print.Form, len(s.Print.Rows))
	}
}

// open uses a page in a browser.
func open(t *testing.T, page string) (s seen) {
	t.Helper()
	dir, err := testbed.Tool("../..", "browser")
	if err != nil {
		t.Fatal(err)
	}
	if *pictures == "" {
		*pictures = t.TempDir()
	}
	cmd := exec.Command("node", "page.mjs", dir, page, *pictures)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatal(err)
	}
	return s
}
