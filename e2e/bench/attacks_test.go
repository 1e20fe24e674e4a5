package main

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/attack"
)

// TestAttackTable: the table has a column for each module, and marks what misses the goal.
func TestAttackTable(t *testing.T) {
	cost := func(attack, honest float64) [2]stat { return [2]stat{{Median: attack}, {Median: honest}} }
	a := &attackBench{targets: make([]*target, 3), rows: []attackRow{
		{Case: attack.Case{Name: "a|b"}, bytes: 10, costs: [][2]stat{cost(50, 10), cost(51, 10)}},
		{Case: attack.Case{Name: "c", Known: true}, bytes: 20, costs: [][2]stat{cost(-1, 10), cost(6, 0)}},
	}}
	var b strings.Builder
	if err := a.write(&b); err != nil {
		t.Fatal(err)
	}
	want := `| attack | bytes | honest, µs | attack, µs | times | before, µs | times |
|---|---|---|---|---|---|---|
| a\|b | 10 | 10 | 50 | 5.0 | 51 | 5.1 ✗ |
| c (a known caller) | 20 | 10 | -1 | 0.0 | 6 | 6.0 ✗ |
`
	if got := b.String(); got != want {
		t.Errorf("the table is\n%s\nwant\n%s", got, want)
	}
}
