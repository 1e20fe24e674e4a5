package main

import (
	"fmt"
	"maps"
	"slices"
)

// bound says what a form of the gate must keep to. Where a number is zero, the form has no
// such goal.
type bound struct {
	form       form
	seen       float64            // CPU of a token seen before, times the native chain with its cache
	fresh      map[string]float64 // by algorithm: CPU, times the native chain without a cache
	grants     float64            // CPU with 100,000 grants, times that with ten
	tokens     float64            // CPU with 100,000 tokens, times that with one
	start      float64            // from exec to the first answer, in s above a bare Envoy
	memory     map[int]float64    // by workers: anonymous memory, in MiB above a bare Envoy
	perVM      float64            // the same, divided by the VMs
	p99        float64            // at a fixed rate, times a bare Envoy's
	first      float64            // see firstToTenth
	throughput float64            // of a message of 64 MiB, times a bare Envoy's; at least
	message    float64            // memory added by that message, in MiB
	chat       float64            // CPU of chat, times jwt_authn + ai_protocol_manager + RBAC
	soak       bool               // memory must not grow
}

var bounds = []bound{
	{form: inWasm, fresh: map[string]float64{"ES256": 1.2}, grants: 1.05, tokens: 2, start: 2, perVM: 30, p99: 1.15, first: 3,
		throughput: 0.93, message: 2, chat: 1.2, soak: true},
	{form: forHeads, seen: 1.3, start: 2, perVM: 30},
	{form: inModule, seen: 0.6, fresh: map[string]float64{"ES256": 0.9, "RS256": 0.9, "EdDSA": 0.9}, grants: 1.05, tokens: 2, start: 0.1,
		memory: map[int]float64{1: 10, 4: 14}, p99: 1.05, first: 1.5, throughput: 0.97, message: 1, chat: 0.7, soak: true},
}

// formGoals compares the rows of a form with its bounds.
func (b *bench) formGoals(want bound) (list []goal) {
	f, t := want.form, b.table
	seen := f.row(seenBefore)
	add := func(bound float64, name, sign, unit string, values []float64, rounds int) {
		if bound != 0 {
			list = append(list, newGoal(name, sign, bound, unit, values, rounds))
		}
	}
	add(want.seen, seen+": CPU, against jwt_authn with its cache", "<=", "x", t.overheads(seen, rowNativeCache, "cpu"), b.rounds)
	for _, alg := range algorithms {
		row := f.row(freshToken + alg)
		add(want.fresh[alg], row+": CPU, against jwt_authn without cache", "<=", "x", t.overheads(row, rowNative+alg, "cpu"), b.rounds)
	}
	add(want.chat, f.row(seenBefore)+chatSuffix+": CPU, against jwt_authn with its cache + ai_protocol_manager + RBAC", "<=", "x",
		t.overheads(f.row(seenBefore)+chatSuffix, rowProtocol, "cpu"), b.rounds)
	add(want.grants, f.row("CPU with 100,000 grants, against 10"), "<=", "x", b.lastPoint(f.row("grants, against the first")), b.curveRounds())
	add(want.tokens, f.row("CPU with 100,000 tokens, against 1"), "<=", "x", b.lastPoint(f.row("distinct live tokens, against the first")),
		b.curveRounds())
	add(want.start, f.row("exec to first answer, above a bare Envoy"), "<=", " s", t.overhead(seen, "start"), b.rounds)
	for _, workers := range slices.Sorted(maps.Keys(want.memory)) {
		add(want.memory[workers], f.row(fmt.Sprintf("anonymous memory above a bare Envoy, %s", workersText(workers))), "<=", " MiB",
			t[seen][memoryAbove(workers)], b.curveRounds())
	}
	add(want.perVM, f.row("anonymous memory above a bare Envoy, per VM"), "<=", " MiB", t[seen]["memory per VM"], 1)
	add(want.p99, seen+": p99, against a bare Envoy", "<=", "x", pairs(t[seen]["p99"], t[rowBare]["p99"], divide), b.rounds)
	add(want.first, f.row("first request, against the tenth, without what a bare Envoy's takes longer"), "<=", "x",
		t.firstToTenth(seen), b.rounds)
	message := t[f.row(largeMessageRow)]
	add(want.throughput, f.row("throughput of a 64 MiB gRPC message, against a bare Envoy"), ">=", "x", message[throughput], b.curveRounds())
	add(want.message, f.row("memory added by a 64 MiB gRPC message"), "<=", " MiB", message["added memory"], b.curveRounds())
	if want.soak {
		list = append(list, b.memoryGrowth(f))
	}
	return list
}

// firstToTenth divides the time of a row's first request by that of its tenth, after it has
// taken from the first what a bare Envoy's first takes longer than its tenth: that is the
// connection to the upstream.
func (s samples) firstToTenth(row string) []float64 {
	bare := s[rowBare]
	connection := pairs(bare["first request"], bare["tenth request"], difference)
	return pairs(pairs(s[row]["first request"], connection, difference), s[row]["tenth request"], divide)
}
