// Command reference writes the pages that follow from the sources: docs/configuration.md from the
// schemas of configurations, and docs/troubleshooting.md from the table of Reasons.
//
//	reference          writes the pages, in the root of the repository
//	reference -check   exits 1 if a page is not what it would write
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// page is a page, and what writes it.
type page struct {
	file  string // from the root of the repository
	write func(root string) (string, error)
}

var pages = []page{
	{"docs/configuration.md", configuration},
	{"docs/troubleshooting.md", troubleshooting},
}

func main() {
	check := flag.Bool("check", false, "compare the pages, and do not write them")
	flag.Parse()
	if err := run(".", *check); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

// run writes the pages, or compares them.
func run(root string, check bool) error {
	for _, p := range pages {
		want, err := p.write(root)
		if err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
		file := filepath.Join(root, p.file)
		if !check {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				return err
			}
			continue
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			return fmt.Errorf("%s is not what its sources say (%v): write it again with go run ./build/tools/reference", p.file, err)
		}
	}
	return nil
}
