package main

import "math"

// goal is one row of the table of goals.
type goal struct {
	Name  string   `json:"name"`
	Goal  string   `json:"goal"`
	Value *float64 `json:"value"` // null if it was not measured, or has no value
	Met   bool     `json:"met"`
	stat  stat
}

// newGoal compares the median of values with a bound. The goal is missed unless every
// round gave a value: where the overhead to compare with is lost in the noise, there
// is none.
func newGoal(name, sign string, bound float64, unit string, values []float64, rounds int) goal {
	s := statOf(values)
	g := goal{Name: name, Goal: sign + " " + threeDigits(bound) + unit, stat: s}
	if len(values) > 0 {
		g.Value = &s.Median
		g.Met = s.Median <= bound
		if sign == ">=" {
			g.Met = s.Median >= bound
		}
		g.Met = g.Met && len(values) >= rounds
	}
	return g
}

// goals compares rows round by round. Overheads are above the bare Envoy of the same
// round.
func (b *bench) goals() []goal {
	t, seen := b.table, inWasm.row(seenBefore)
	var list []goal
	for _, want := range bounds {
		list = append(list, b.formGoals(want)...)
	}
	values := func(quantity string) []float64 { return pairs(t[seen][quantity], t[rowEmpty][quantity], divide) }
	return append(list,
		newGoal(seen+": CPU, against the same reads and edits in C", "<=", 1.6, "x", t.overheads(seen, rowFloor, "cpu"), b.rounds),
		newGoal(seen+": CPU, against jwt_authn without cache", "<=", 0.2, "x", t.overheads(seen, rowNative+"ES256", "cpu"), b.rounds),
		newGoal(seen+": CPU of all processes, against ext_authz to OPA", "<=", 0.15, "x", t.overheads(seen, rowOPA, "cpu all"), b.rounds),
		newGoal(seen+": added p99, against ext_authz to OPA", "<=", 0.25, "x", t.overheads(seen, rowOPA, "p99"), b.rounds),
		newGoal("memory per VM, against the empty Go filter", "<=", 1.3, "x", values("memory per VM"), 1),
		newGoal("exec to first answer, against the empty Go filter", "<=", 1.3, "x", values("start"), b.rounds),
		newGoal("module size, against the empty Go filter", "<=", 1.5, "x", []float64{float64(b.sizes["gate"]) / float64(b.sizes["empty"])}, 1))
}

// overheads divides what a row has above a bare Envoy by what another has.
func (s samples) overheads(a, c, quantity string) []float64 {
	return pairs(s.overhead(a, quantity), s.overhead(c, quantity), divide)
}

// noiseMiB is by how much anonymous memory may differ, in MiB, although nothing was
// allocated: some pages.
const noiseMiB = 0.1

// memoryGrowth is met if the slope of the memory over the requests is at most two
// standard errors, or at most noiseMiB, or negative.
func (b *bench) memoryGrowth(f form) goal {
	g := goal{Name: f.row("memory growth per million requests, with 100,000 tokens"), Goal: "zero within noise (MiB)"}
	soak := b.table[f.row("soak")]
	if slope := soak["MiB a million requests"]; len(slope) == 1 {
		g.Value, g.stat = &slope[0], statOf(slope)
		g.Met = math.Abs(slope[0]) <= max(2*soak["noise of that"][0], noiseMiB) || slope[0] < 0
	}
	return g
}

// lastPoint returns the values of the last point of a curve.
func (b *bench) lastPoint(name string) []float64 {
	for _, c := range b.curves {
		if c.Name == name {
			return c.Points[len(c.Points)-1].Rounds
		}
	}
	return nil
}
