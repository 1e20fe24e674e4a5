package main

import (
	_ "embed"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/analysis"
	"github.com/modelgate/modelgate/internal/inference"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is what the template of a matrix shows.
type page struct {
	Config  string
	Verbs   []string
	Issuers []string
	Columns []pageColumn
	Rows    []pageRow
}

type pageColumn struct{ Text string }

type pageRow struct {
	Member, Issuer string
	Cells          []pageCell
}

// pageCell is a cell: what all callers of the row may, and what some may.
type pageCell struct {
	All, Some           string // as roleText
	AllVerbs, SomeVerbs string // with blanks between them, for the filter
	Title               string
}

// writePage writes a matrix as one HTML page, which loads nothing.
func writePage(w io.Writer, m *analysis.Matrix, config string) error {
	p := page{Config: config, Verbs: verbNames(1<<(inference.Admin+1) - 1)}
	columns := reached(m)
	for _, c := range columns {
		p.Columns = append(p.Columns, pageColumn{classText(c)})
	}
	for i, r := range m.Rows {
		if r.Issuer != "" && !slices.Contains(p.Issuers, r.Issuer) {
			p.Issuers = append(p.Issuers, r.Issuer)
		}
		row := pageRow{Member: r.Member, Issuer: r.Issuer}
		for _, c := range columns {
			row.Cells = append(row.Cells, newPageCell(r, c, cellOf(m.Cells[i], c)))
		}
		p.Rows = append(p.Rows, row)
	}
	return pageTemplate.Execute(w, p)
}

func newPageCell(row analysis.Row, c analysis.Class, r *analysis.Reach) pageCell {
	if r == nil {
		return pageCell{Title: row.String() + ": nothing on " + classText(c)}
	}
	all, some := strings.Join(verbNames(r.All), " "), strings.Join(verbNames(r.Some), " ")
	title := row.String() + " on " + classText(c) + ":"
	if all != "" {
		title += " all may " + all + "."
	}
	if some != "" {
		title += " Some may " + some + "."
	}
	return pageCell{roleText(r.All), roleText(r.Some), all, some, title}
}
