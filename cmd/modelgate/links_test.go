package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	block   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	heading = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
)

// TestLinks: each link of a document to a file of the repository leads to one, and one with a
// heading to that heading.
func TestLinks(t *testing.T) {
	count := 0
	for _, name := range documents(t) {
		text := block.ReplaceAllString(readDocument(t, name), "")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			file, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			count++
			target := name
			if file != "" {
				target = filepath.Join(filepath.Dir(name), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: (%s) leads to no file", name, m[1])
			} else if anchor != "" && !anchors(readDocument(t, target))[anchor] {
				t.Errorf("%s: (%s) leads to no heading", name, m[1])
			}
		}
	}
	if count < 350 {
		t.Errorf("the documents have %d links, want at least 350: are they recognized?", count)
	}
}

// anchors returns the names of a document's headings, as GitHub makes them.
func anchors(text string) map[string]bool {
	names := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(block.ReplaceAllString(text, ""), -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			case r == ' ':
				return '-'
			}
			return -1
		}, link.ReplaceAllString(m[1], "]"))
		for i, first := 1, name; names[name]; i++ {
			name = fmt.Sprintf("%s-%d", first, i)
		}
		names[name] = true
	}
	return names
}

// TestIndex: docs/README.md leads to every page.
func TestIndex(t *testing.T) {
	index := readDocument(t, filepath.Join(repository, "docs", "README.md"))
	for _, pattern := range []string{"*.md", "*/*.md"} {
		pages, err := filepath.Glob(filepath.Join(repository, "docs", pattern))
		if err != nil || len(pages) < 9 {
			t.Fatalf("%d pages: %v", len(pages), err)
		}
		for _, page := range pages {
			name, _ := filepath.Rel(filepath.Join(repository, "docs"), page)
			if name != "README.md" && !strings.Contains(index, "]("+name+")") {
				t.Errorf("docs/README.md does not name %s", name)
			}
		}
	}
}
