package main

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// settings are the flags of a run.
type settings struct {
	rounds  int
	seconds time.Duration // length of one phase of load
	// Load on each contender before it is measured: as long as V8 needs to optimize the
	// functions that are called most. The cost before that is in the figures of the start and of
	// the first request. 0 leaves it out.
	warmUp      time.Duration
	connections int     // that send as fast as they can
	rate        float64 // requests a second, where latency is measured
	fresh       int     // tokens signed in advance
	soak        int64   // requests of the soak; 0 leaves it out
	out         string  // directory for bench.json and bench.svg
	partPattern string  // a regular expression of parts
	rowPattern  string  // a regular expression of contenders
}

// samples has one value for each round, by row and quantity.
type samples map[string]map[string][]float64

func (s samples) add(row, quantity string, value float64) {
	if s[row] == nil {
		s[row] = map[string][]float64{}
	}
	s[row][quantity] = append(s[row][quantity], value)
}

// bench is a run.
type bench struct {
	settings
	*fixture
	contenders  []contender
	table       samples
	curves      []curve
	warnings    []string
	curveTokens []string // tokens of the curves
}

func (b *bench) warn(format string, arguments ...any) {
	text := fmt.Sprintf(format, arguments...)
	fmt.Fprintln(os.Stderr, "bench: "+text)
	b.warnings = append(b.warnings, text)
}

// progress prints how far the run is.
func progress(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", arguments...)
}

// phase runs a load against a proxy. It calls record with the result, and with the
// processor time in µs a request: the proxy's own, and that of all its processes. A
// rate that was not held is a warning.
func (b *bench) phase(row string, p *proxy, l load, run func(load) (result, error), record func(r result, own, all float64)) error {
	own, all, err := p.cpuTime()
	if err != nil {
		return err
	}
	r, err := run(l)
	if errors.Is(err, errRate) {
		b.warn("%s: %v", row, err)
	} else if err != nil {
		return fmt.Errorf("%s: %w", row, err)
	}
	ownAfter, allAfter, err := p.cpuTime()
	if err != nil {
		return err
	}
	each := func(spent time.Duration) float64 { return spent.Seconds() * 1e6 / float64(r.served) }
	record(r, each(ownAfter-own), each(allAfter-all))
	return nil
}

// measure runs both loads on every contender, one contender after the other, once in
// each round: so all contenders get the same share of the machine's other work. It
// warns if a pool of fresh tokens was used up, since tokens then came twice.
func (b *bench) measure() error {
	for round := range b.rounds {
		for i := range b.contenders {
			// Each round begins with another contender, so that none is always first.
			c := &b.contenders[(i+round)%len(b.contenders)]
			progress("round %d of %d: %s", round+1, b.rounds, c.name)
			l := load{addr: c.proxy.envoy.Addr(), ask: c.ask, tokens: c.tokens, connections: b.connections, duration: b.seconds}
			before := c.tokens.issued()
			err := b.phase(c.name, c.proxy, l, load.http1, func(r result, own, all float64) {
				b.table.add(c.name, "cpu", own)
				b.table.add(c.name, "cpu all", all)
				b.table.add(c.name, "rps", r.rps)
			})
			if err != nil {
				return err
			}
			l.rate = b.rate
			err = b.phase(c.name, c.proxy, l, load.http1, func(r result, own, _ float64) {
				b.table.add(c.name, "cpu at rate", own)
				b.table.add(c.name, "p50", r.p50)
				b.table.add(c.name, "p99", r.p99)
				b.table.add(c.name, "p99.9", r.p999)
			})
			if err != nil {
				return err
			}
			if used := c.tokens.issued() - before; c.fresh && used > uint64(len(c.tokens.tokens)) {
				b.warn("%s: %d requests of %d fresh tokens in one round", c.name, used, len(c.tokens.tokens))
			}
		}
	}
	return b.memory("memory")
}

// protocols measures HTTP/2 and gRPC, for those contenders that have these rows.
func (b *bench) protocols() error {
	for round := range b.rounds {
		progress("round %d of %d: HTTP/2 and gRPC", round+1, b.rounds)
		if err := b.overHTTP2(); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) overHTTP2() error {
	for name, run := range map[string]func(load) (result, error){"HTTP/2": load.http2, "gRPC": load.grpc} {
		for i := range b.contenders {
			c := &b.contenders[i]
			if !c.protocols {
				continue
			}
			row := c.name + ", " + name
			l := load{addr: c.proxy.envoy.Addr(), tokens: c.tokens, connections: b.connections, duration: b.seconds}
			if err := b.phase(row, c.proxy, l, run, func(r result, own, _ float64) {
				b.table.add(row, "cpu", own)
				b.table.add(row, "rps", r.rps)
			}); err != nil {
				return err
			}
			l.rate = b.rate
			if err := b.phase(row, c.proxy, l, run, func(r result, own, _ float64) {
				b.table.add(row, "p50", r.p50)
				b.table.add(row, "p99", r.p99)
				b.table.add(row, "p99.9", r.p999)
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// memory adds the anonymous memory of every proxy, and that of one VM: what the
// proxy has above a bare Envoy, divided by its VMs. It is measured after the load,
// when the heaps have grown to their full size.
func (b *bench) memory(quantity string) error {
	var bare int64
	seen := map[*proxy]bool{}
	for _, c := range b.contenders { // the bare one comes first
		n, err := anonymousMemory(c.proxy.envoy.Pid())
		if err != nil {
			return err
		}
		if c.name == "bare" {
			bare = n
		}
		if seen[c.proxy] {
			continue
		}
		seen[c.proxy] = true
		b.table.add(c.name, quantity, float64(n)/(1<<20))
		vms, err := c.proxy.vms()
		if err != nil {
			return err
		}
		if vms > 0 {
			b.table.add(c.name, quantity+" per VM", float64(n-bare)/float64(vms)/(1<<20))
		}
	}
	return nil
}
