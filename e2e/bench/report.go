package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// figure is one quantity of one row.
type figure struct {
	Row      string `json:"row"`
	Quantity string `json:"quantity"`
	stat
}

// document is the content of bench.json.
type document struct {
	Machine     map[string]string `json:"machine"`
	Settings    map[string]string `json:"settings"`
	Figures     []figure          `json:"figures"`      // as measured: µs of CPU a request, ms, MiB, s
	OfBare      []figure          `json:"of_bare"`      // times the bare Envoy's of the same round
	Above       []figure          `json:"above_bare"`   // minus it
	OfNative    []figure          `json:"of_native"`    // overheads, times that of jwt_authn with its cache
	ModuleBytes map[string]int64  `json:"module_bytes"` // of each module
	Curves      []curve           `json:"curves"`
	Goals       []goal            `json:"goals"`
	Warnings    []string          `json:"warnings"`
}

func (b *bench) document(about map[string]string) document {
	d := document{Machine: about, ModuleBytes: b.sizes, Curves: b.curves, Goals: b.goals(), Warnings: b.warnings,
		Settings: map[string]string{"rounds": strconv.Itoa(b.rounds), "phase": b.seconds.String(),
			"connections": strconv.Itoa(b.connections), "rate": threeDigits(b.rate), "soak": strconv.FormatInt(b.soak, 10)}}
	d.Machine["when"] = time.Now().UTC().Format(time.DateOnly)
	add := func(list *[]figure, row, quantity string, values []float64) {
		if len(values) > 0 {
			*list = append(*list, figure{row, quantity, statOf(values)})
		}
	}
	for _, row := range b.rows() {
		for _, q := range slices.Sorted(maps.Keys(b.table[row])) {
			bare := rowBare + protocolSuffix(row)
			values := b.table[row][q]
			add(&d.Figures, row, q, values)
			if row == bare {
				continue
			}
			add(&d.OfBare, row, q, pairs(values, b.table[bare][q], divide))
			add(&d.Above, row, q, b.table.overhead(row, q))
			add(&d.OfNative, row, q, pairs(b.table.overhead(row, q), b.table.overhead(rowNativeCache+protocolSuffix(row), q), divide))
		}
	}
	return d
}

// rows returns the rows in the order of the contenders, and then the others by name.
func (b *bench) rows() (rows []string) {
	for _, c := range b.contenders {
		for _, row := range []string{c.name, c.name + ", HTTP/2", c.name + ", gRPC"} {
			if b.table[row] != nil {
				rows = append(rows, row)
			}
		}
	}
	for _, row := range slices.Sorted(maps.Keys(b.table)) {
		if !slices.Contains(rows, row) {
			rows = append(rows, row)
		}
	}
	return rows
}

// protocolSuffix returns the end of a row's name, if the row has a bare Envoy of its own.
func protocolSuffix(row string) string {
	for _, p := range []string{", HTTP/2", ", gRPC", chatSuffix} {
		if strings.HasSuffix(row, p) {
			return p
		}
	}
	return ""
}

// report prints the table, and writes bench.json and bench.svg.
func (b *bench) report(about map[string]string) error {
	d := b.document(about)
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(b.out, "bench.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(b.out, "bench.svg"), []byte(b.chart(about)), 0o644); err != nil {
		return err
	}
	b.print(os.Stdout, d)
	return nil
}

func (b *bench) print(to io.Writer, d document) {
	fmt.Fprintf(to, "%s, %s processors, Linux %s; load average before: %s; %d rounds of %v\n\n",
		d.Machine["cpu"], d.Machine["processors"], d.Machine["kernel"], d.Machine["load before"], b.rounds, b.seconds)
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	b.printRows(w)
	b.printCurves(w)
	fmt.Fprintln(w, "\ngoal\t\tmedian (least to most)\t\t\t")
	for _, g := range d.Goals {
		verdict := "MISSED"
		switch {
		case g.Value == nil:
			verdict = "not measured"
		case g.Met:
			verdict = "met"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t\t\n", g.Name, g.Goal, spread(g.stat.Rounds), verdict)
	}
	w.Flush()
}

func (b *bench) printRows(w io.Writer) {
	fmt.Fprintln(w, "median (least to most) of the rounds\tCPU above bare, µs a request\tthroughput, times bare\tp50, ms\tp99, ms\tp99.9, ms")
	for _, row := range b.rows() {
		q := b.table[row]
		if q["rps"] == nil {
			continue
		}
		bare, cpu := b.table[rowBare+protocolSuffix(row)], b.table.overhead(row, "cpu")
		if row == rowBare+protocolSuffix(row) {
			cpu = q["cpu"]
			row += " (CPU: the whole)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", row, spread(cpu), spread(pairs(q["rps"], bare["rps"], divide)),
			spread(q["p50"]), spread(q["p99"]), spread(q["p99.9"]))
	}
	fmt.Fprintln(w, "\nper process\tMiB per VM\texec to first answer, s\tfirst request, ms\ttenth, ms\t")
	for _, row := range b.rows() {
		if q := b.table[row]; q["memory per VM"] != nil || q["start"] != nil {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t\n", row, spread(q["memory per VM"]), spread(q["start"]),
				spread(q["first request"]), spread(q["tenth request"]))
		}
	}
}

// printCurves prints every curve; of a long one it prints every eighth point.
func (b *bench) printCurves(w io.Writer) {
	for _, c := range b.curves {
		fmt.Fprintf(w, "\n%s\t%s\t\t\t\t\n", c.Name, c.Y)
		for i, p := range c.Points {
			if len(c.Points) <= 8 || i%8 == 7 {
				fmt.Fprintf(w, "%.0f %s\t%s\t\t\t\t\n", p.X, c.X, spread(p.Rounds))
			}
		}
	}
}

// spread returns the median, with the least and the most of the rounds.
func spread(values []float64) string {
	if len(values) == 0 {
		return "-"
	}
	s := statOf(values)
	if len(values) == 1 {
		return threeDigits(s.Median)
	}
	return fmt.Sprintf("%s (%s to %s)", threeDigits(s.Median), threeDigits(s.Min), threeDigits(s.Max))
}

// threeDigits formats a number with three significant digits.
func threeDigits(v float64) string {
	switch a := max(v, -v); {
	case a >= 100 || v == float64(int64(v)):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}
