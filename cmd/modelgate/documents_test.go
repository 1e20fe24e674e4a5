package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/document"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

const repository = "../.."

// documents returns the names of all Markdown files of the repository.
func documents(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir(repository, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "build" || d.Name() == "node_modules" || path != repository && d.Name()[0] == '.'):
			return fs.SkipDir
		case strings.HasSuffix(path, ".md"):
			names = append(names, path)
		}
		return nil
	})
	if err != nil || len(names) < 60 {
		t.Fatalf("%d documents, want at least 60: %v", len(names), err)
	}
	return names
}

func readDocument(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var fence = regexp.MustCompile("(?ms)^( *)```(json|yaml)\\n(.*?)^ *```$")

// TestFragments: each fragment of JSON or YAML in a document is what it shows. A whole
// configuration compiles, a part of one does in a configuration that is like it, and cases are
// decided as they say, by the page's configuration before them, or else by that of examples/iap.
func TestFragments(t *testing.T) {
	kinds := map[string]int{}
	for _, name := range documents(t) {
		config := iapConfig
		for _, m := range fence.FindAllStringSubmatch(readDocument(t, name), -1) {
			text := strings.TrimPrefix(strings.ReplaceAll("\n"+m[3], "\n"+m[1], "\n"), "\n")
			f := fragment{file: name, text: text, config: config}
			f.read(t)
			kinds[f.kind]++
			config = f.config
		}
	}
	for kind, least := range map[string]int{"configuration": 9, "part": 20, "cases": 9} {
		if kinds[kind] < least {
			t.Errorf("the documents have %d of the kind %s, want at least %d: are they recognized?", kinds[kind], kind, least)
		}
	}
}

// fragment is a block of a document.
type fragment struct {
	file, text string
	config     string // the file with the last configuration
	kind       string // what it was taken for; "" for what only has to be JSON or YAML
}

func (f *fragment) read(t *testing.T) {
	t.Helper()
	values, err := parseFragment(f.text)
	if err != nil {
		t.Errorf("%s: %v in:\n%s", f.file, err, f.text)
		return
	}
	if found, err := document.Read(f.text); err == nil && (found.Configs[0].Name != "" || isWhole(values[0])) {
		f.kind = "configuration"
		f.config = write(t, "config.yaml", f.text)
		f.check(t, f.config)
		return
	}
	for _, value := range values {
		if cases := casesOf(value); cases != nil {
			f.kind = "cases"
			f.decide(t, cases)
		} else if config := completed(t, value); config != nil {
			f.kind = "part"
			text, err := json.Marshal(config)
			if err != nil {
				t.Fatal(err)
			}
			f.check(t, write(t, "config.json", string(text)))
		}
	}
}

// check compiles a configuration.
func (f *fragment) check(t *testing.T, file string) {
	t.Helper()
	if got := runCommand(anySecret, "", "check", file); got.status != 0 {
		t.Errorf("%s: check = %+v of\n%s", f.file, got, readDocument(t, file))
	}
}

// decide runs cases by the last configuration.
func (f *fragment) decide(t *testing.T, cases []any) {
	t.Helper()
	text, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	got := runCommand(anySecret, "", "test", f.config, write(t, "cases.json", string(text)))
	if got.status != 0 {
		t.Errorf("%s: test = %+v of\n%s", f.file, got, f.text)
	}
}

// anySecret has a value for every variable: a secret, a credential or a set of keys.
func anySecret(name string) (string, bool) {
	if strings.HasSuffix(name, "JWKS") {
		return `{"keys": [{"kty": "EC", "crv": "P-256", "kid": "1", "alg": "ES256", "x": "NiwHfKttbbmuH16v2nGLsVeFOrRpueljVehAbSDOM58",
			"y": "SqYj14Wj3sx9zk754KUrrjOQsnv_SxePQO9iga144nk"}]}`, true
	}
	return strings.Repeat("c2VjcmV0", 11), true
}

// TestProviderPages: each page about an identity provider has a configuration, and cases of its
// tokens that are allowed and refused.
func TestProviderPages(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(repository, "docs", "providers", "*.md"))
	if err != nil || len(pages) < 9 {
		t.Fatalf("%d pages, want at least 9: %v", len(pages), err)
	}
	for _, page := range pages {
		var config, cases string
		for _, m := range fence.FindAllStringSubmatch(readDocument(t, page), -1) {
			values, err := parseFragment(m[3])
			switch {
			case err != nil: // reported above
			case isWhole(values[0]):
				config, _ = document.ToJSON(m[3])
			case casesOf(values[0]) != nil:
				cases, _ = document.ToJSON(m[3])
			}
		}
		s, err := corpus.New(page, config, cases)
		if err != nil {
			t.Errorf("%s: %v", page, err)
			continue
		}
		lines, err := runCases(s, time.Now())
		if err != nil {
			t.Errorf("%s: %v", page, err)
			continue
		}
		allowed := 0
		for i, line := range lines {
			if strings.HasPrefix(line.Got, "allow ") && s.Cases[i].Token != nil {
				allowed++
			}
		}
		if allowed == 0 || allowed == len(lines) {
			t.Errorf("%s: %d of %d cases are allowed, want one of each kind", page, allowed, len(lines))
		}
	}
}
