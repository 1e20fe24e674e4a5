package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "write docs/command.md")

const referenceFile = "../../docs/command.md"

// TestReference: docs/command.md says what the commands say themselves.
func TestReference(t *testing.T) {
	want := reference(newRoot(&terminal{}))
	if *update {
		if err := os.WriteFile(referenceFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(referenceFile); err != nil || string(got) != want {
		t.Errorf("%s differs from the commands (%v): write it again with go test ./cmd/modelgate -run TestReference -update", referenceFile, err)
	}
}

// reference returns the page about a command and those below it.
func reference(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString("# The command modelgate\n\n" +
		"Written from the commands themselves: `modelgate help COMMAND` says the same.\n\n" + paragraphs(rootHelp) + "\n")
	b.WriteString("\nExit status:\n\n| status | meaning |\n|---|---|\n")
	for _, s := range exitStatuses {
		fmt.Fprintf(&b, "| %d | %s |\n", s.status, s.meaning)
	}
	for _, group := range root.Groups() {
		fmt.Fprintf(&b, "\n## %s\n", strings.TrimSuffix(group.Title, ":"))
		for _, c := range root.Commands() {
			if c.GroupID == group.ID {
				section(&b, c)
			}
		}
	}
	b.WriteString("\n## Others\n")
	for _, c := range root.Commands() {
		if c.GroupID == "" && c.IsAvailableCommand() {
			section(&b, c)
		}
	}
	return b.String()
}

// section writes what a command says of itself.
func section(b *strings.Builder, c *cobra.Command) {
	level := strings.Repeat("#", 2+strings.Count(c.CommandPath(), " "))
	fmt.Fprintf(b, "\n%s %s\n\n%s\n\n```\n%s\n```\n", level, c.CommandPath(), paragraphs(c.Long), c.UseLine())
	if c.Name() == "completion" { // each shell's has the same form
		b.WriteString("\n")
		for _, sub := range c.Commands() {
			fmt.Fprintf(b, "- `%s`: %s\n", sub.CommandPath(), sub.Short)
		}
	}
	if flags := c.NonInheritedFlags().FlagUsages(); flags != "" {
		fmt.Fprintf(b, "\n```\n%s```\n", flags)
	}
	if c.Example != "" {
		fmt.Fprintf(b, "\n```\n%s\n```\n", unindent(c.Example))
	}
	for _, sub := range c.Commands() {
		if c.Name() != "completion" {
			section(b, sub)
		}
	}
}

// paragraphs returns a description with its indented blocks as blocks of code.
func paragraphs(text string) string {
	blocks := strings.Split(strings.TrimSpace(text), "\n\n")
	for i, block := range blocks {
		if strings.HasPrefix(block, "  ") {
			blocks[i] = "```\n" + unindent(block) + "\n```"
		}
	}
	return strings.Join(blocks, "\n\n")
}

func unindent(text string) string {
	return strings.ReplaceAll(strings.TrimPrefix(text, "  "), "\n  ", "\n")
}
