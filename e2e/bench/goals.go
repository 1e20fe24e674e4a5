package main

import "math"

// goal is a line of the list of what is aimed at.
type goal struct {
	Name  string   `json:"name"`
	Goal  string   `json:"goal"`
	Value *float64 `json:"value"` // null where it was not measured, or cannot be told
	Met   bool     `json:"met"`
	stat  stat
}

// aim states a goal on the median of values. It is not met unless every round
// gave one: in the noise there may be no overhead to compare with.
func aim(name, sign string, bound float64, unit string, values []float64, rounds int) goal {
	s := statOf(values)
	g := goal{Name: name, Goal: sign + " " + number(bound) + unit, stat: s}
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

// goals compares rows round by round. Overheads are above the bare Envoy of
// the same round.
func (b *bench) goals() []goal {
	t := b.table
	ratio := func(a, c, quantity string) []float64 {
		return pairs(t.above(a, quantity), t.above(c, quantity), over)
	}
	plain := func(a, c, quantity string) []float64 { return pairs(t[a][quantity], t[c][quantity], over) }
	list := []goal{
		aim("CPU, token seen before, of jwt_authn with cache", "<=", 0.8, "x", ratio(rowSeen, rowNativeCache, "cpu"), b.rounds),
		aim("CPU, token seen before, of the same reads and edits in C", "<=", 1.6, "x", ratio(rowSeen, rowFloor, "cpu"), b.rounds),
		aim("CPU, token seen before, of jwt_authn without cache", "<=", 0.20, "x", ratio(rowSeen, rowNative, "cpu"), b.rounds),
		aim("CPU, fresh ES256, of jwt_authn without cache", "<=", 1.2, "x", ratio(rowFresh, rowNative, "cpu"), b.rounds),
		aim("CPU of all processes, of ext_authz to OPA", "<=", 0.15, "x", ratio(rowSeen, rowOPA, "cpu all"), b.rounds),
		aim("added p99, of ext_authz to OPA", "<=", 0.25, "x", ratio(rowSeen, rowOPA, "p99"), b.rounds),
		aim("CPU with 100,000 grants, of ten", "<=", 1.05, "x", b.lastOf("grants, against the first"), b.curveRounds()),
		aim("memory a VM, of the empty Go filter's", "<=", 1.3, "x", plain(rowSeen, rowEmpty, "memory a VM"), 1),
		b.flat(),
		aim("exec to first answer, of the empty Go filter's", "<=", 1.3, "x", plain(rowSeen, rowEmpty, "start"), b.rounds),
		aim("module size, of the empty Go filter's", "<=", 1.5, "x", []float64{float64(b.sizes["gate"]) / float64(b.sizes["empty"])}, 1),
		aim("memory a VM", "<=", 20, " MiB", t[rowSeen]["memory a VM"], 1),
		aim("exec to first answer", "<=", 2, " s", t[rowSeen]["start"], b.rounds),
		aim("first request, of the tenth", "<=", 3, "x", pairs(t[rowSeen]["first request"], t[rowSeen]["tenth request"], over), b.rounds),
		aim("throughput of a 64 MiB gRPC message, of a bare Envoy's", ">=", 0.9, "x", t["64 MiB gRPC message"]["throughput, of a bare Envoy's"], b.curveRounds()),
		aim("memory added by a 64 MiB gRPC message", "<=", 2, " MiB", t["64 MiB gRPC message"]["added memory"], b.curveRounds()),
	}
	return list
}

// resolution is how much anonymous memory may differ, in MiB, although nothing has
// been allocated: some pages here and there.
const resolution = 0.1

// flat is whether the memory's slope is zero within two standard errors, or what
// can be told apart.
func (b *bench) flat() goal {
	g := goal{Name: "memory's slope a million requests, with 100,000 tokens", Goal: "zero within noise, MiB"}
	slope, noise := b.table["soak"]["MiB a million requests"], b.table["soak"]["noise of that"]
	if len(slope) == 1 {
		g.Value, g.stat = &slope[0], statOf(slope)
		g.Met = math.Abs(slope[0]) <= max(2*noise[0], resolution) || slope[0] < 0
	}
	return g
}

// lastOf is the last point of a curve.
func (b *bench) lastOf(name string) []float64 {
	for _, c := range b.curves {
		if c.Name == name {
			return c.Points[len(c.Points)-1].Rounds
		}
	}
	return nil
}
