package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// TestMain lets the test binary be the ext_authz server, as the command bench does.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "opa" {
		exit(serveOPA(os.Args[2]))
	}
	os.Exit(m.Run())
}

// TestContendersAgree starts every contender and sends it the corpus, as a run does
// before it times anything.
func TestContendersAgree(t *testing.T) {
	root, err := testbed.Root()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{table: samples{}, fixture: &fixture{dir: t.TempDir()}}
	b.connections, b.fresh = 2, 16
	stop, err := b.startAll(root)
	defer stop()
	if err != nil {
		t.Fatal(err)
	}
	if len(b.contenders) < 30 {
		t.Errorf("%d contenders", len(b.contenders))
	}
}

func TestStatOf(t *testing.T) {
	for _, c := range []struct {
		values           []float64
		min, median, max float64
	}{
		{[]float64{3}, 3, 3, 3},
		{[]float64{5, 1}, 1, 3, 5},
		{[]float64{9, 1, 4}, 1, 4, 9},
	} {
		s := statOf(c.values)
		if s.Min != c.min || s.Median != c.median || s.Max != c.max || len(s.Rounds) != len(c.values) {
			t.Errorf("statOf(%v) = %+v", c.values, s)
		}
	}
}

func TestPairsAreOfOneRound(t *testing.T) {
	s := samples{}
	for round, bare := range []float64{60, 120} { // the machine got slower
		s.add(rowBare, "cpu", bare)
		s.add(inWasm.row(seenBefore), "cpu", bare+20*float64(round+1))
		s.add(rowNativeCache, "cpu", bare+25*float64(round+1))
		s.add(rowFloor, "cpu", bare-1) // nothing that could be measured
	}
	ratios := pairs(s.overhead(inWasm.row(seenBefore), "cpu"), s.overhead(rowNativeCache, "cpu"), divide)
	if len(ratios) != 2 || ratios[0] != 0.8 || ratios[1] != 0.8 {
		t.Errorf("got %v, want 0.8 twice", ratios)
	}
	if got := pairs(s.overhead(inWasm.row(seenBefore), "cpu"), s.overhead(rowFloor, "cpu"), divide); got != nil {
		t.Errorf("of an overhead below zero: %v, want nothing", got)
	}
}

func TestSlope(t *testing.T) {
	xs := []float64{0, 1, 2, 3, 4, 5}
	if slope, noise := slopeOf(xs, []float64{1, 3, 5, 7, 9, 11}); math.Abs(slope-2) > 1e-9 || noise > 1e-9 {
		t.Errorf("of a line: %v ± %v", slope, noise)
	}
	if slope, noise := slopeOf(xs, []float64{5, 6, 5, 5, 6, 5}); math.Abs(slope) > 2*noise {
		t.Errorf("of noise: %v ± %v", slope, noise)
	}
}

func TestAim(t *testing.T) {
	for _, c := range []struct {
		sign   string
		bound  float64
		values []float64
		met    bool
	}{
		{"<=", 1.3, []float64{1.2, 1.3, 9}, true}, {"<=", 1.3, []float64{1.4, 1.4, 1}, false}, {"<=", 1.3, nil, false},
		{">=", 0.9, []float64{0.9, 0.9, 0}, true}, {">=", 0.9, []float64{0.89, 0.89, 1}, false}, {">=", 0.9, nil, false},
		{"<=", 1.3, []float64{1, 1}, false}, // a round without a ratio
	} {
		if g := newGoal("x", c.sign, c.bound, "x", c.values, 3); g.Met != c.met || (g.Value == nil) != (c.values == nil) {
			t.Errorf("%s %v of %v: %+v", c.sign, c.bound, c.values, g)
		}
	}
}

// syntheticRun returns a run with made-up figures, without an Envoy.
func syntheticRun() *bench {
	b := &bench{table: samples{}, fixture: &fixture{sizes: map[string]int64{"gate": 3, "empty": 2}}}
	for _, name := range []string{rowBare, inWasm.row(seenBefore), rowOPA} {
		b.contenders = append(b.contenders, contender{name: name})
		for round := range 2 {
			b.table.add(name, "cpu", float64(len(name)+round))
			b.table.add(name, "cpu all", float64(len(name)+round))
		}
	}
	b.rounds, b.seconds = 2, time.Second
	return b
}

// TestChart checks that the chart is XML, and has a row for every contender.
func TestChart(t *testing.T) {
	svg := syntheticRun().chart(map[string]string{"cpu": `<"&`, "processors": "2"})
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
	}
	for _, name := range []string{inWasm.row(seenBefore), rowOPA} {
		if !strings.Contains(svg, ">"+name+"<") {
			t.Errorf("no row %q", name)
		}
	}
}

// TestDocument checks that a goal without a value is null and not met.
func TestDocument(t *testing.T) {
	d := syntheticRun().document(map[string]string{})
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range d.Goals {
		if g.Value == nil && g.Met {
			t.Errorf("%s is met without a value", g.Name)
		}
	}
	if !strings.Contains(string(text), `"value":null`) || !strings.Contains(string(text), `"name":"module size`) {
		t.Errorf("got %s", text)
	}
}

// TestTokensAreDistinct checks that no two tokens of a pool are equal.
func TestTokensAreDistinct(t *testing.T) {
	is, err := newIssuer("ES256")
	if err != nil {
		t.Fatal(err)
	}
	p, err := is.newPool(50, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range p.tokens {
		seen[p.nextToken()] = true
	}
	if len(seen) != 50 || seen[""] || p.issued() != 50 {
		t.Errorf("%d distinct tokens of 50, %d taken", len(seen), p.issued())
	}
}
