// Command bench compares model gate with its alternatives (Envoy's own filters, Lua,
// and an ext_authz server that embeds OPA) and with what limits it (an empty filter
// in Go, and the same reads and edits in C without an SDK).
//
// All of them run in one process tree, interleaved. Only ratios of figures of the
// same round count: the machine's speed and its other work cancel out, as far as they
// can. Every contender answers a corpus before it is timed. The upstream answers 200
// only to a request with the edits of a decision, so each timed 200 was decided.
//
// It reads /proc, so it needs Linux. See `bench -h`.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"fortio.org/log"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "opa" {
		exit(serveOPA(os.Args[2]))
	}
	if len(os.Args) > 1 && os.Args[1] == "attacks" {
		exit(attacks(os.Args[2:]))
	}
	var s settings
	flag.IntVar(&s.rounds, "rounds", 5, "rounds; every contender runs once in each")
	flag.DurationVar(&s.seconds, "phase", 2*time.Second, "length of a phase of load")
	flag.DurationVar(&s.warmUp, "warm-up", 5*time.Second, "load on each contender before anything is measured")
	flag.IntVar(&s.connections, "connections", 8, "connections of a load")
	flag.Float64Var(&s.rate, "rate", 400, "requests a second where latency is measured")
	flag.IntVar(&s.fresh, "fresh", 60_000, "fresh ES256 tokens signed in advance; must be more than a round uses")
	flag.Int64Var(&s.soak, "soak", 1_000_000, "requests over which memory growth is measured, with 100,000 distinct tokens; 0 leaves it out")
	flag.StringVar(&s.out, "out", "", "directory for bench.json and bench.svg (default: build, in the repository)")
	flag.StringVar(&s.partPattern, "only", ".", "the parts to run: a regular expression of "+partNames())
	flag.StringVar(&s.rowPattern, "rows", ".",
		"the contenders to run: a regular expression of their names; comparisons with the others are left out")
	flag.Parse()
	exit(run(s))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// parts lists the parts of a run, in order.
var parts = []struct {
	name string
	run  func(*bench) error
}{
	{"contenders", (*bench).measure},
	{"protocols", (*bench).protocols},
	{"starts", (*bench).starts},
	{"grants", (*bench).grantsCurves},
	{"tokens", (*bench).tokensCurves},
	{"sizes", (*bench).sizesCurves},
	{"bodies", (*bench).bodiesCurves},
	{"signed", (*bench).signedCurves},
	{"workers", (*bench).workersCurves},
	{"memory", (*bench).memoryCurve},
	{"soak", (*bench).soakCurves},
}

func partNames() (text string) {
	for _, p := range parts {
		text += " " + p.name
	}
	return text[1:]
}

func run(s settings) (err error) {
	only, err := regexp.Compile(s.partPattern)
	if err != nil {
		return err
	}
	root, err := testbed.Root()
	if err != nil {
		return err
	}
	if s.out == "" {
		s.out = filepath.Join(root, "build")
	}
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		return err
	}
	b := &bench{settings: s, table: samples{}, fixture: &fixture{}}
	if b.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	about := machine() // before the run's own load
	if before, err := strconv.ParseFloat(strings.Fields(about["load before"] + " ?")[0], 64); err == nil && before > 0.5 {
		b.warn("the machine is busy (load average %.1f): ratios will scatter, and absolute figures mean nothing", before)
	}
	stop, err := b.startAll(root)
	defer stop()
	if err != nil {
		return err
	}
	for _, p := range parts {
		if only.MatchString(p.name) {
			progress("%s", p.name)
			if failed := p.run(b); failed != nil { // what was measured is still reported
				b.warn("%s: %v", p.name, failed)
				err = fmt.Errorf("not everything was measured: %w", failed)
			}
		}
	}
	return errors.Join(b.report(about), err)
}

// startAll builds the modules, signs the tokens, and starts and verifies every
// contender. stop ends all that was started, also after an error.
func (b *bench) startAll(root string) (stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, s := range stops {
			s()
		}
	}
	log.SetOutput(io.Discard) // Fortio's own
	progress("building the modules")
	if err := b.build(root); err != nil {
		return stop, err
	}
	if b.clangError != "" {
		b.warn("no filter in C, and no comparison with one: no clang builds for wasm32 (on Debian: apt-get install clang lld): %s", b.clangError)
	}
	if stops, err = b.upstreams(); err != nil {
		return stop, err
	}
	progress("signing tokens")
	seen, fresh, err := b.signTokens()
	if err != nil {
		return stop, err
	}
	b.listContenders(seen, fresh)
	rows, err := regexp.Compile(b.rowPattern)
	if err != nil {
		return stop, err
	}
	b.contenders = slices.DeleteFunc(b.contenders, func(c contender) bool {
		return c.name != rowBare+protocolSuffix(c.name) && !rows.MatchString(c.name)
	})
	started := map[*proxy]bool{}
	for _, c := range b.contenders {
		if !started[c.proxy] {
			if err := c.proxy.start(b.fixture); err != nil {
				return stop, err
			}
			started[c.proxy], stops = true, append(stops, c.proxy.stop)
		}
		if err := b.verifyAndWarm(c); err != nil {
			return stop, err
		}
	}
	return stop, nil
}

// upstreams starts the upstreams that are not in Envoy itself.
func (b *bench) upstreams() (stops []func(), err error) {
	for _, up := range []struct {
		port  *string
		serve func() (string, func(), error)
	}{{&b.health, serveHealth}, {&b.bodies, serveBodies}} {
		port, end, err := up.serve()
		if err != nil {
			return stops, err
		}
		*up.port, stops = port, append(stops, end)
	}
	return stops, nil
}

// verifyAndWarm sends the corpus to a contender, and then warms it up.
func (b *bench) verifyAndWarm(c contender) error {
	progress("ready? %s", c.name)
	if err := c.proxy.verify(b.fixture, c); err != nil {
		return err
	}
	if b.warmUp == 0 {
		return nil
	}
	_, err := load{addr: c.proxy.envoy.Addr(), ask: c.ask, tokens: c.tokens, connections: b.connections, duration: b.warmUp}.http1()
	return err
}
