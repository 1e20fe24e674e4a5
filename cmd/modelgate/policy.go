package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/analysis"
)

// exactly is what every command of this group says of its answers.
const exactly = `
The answer is exact: it is found by the policy that decides in the proxy, for every
caller that there can be, and not for samples. "all" means each caller who is the member,
"some" that it depends on more than that: on conditions of a grant, or on denies.

Rules in shadow count as they do now, or at --now.`

// addSide adds the flags --config and --now to a command, and returns what reads them.
func addSide(t *terminal, c *cobra.Command) func() (*analysis.Side, error) {
	config := c.Flags().String("config", "", "`FILE` with the configuration")
	now := addNow(c)
	return func() (*analysis.Side, error) {
		if *config == "" {
			return nil, wrong("--config FILE is missing")
		}
		at, err := now()
		if err != nil {
			return nil, err
		}
		return t.side(*config, at)
	}
}

// addNow adds the flag --now to a command, and returns what reads it.
func addNow(c *cobra.Command) func() (time.Time, error) {
	return addTime(c, "`TIME` (RFC 3339) at which shadows are looked at; the default is the present")
}

// addTime is addNow for a command that says otherwise what the time is for.
func addTime(c *cobra.Command, usage string) func() (time.Time, error) {
	at := c.Flags().String("now", "", usage)
	return func() (time.Time, error) {
		if *at == "" {
			return time.Now(), nil
		}
		now, err := time.Parse(time.RFC3339, *at)
		if err != nil {
			return now, wrong("--now: must be an RFC 3339 time such as 2030-01-31T12:00:00Z; got %q", *at)
		}
		return now, nil
	}
}

// side compiles the configuration in a file.
func (t *terminal) side(file string, now time.Time) (*analysis.Side, error) {
	g, err := t.load(file)
	if err != nil {
		return nil, err
	}
	return analysis.NewSide(g, now), nil
}

// arguments wants exactly the arguments that the names say.
func arguments(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch n := len(args); {
		case n < len(names):
			return wrong("%s is missing", names[n])
		case n > len(names):
			return wrong("must have %s only; got %q after it", strings.Join(names, " and "), args[len(names)])
		}
		return nil
	}
}

// writeTable writes rows below a head, in columns.
func writeTable(w io.Writer, head []string, n int, row func(int) []string) error {
	var text bytes.Buffer
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	rows := [][]string{head}
	for i := range n {
		rows = append(rows, row(i))
	}
	last := 0 // the last column that has a text
	for _, cells := range rows[1:] {
		for i, cell := range cells {
			if cell != "" {
				last = max(last, i)
			}
		}
	}
	for _, cells := range rows {
		fmt.Fprintln(table, strings.Join(cells[:last+1], "\t")+"\t")
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}
