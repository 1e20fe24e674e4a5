// Package faults breaks what a gate depends on while a real Envoy serves: its
// issuers' key endpoints, its own VM, its configuration. A caller with a grant is
// served, or refused with a Reason that says why; no other caller is served.
//
//	go test ./faults                              a short run
//	go test ./faults -v -timeout 20m -args -full  the whole run
package faults

import (
	"flag"
	"os"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

var full = flag.Bool("full", false, "run everything at its full length")

// scale is a size of the full run, or of the short one.
func scale[T any](long, short T) T {
	if *full {
		return long
	}
	return short
}

// patience is how long anything may take that has to come.
const patience = harness.Patience

var root, shipped, faulty string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(testbed.Run(m, func(repository, dir string) (err error) {
		root = repository
		if shipped, err = testbed.Build(root, dir, "modelgate"); err == nil {
			faulty, err = testbed.Build(root, dir, "faults", "-tags=faults")
		}
		return err
	}))
}

// each runs tests that share one Envoy, whose start takes seconds, each under a
// configuration of its own.
func each(t *testing.T, w *world, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) { r.run(w.again(t)) })
	}
}

type row struct {
	name string
	run  func(*world)
}

// TestFaults begins with an Envoy whose issuer's endpoint is dead.
func TestFaults(t *testing.T) {
	t.Parallel()
	each(t, deadAtStart(t, harness.Options{}), []row{
		{"Stale", stale},
		{"Misbehaviour", misbehaviour},
		{"MisbehaviourAtStart", misbehaviourAtStart},
		{"Lie", lies},
		{"TwoIssuers", twoIssuers},
		{"ClientsThatLeave", clientsThatLeave},
		{"InFlight", inFlight},
		{"ForgedKids", forgedKids},
		{"FreshKeys", freshKeys},
		{"Pushes", pushes},
	})
}

// TestWorkers is about what several workers do together.
func TestWorkers(t *testing.T) {
	t.Parallel()
	each(t, deadAtStart(t, harness.Options{Concurrency: 4}), []row{{"OneFetch", oneFetch}, {"Rotation", rotation}, {"APIKeys", apiKeys}})
}
