package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/analysis"
)

const matrixHelp = `Who may do what with which model? Prints a table: a row for each member that a
grant names, and one for callers without a credential; a column for each class of models
that the rules tell apart; in each cell the verbs, or the role that has just these.
A cell with "~" is of verbs that some callers of the row have, and others do not.

A table that is wider than --width is printed as a list instead.

-o html is one page that needs nothing else: it searches and filters, has a dark mode,
and prints.
` + exactly

const formHTML = "html"

func matrixCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "matrix --config FILE [--now TIME] [--width COLUMNS] [-o FORM]",
		Short: "Tell for every member and every model what is allowed",
		Long:  matrixHelp,
		Example: `  modelgate matrix --config config.json
  modelgate matrix --config config.json -o html > access.html`,
		Args: noArguments,
	}
	side := addSide(t, c)
	width := c.Flags().Int("width", 120, "the `COLUMNS` that a table may have")
	form := addFormat(c, formText, formJSON, formYAML, formHTML)
	c.RunE = func(*cobra.Command, []string) error {
		s, err := side()
		if err != nil {
			return err
		}
		m, err := analysis.NewMatrix(s)
		if err != nil {
			return err
		}
		switch {
		case form.is(formHTML):
			return writePage(t.out, m, c.Flag("config").Value.String())
		case form.is(formText):
			return t.printMatrix(m, *width)
		}
		return form.print(t.out, matrixRows(m))
	}
	return c
}

// matrixRow is one row of a matrix.
type matrixRow struct {
	Member string      `json:"member"`
	Issuer string      `json:"issuer,omitempty"`
	Models []reachLine `json:"models"`
}

func matrixRows(m *analysis.Matrix) []matrixRow {
	rows := []matrixRow{}
	for i, r := range m.Rows {
		rows = append(rows, matrixRow{r.Member, r.Issuer, reachLines(m.Cells[i])})
	}
	return rows
}

// reached returns the classes that some row reaches, and the cell of a row in one.
func reached(m *analysis.Matrix) []analysis.Class {
	return slices.DeleteFunc(slices.Clone(m.Classes), func(c analysis.Class) bool {
		return !slices.ContainsFunc(m.Cells, func(row []analysis.Reach) bool { return cellOf(row, c) != nil })
	})
}

func cellOf(row []analysis.Reach, c analysis.Class) *analysis.Reach {
	if i := slices.IndexFunc(row, func(r analysis.Reach) bool { return r.Class == c }); i >= 0 {
		return &row[i]
	}
	return nil
}

// cellText says what a row may do with a class.
func cellText(r *analysis.Reach) string {
	if r == nil {
		return "-"
	}
	var parts []string
	if r.All != 0 {
		parts = append(parts, roleText(r.All))
	}
	if r.Some != 0 {
		parts = append(parts, "~"+roleText(r.Some))
	}
	return strings.Join(parts, " ")
}

func (t *terminal) printMatrix(m *analysis.Matrix, width int) error {
	columns := reached(m)
	head := []string{"MEMBER"}
	for _, c := range columns {
		head = append(head, classText(c))
	}
	var table bytes.Buffer
	err := writeTable(&table, head, len(m.Rows), func(i int) []string {
		cells := []string{m.Rows[i].String()}
		for _, c := range columns {
			cells = append(cells, cellText(cellOf(m.Cells[i], c)))
		}
		return cells
	})
	if err != nil {
		return err
	}
	for line := range strings.Lines(table.String()) {
		if len(strings.TrimRight(line, " \n")) > width {
			return t.printMatrixList(m)
		}
	}
	_, err = t.out.Write(table.Bytes())
	return err
}

// printMatrixList prints a line for each cell that is not empty.
func (t *terminal) printMatrixList(m *analysis.Matrix) error {
	var lines [][]string
	for i, row := range m.Rows {
		name := row.String()
		for _, r := range m.Cells[i] {
			lines = append(lines, []string{name, classText(r.Class), roleText(r.All), roleText(r.Some)})
		}
		if len(m.Cells[i]) == 0 {
			lines = append(lines, []string{name, "nothing"})
		}
	}
	for i := range lines {
		for len(lines[i]) < 4 {
			lines[i] = append(lines[i], "")
		}
	}
	if len(lines) == 0 {
		_, err := fmt.Fprintln(t.out, "nobody may do anything")
		return err
	}
	return writeTable(t.out, []string{"MEMBER", "MODELS", "ALL MAY", "SOME MAY"}, len(lines), func(i int) []string { return lines[i] })
}
