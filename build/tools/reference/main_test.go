package main

import (
	"regexp"
	"strings"
	"testing"
)

// TestPagesAreCurrent: what is in docs is what the sources say.
func TestPagesAreCurrent(t *testing.T) {
	if err := run("../../..", true); err != nil {
		t.Error(err)
	}
}

// TestLinksInside: each link inside a page leads to one heading.
func TestLinksInside(t *testing.T) {
	for _, p := range pages {
		text, err := p.write("../../..")
		if err != nil {
			t.Fatal(err)
		}
		anchors := map[string]int{}
		for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
			anchors[anchor(strings.ReplaceAll(heading[1], `\`, ""))]++
		}
		links := regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllStringSubmatch(text, -1)
		if len(links) < 10 {
			t.Errorf("%s has %d links inside", p.file, len(links))
		}
		for _, link := range links {
			if anchors[link[1]] != 1 {
				t.Errorf("%s: #%s is %d headings, want 1", p.file, link[1], anchors[link[1]])
			}
		}
	}
}

// TestCutDefault: the last sentence of a description is the default, if it says one.
func TestCutDefault(t *testing.T) {
	for description, want := range map[string][2]string{
		"How long. Default: 5m.":             {"How long.", "5m"},
		"Default: the template of it.":       {"", "the template of it"},
		"Who has the key.":                   {"Who has the key.", ""},
		"One * of x. Default: any host, *.":  {"One * of x.", `any host, \*`},
		"Default: a. Not this. Default: b.x": {"Default: a. Not this.", "b.x"},
	} {
		if about, byDefault := cutDefault(description); about != want[0] || byDefault != want[1] {
			t.Errorf("cutDefault(%q) = %q, %q, want %q", description, about, byDefault, want)
		}
	}
}
