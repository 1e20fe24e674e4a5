package main

import (
	"fmt"
	"io"
	"strings"
)

// write writes the table: microseconds above a bare Envoy, and how many times that of the
// honest request.
func (a *attackBench) write(w io.Writer) error {
	fmt.Fprint(w, "| attack | bytes | honest, µs | attack, µs | times |")
	if len(a.targets) > 2 {
		fmt.Fprint(w, " before, µs | times |")
	}
	fmt.Fprint(w, "\n|---|---|---|---|---|"+strings.Repeat("---|", 2*len(a.targets)-4)+"\n")
	for _, r := range a.rows {
		name := r.Name
		if r.Known {
			name += " (a known caller)"
		}
		fmt.Fprintf(w, "| %s | %d ", code(name), r.bytes)
		for i, c := range r.costs {
			if i == 0 {
				fmt.Fprintf(w, "| %.0f ", c[1].Median)
			}
			fmt.Fprintf(w, "| %.0f | %s ", c[0].Median, times(c))
		}
		if _, err := fmt.Fprintln(w, "|"); err != nil {
			return err
		}
	}
	return nil
}

// maxTimes is the goal for a caller who is not known yet.
const maxTimes = 5

// times returns the ratio of an attack and the honest request, with a mark where it
// misses the goal.
func times(c [2]stat) string {
	// What is lost in the noise is at least a microsecond.
	ratio := max(c[0].Median, 0) / max(c[1].Median, 1)
	if ratio > maxTimes {
		return fmt.Sprintf("%.1f ✗", ratio)
	}
	return fmt.Sprintf("%.1f", ratio)
}

// code writes a name for a table of Markdown.
func code(name string) string { return strings.NewReplacer("|", `\|`, "\n", "\\n").Replace(name) }
