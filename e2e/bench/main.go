// Command bench measures model gate beside what one would use instead: Envoy's
// own filters, Lua, and a server of ext_authz that embeds OPA; and beside what
// bounds it: an empty filter in Go, and the same work in C without an SDK.
//
// All of them run in one go, interleaved, and what counts are ratios of figures
// from the same round: the machine's speed and its other work cancel out, as
// far as they can. Each contender first answers a corpus, and each of its timed
// answers is a 200 that the upstream gives only to what a decision leaves.
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
	var s settings
	flag.IntVar(&s.rounds, "rounds", 5, "rounds, in each of which every contender runs once")
	flag.DurationVar(&s.seconds, "phase", 2*time.Second, "length of a phase of load")
	flag.IntVar(&s.connections, "connections", 8, "connections of a load")
	flag.Float64Var(&s.rate, "rate", 400, "requests a second where latency is measured")
	flag.IntVar(&s.fresh, "fresh", 60_000, "fresh ES256 tokens signed in advance: more than a round asks for")
	flag.Int64Var(&s.soak, "soak", 1_000_000, "requests of the memory's slope, with 100,000 distinct tokens; 0 leaves it out")
	flag.StringVar(&s.out, "out", "", "directory of bench.json and bench.svg; build of the repository by default")
	flag.StringVar(&s.only, "only", ".", "the parts to run, a regular expression of: "+names())
	flag.StringVar(&s.picked, "rows", ".", "the contenders to run, a regular expression of their names; what is compared with the others is then not measured")
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

// parts are what a run consists of, in order.
var parts = []struct {
	name string
	run  func(*bench) error
}{
	{"contenders", (*bench).measure},
	{"protocols", (*bench).protocols},
	{"starts", (*bench).starts},
	{"grants", (*bench).grantsCurve},
	{"tokens", (*bench).tokensCurve},
	{"sizes", (*bench).sizesCurve},
	{"bodies", (*bench).bodiesCurve},
	{"workers", (*bench).workersCurve},
	{"soak", (*bench).soakCurve},
}

func names() (text string) {
	for _, p := range parts {
		text += " " + p.name
	}
	return text[1:]
}

func run(s settings) (err error) {
	only, err := regexp.Compile(s.only)
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
	about := machine() // before there is any load of ours
	if before, err := strconv.ParseFloat(strings.Fields(about["load before"] + " ?")[0], 64); err == nil && before > 0.5 {
		b.warn("the machine is busy (load average %.1f): ratios will scatter, and absolute figures mean nothing", before)
	}
	stop, err := b.prepare(root)
	defer stop()
	if err != nil {
		return err
	}
	for _, p := range parts {
		if only.MatchString(p.name) {
			say("%s", p.name)
			if failed := p.run(b); failed != nil { // what was measured is reported all the same
				b.warn("%s: %v", p.name, failed)
				err = fmt.Errorf("not everything was measured: %w", failed)
			}
		}
	}
	return errors.Join(b.report(about), err)
}

// prepare builds, signs, starts and verifies everything. What it has started,
// stop ends, also after an error.
func (b *bench) prepare(root string) (stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, s := range stops {
			s()
		}
	}
	log.SetOutput(io.Discard) // Fortio's own
	say("building the modules")
	if err := b.build(root); err != nil {
		return stop, err
	}
	if b.noC != "" {
		b.warn("no contender in C, and no goal that is measured by it: no clang that builds for wasm32 (on Debian: apt-get install clang lld): %s", b.noC)
	}
	if stops, err = b.upstreams(); err != nil {
		return stop, err
	}
	say("signing tokens")
	seen, fresh, err := b.sign()
	if err != nil {
		return stop, err
	}
	b.list(seen, fresh)
	rows, err := regexp.Compile(b.picked)
	if err != nil {
		return stop, err
	}
	b.contenders = slices.DeleteFunc(b.contenders, func(c contender) bool { return c.name != rowBare && !rows.MatchString(c.name) })
	started := map[*proxy]bool{}
	for _, c := range b.contenders {
		if !started[c.proxy] {
			if err := c.proxy.start(b.fixture); err != nil {
				return stop, err
			}
			started[c.proxy], stops = true, append(stops, c.proxy.stop)
		}
		if err := b.ready(c); err != nil {
			return stop, err
		}
	}
	return stop, nil
}

// upstreams starts those that are not in Envoy itself.
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

// warmUp is how long each contender carries the load before anything of it is
// measured: as long as V8 takes to compile anew what is called most. What a proxy
// costs before that, its start and its first request say.
const warmUp = 5 * time.Second

// ready asks a contender the corpus and warms it up.
func (b *bench) ready(c contender) error {
	say("ready? %s", c.name)
	if err := c.proxy.verify(b.fixture, c.alg, c.tokens); err != nil {
		return err
	}
	_, err := load{addr: c.proxy.envoy.Addr(), tokens: c.tokens, connections: b.connections, duration: warmUp}.http1()
	return err
}
