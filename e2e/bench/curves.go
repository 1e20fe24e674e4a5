package main

import (
	"fmt"
	"time"
)

// curve is how one quantity of model gate grows with one property of its load.
type curve struct {
	Name   string  `json:"name"`
	X      string  `json:"x"`
	Y      string  `json:"y"`
	Points []point `json:"points"`
}

type point struct {
	X float64 `json:"x"`
	stat
}

// curveRounds returns the rounds of a curve. A trend needs fewer of them than a
// comparison.
func (b *bench) curveRounds() int { return min(b.rounds, 5) }

// candidate is one point of a curve that is to be measured.
type candidate struct {
	x      float64
	proxy  *proxy
	tokens *pool
	fill   int64 // requests before the measurement
}

// overheads measures the candidates and a bare Envoy in turn, and adds two curves:
// the processor time of a request above the bare Envoy, and its ratio to the first
// point of the same round.
func (b *bench) overheads(name, x string, list []candidate) error {
	bare := b.contenders[0]
	values := make([][]float64, len(list))
	for round := range b.curveRounds() {
		progress("%s %d of %d", name, round+1, b.curveRounds())
		var floor float64
		ask := func(p *proxy, tokens *pool, keep func(own float64)) error {
			l := load{addr: p.envoy.Addr(), tokens: tokens, connections: b.connections, duration: b.seconds}
			return b.phase(name, p, l, load.http1, func(_ result, own, _ float64) { keep(own) })
		}
		if err := ask(bare.proxy, bare.tokens, func(own float64) { floor = own }); err != nil {
			return err
		}
		for i, c := range list {
			if c.fill > 0 {
				l := load{addr: c.proxy.envoy.Addr(), tokens: c.tokens, connections: b.connections, exactly: c.fill}
				if _, err := l.http1(); err != nil {
					return err
				}
			}
			if err := ask(c.proxy, c.tokens, func(own float64) { values[i] = append(values[i], own-floor) }); err != nil {
				return err
			}
		}
	}
	above := curve{Name: name, X: x, Y: "µs a request above a bare Envoy"}
	times := curve{Name: name + ", against the first", X: x, Y: "times"}
	for i, c := range list {
		above.Points = append(above.Points, point{c.x, statOf(values[i])})
		times.Points = append(times.Points, point{c.x, statOf(pairs(values[i], values[0], divide))})
	}
	b.curves = append(b.curves, above, times)
	return nil
}

// startGate starts a proxy with a gate of its own configuration. The caller stops it.
func (b *bench) startGate(config string, workers int) (*proxy, error) {
	p := &proxy{name: "gate", template: "wasm", wasm: b.modules["gate"], config: config, decides: true, workers: workers}
	return p, p.start(b.fixture)
}

func (b *bench) grantsCurve() error {
	var list []candidate
	for _, n := range []int{10, 100, 1000, 10_000, 100_000} {
		progress("starting a gate with %d grants", n)
		began := time.Now()
		p, err := b.startGate(gateConfig([]*issuer{b.issuers["ES256"]}, n), 1)
		if err != nil {
			return err
		}
		defer p.stop()
		b.table.add(fmt.Sprint(n, " grants"), "live after", time.Since(began).Seconds())
		list = append(list, candidate{float64(n), p, b.contenders[0].tokens, 2000})
	}
	return b.overheads("grants", "grants", list)
}

// tokensCurve uses the tokens in a circle. This is the worst order for an LRU cache:
// with one token too many, it finds none.
func (b *bench) tokensCurve() error {
	p, err := b.startGate(b.gateConf, 1)
	if err != nil {
		return err
	}
	defer p.stop()
	all, err := b.manyTokens()
	if err != nil {
		return err
	}
	var list []candidate
	for _, n := range []int{1, 100, 1000, 8000, 100_000} {
		list = append(list, candidate{float64(n), p, &pool{tokens: all.tokens[:n]}, int64(min(n, 8192)) + 100})
	}
	return b.overheads("distinct live tokens", "tokens", list)
}

const distinctTokens = 100_000

// manyTokens returns a new pool of the same tokens, which it signs only once.
func (b *bench) manyTokens() (*pool, error) {
	if b.curveTokens == nil {
		p, err := b.issuers["ES256"].newPool(distinctTokens, 0)
		if err != nil {
			return nil, err
		}
		b.curveTokens = p.tokens
	}
	return &pool{tokens: b.curveTokens}, nil
}

func (b *bench) sizesCurve() error {
	p, err := b.startGate(b.gateConf, 1)
	if err != nil {
		return err
	}
	defer p.stop()
	var list []candidate
	for _, pad := range []int{0, 512, 1024, 2048, 4096, 8192} {
		tokens, err := b.issuers["ES256"].newPool(1, pad)
		if err != nil {
			return err
		}
		list = append(list, candidate{float64(len(tokens.tokens[0])), p, tokens, 100})
	}
	return b.overheads("token size", "bytes", list)
}

// workersCurve has the same number of connections for each worker.
func (b *bench) workersCurve() error {
	c := curve{Name: "workers", X: "workers", Y: "requests a second, times a bare Envoy"}
	for _, workers := range []int{1, 2} {
		bare := &proxy{name: "bare", template: "bare", workers: workers}
		if err := bare.start(b.fixture); err != nil {
			return err
		}
		defer bare.stop()
		gate, err := b.startGate(b.gateConf, workers)
		if err != nil {
			return err
		}
		defer gate.stop()
		var ratios []float64
		for range b.curveRounds() {
			var rps []float64
			for _, p := range []*proxy{bare, gate} {
				l := load{addr: p.envoy.Addr(), tokens: b.contenders[0].tokens, connections: b.connections * workers, duration: b.seconds}
				if err := b.phase(c.Name, p, l, load.http1, func(r result, _, _ float64) { rps = append(rps, r.rps) }); err != nil {
					return err
				}
			}
			ratios = append(ratios, rps[1]/rps[0])
		}
		c.Points = append(c.Points, point{float64(workers), statOf(ratios)})
	}
	b.curves = append(b.curves, c)
	return nil
}

// soakCurve measures the anonymous memory of one gate over many requests, with more
// tokens than it caches. The slope leaves out the first quarter, in which the heap
// grows to its full size.
func (b *bench) soakCurve() error {
	const steps = 40
	if b.soak == 0 {
		return nil
	}
	p, err := b.startGate(b.gateConf, 1)
	if err != nil {
		return err
	}
	defer p.stop()
	tokens, err := b.manyTokens()
	if err != nil {
		return err
	}
	c := curve{Name: "memory over requests", X: "requests", Y: "MiB of anonymous memory"}
	var xs, ys []float64
	for step := range steps {
		l := load{addr: p.envoy.Addr(), tokens: tokens, connections: b.connections, exactly: max(b.soak/steps, 1)}
		if _, err := l.http1(); err != nil {
			return err
		}
		n, err := anonymousMemory(p.envoy.Pid())
		if err != nil {
			return err
		}
		x, y := float64(tokens.issued()), float64(n)/(1<<20)
		c.Points = append(c.Points, point{x, statOf([]float64{y})})
		if step >= steps/4 {
			xs, ys = append(xs, x), append(ys, y)
		}
		if step%8 == 7 {
			progress("soak: %.0f requests, %.1f MiB", x, y)
		}
	}
	b.curves = append(b.curves, c)
	slope, noise := slopeOf(xs, ys)
	b.table.add("soak", "MiB a million requests", slope*1e6)
	b.table.add("soak", "noise of that", noise*1e6)
	return nil
}
