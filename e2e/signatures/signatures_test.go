package signatures

import (
	"flag"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/modelgate/modelgate/internal/signature"
)

var mutations = flag.Int("mutations", 2000, "number of requests that are signed and changed")

// The examples of RFC 9421 with a request: ours and the libraries take the same. httpsig-go knows no header with two values.
func TestExamples(t *testing.T) {
	var requests []*request
	for _, e := range []struct{ name, algorithm string }{
		{"2.4.2.request", signature.RSAPSSSHA512},
		{"4.3.1", signature.ECDSAP256SHA256},
		{"b.2.1", signature.RSAPSSSHA512},
		{"b.2.2", signature.RSAPSSSHA512},
		{"b.2.3", signature.RSAPSSSHA512},
		{"b.2.5", signature.HMACSHA256},
		{"b.2.6", signature.Ed25519},
		{"b.3", signature.ECDSAP256SHA256},
		{"b.4.3", signature.Ed25519},
	} {
		requests = append(requests, example(t, e.name, e.algorithm))
	}
	for i, v := range startPython(t).verify(requests) {
		r := requests[i]
		if ours, golang := r.ours(t), r.golang(t); ours != "" || golang != "" || v != "" {
			t.Errorf("%+v: ours %q, httpsig-go %q, http-message-signatures %q", r, ours, golang, v)
		}
	}
}

// Nothing that both libraries refuse is taken; what both take and ours refuses falls under a rule.
func TestMutations(t *testing.T) {
	g := &generator{rand.New(rand.NewPCG(9421, 9530)), t}
	requests := make([]*request, *mutations)
	for i := range requests {
		requests[i] = g.next()
	}
	p := startPython(t)
	counts := map[string]int{}
	for i, python := range p.verify(requests) {
		r := requests[i]
		ours, golang := r.ours(t), r.golang(t)
		switch {
		case ours == "" && golang != "" && python != "":
			t.Errorf("only ours takes %s\nhttpsig-go: %s\nhttp-message-signatures: %s", r.json(), golang, python)
		case ours != "" && golang == "" && python == "":
			rule := ruleFor(r, ours)
			if rule == "" {
				t.Errorf("only ours refuses, under no rule, %s\n%s", r.json(), ours)
			}
			counts["only ours refuses: "+rule]++
		case ours == "" && golang == "" && python == "":
			counts["all take"]++
		case ours == "":
			counts["ours and one take"]++
		case golang == "" || python == "":
			counts["one takes"]++
		default:
			counts["none takes"]++
		}
	}
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%6d %s", counts[what], what)
	}
}
