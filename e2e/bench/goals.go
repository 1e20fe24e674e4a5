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
	t := b.table
	overheads := func(a, c, quantity string) []float64 {
		return pairs(t.overhead(a, quantity), t.overhead(c, quantity), divide)
	}
	values := func(a, c, quantity string) []float64 { return pairs(t[a][quantity], t[c][quantity], divide) }
	message, seen := t[rowLargeMessage], t[rowSeen]
	first := pairs(seen["first request"], seen["tenth request"], divide)
	return []goal{
		newGoal("CPU, token seen before, against jwt_authn with cache", "<=", 0.8, "x", overheads(rowSeen, rowNativeCache, "cpu"), b.rounds),
		newGoal("CPU, token seen before, against the same reads and edits in C", "<=", 1.6, "x", overheads(rowSeen, rowFloor, "cpu"), b.rounds),
		newGoal("CPU, token seen before, against jwt_authn without cache", "<=", 0.20, "x", overheads(rowSeen, rowNative, "cpu"), b.rounds),
		newGoal("CPU, fresh ES256 token, against jwt_authn without cache", "<=", 1.2, "x", overheads(rowFresh, rowNative, "cpu"), b.rounds),
		newGoal("CPU of all processes, against ext_authz to OPA", "<=", 0.15, "x", overheads(rowSeen, rowOPA, "cpu all"), b.rounds),
		newGoal("added p99, against ext_authz to OPA", "<=", 0.25, "x", overheads(rowSeen, rowOPA, "p99"), b.rounds),
		newGoal("CPU with 100,000 grants, against 10 grants", "<=", 1.05, "x", b.lastPoint("grants, against the first"), b.curveRounds()),
		newGoal("memory per VM, against the empty Go filter", "<=", 1.3, "x", values(rowSeen, rowEmpty, "memory per VM"), 1),
		b.memoryGrowth(),
		newGoal("exec to first answer, against the empty Go filter", "<=", 1.3, "x", values(rowSeen, rowEmpty, "start"), b.rounds),
		newGoal("module size, against the empty Go filter", "<=", 1.5, "x", []float64{float64(b.sizes["gate"]) / float64(b.sizes["empty"])}, 1),
		newGoal("memory per VM", "<=", 20, " MiB", seen["memory per VM"], 1),
		newGoal("exec to first answer", "<=", 2, " s", seen["start"], b.rounds),
		newGoal("first request, against the tenth", "<=", 3, "x", first, b.rounds),
		newGoal("throughput of a 64 MiB gRPC message, against a bare Envoy", ">=", 0.9, "x", message[throughput], b.curveRounds()),
		newGoal("memory added by a 64 MiB gRPC message", "<=", 2, " MiB", message["added memory"], b.curveRounds()),
	}
}

// noiseMiB is by how much anonymous memory may differ, in MiB, although nothing was
// allocated: some pages.
const noiseMiB = 0.1

// memoryGrowth is met if the slope of the memory over the requests is at most two
// standard errors, or at most noiseMiB, or negative.
func (b *bench) memoryGrowth() goal {
	g := goal{Name: "memory growth per million requests, with 100,000 tokens", Goal: "zero within noise (MiB)"}
	slope, noise := b.table["soak"]["MiB a million requests"], b.table["soak"]["noise of that"]
	if len(slope) == 1 {
		g.Value, g.stat = &slope[0], statOf(slope)
		g.Met = math.Abs(slope[0]) <= max(2*noise[0], noiseMiB) || slope[0] < 0
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
