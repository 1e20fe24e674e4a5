package main

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// settings are what a run is asked for.
type settings struct {
	rounds      int
	seconds     time.Duration // of each phase of each contender in a round
	connections int           // of the closed loop
	rate        float64       // of the open loop, requests a second
	fresh       int           // tokens signed in advance
	soak        int64         // requests; 0: none
	out         string        // directory
	only        string        // a regular expression of parts
	picked      string        // and one of contenders
}

// samples are one value a round, by row and quantity.
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
	contenders []contender
	table      samples
	curves     []curve
	warnings   []string
	many       []string // tokens of the curves
}

func (b *bench) warn(format string, arguments ...any) {
	text := fmt.Sprintf(format, arguments...)
	fmt.Fprintln(os.Stderr, "bench: "+text)
	b.warnings = append(b.warnings, text)
}

// say tells how far a run is.
func say(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", arguments...)
}

// phase runs a load against a proxy and adds what came of it, and what it cost.
// A fresh pool that was gone through is worth a warning: its tokens came twice.
func (b *bench) phase(row string, p *proxy, l load, run func(load) (result, error), record func(r result, own, all float64)) error {
	own, all, err := p.spent()
	if err != nil {
		return err
	}
	r, err := run(l)
	if errors.Is(err, errRate) {
		b.warn("%s: %v", row, err)
	} else if err != nil {
		return fmt.Errorf("%s: %w", row, err)
	}
	ownAfter, allAfter, err := p.spent()
	if err != nil {
		return err
	}
	each := func(spent time.Duration) float64 { return spent.Seconds() * 1e6 / float64(r.served) }
	record(r, each(ownAfter-own), each(allAfter-all))
	return nil
}

// measure has every contender go through both loops, once a round, one after
// the other: what the machine does meanwhile, it does to all.
func (b *bench) measure() error {
	for round := range b.rounds {
		for i := range b.contenders {
			// Each round begins elsewhere, so that none is always first.
			c := &b.contenders[(i+round)%len(b.contenders)]
			say("round %d of %d: %s", round+1, b.rounds, c.name)
			l := load{addr: c.proxy.envoy.Addr(), tokens: c.tokens, connections: b.connections, duration: b.seconds}
			before := c.tokens.taken()
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
			if used := c.tokens.taken() - before; c.fresh && used > uint64(len(c.tokens.tokens)) {
				b.warn("%s: %d requests of %d fresh tokens in one round", c.name, used, len(c.tokens.tokens))
			}
		}
	}
	return b.memory("memory")
}

// protocols are the rows over HTTP/2 and gRPC, of those contenders that have them.
func (b *bench) protocols() error {
	for round := range b.rounds {
		say("round %d of %d: HTTP/2 and gRPC", round+1, b.rounds)
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

// memory adds the anonymous memory of every proxy, and of each of its VMs above
// a bare Envoy. It is taken after the load, when heaps have grown to what they
// need.
func (b *bench) memory(quantity string) error {
	var bare int64
	seen := map[*proxy]bool{}
	for _, c := range b.contenders { // the bare one comes first
		n, err := anonymous(c.proxy.envoy.Pid())
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
			b.table.add(c.name, quantity+" a VM", float64(n-bare)/float64(vms)/(1<<20))
		}
	}
	return nil
}
