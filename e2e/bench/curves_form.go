package main

import (
	"fmt"
	"time"
)

// each measures a curve for every form, one form after the other. The form for heads only has
// the curves of the filter that it is a part of.
func (b *bench) each(curve func(*bench, form) error) error {
	for _, f := range b.forms() {
		if f.heads {
			continue
		}
		progress("%s", f.name)
		if err := curve(b, f); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

func (b *bench) grantsCurves() error  { return b.each((*bench).grantsCurve) }
func (b *bench) tokensCurves() error  { return b.each((*bench).tokensCurve) }
func (b *bench) sizesCurves() error   { return b.each((*bench).sizesCurve) }
func (b *bench) bodiesCurves() error  { return b.each((*bench).bodiesCurve) }
func (b *bench) workersCurves() error { return b.each((*bench).workersCurve) }
func (b *bench) soakCurves() error    { return b.each((*bench).soakCurve) }

// startGate starts a proxy with a gate of its own configuration. The caller stops it.
func (b *bench) startGate(f form, config string, workers int) (*proxy, error) {
	p := f.proxy(b.fixture, "curve", config)
	p.workers = workers
	return p, p.start(b.fixture)
}

func (b *bench) grantsCurve(f form) error {
	var list []candidate
	for _, n := range []int{10, 100, 1000, 10_000, 100_000} {
		progress("starting a gate with %d grants", n)
		began := time.Now()
		p, err := b.startGate(f, gateConfig([]*issuer{b.issuers["ES256"]}, n), 1)
		if err != nil {
			return err
		}
		defer p.stop()
		b.table.add(f.row(fmt.Sprint(n, " grants")), "live after", time.Since(began).Seconds())
		list = append(list, candidate{float64(n), p, b.contenders[0].tokens, 2000})
	}
	return b.overheads(f.row("grants"), "grants", list)
}

// tokensCurve uses the tokens in a circle. This is the worst order for an LRU cache:
// with one token too many, it finds none.
func (b *bench) tokensCurve(f form) error {
	p, err := b.startGate(f, b.gateConf, 1)
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
	return b.overheads(f.row("distinct live tokens"), "tokens", list)
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

func (b *bench) sizesCurve(f form) error {
	p, err := b.startGate(f, b.gateConf, 1)
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
	return b.overheads(f.row("token size"), "bytes", list)
}

// workersCurve has the same number of connections for each worker. It adds two curves: the
// throughput, and the processor time of a request above a bare Envoy with as many workers.
func (b *bench) workersCurve(f form) error {
	rate := curve{Name: f.row("workers"), X: "workers", Y: "requests a second, times a bare Envoy"}
	cost := curve{Name: f.row("CPU with workers"), X: "workers", Y: "µs a request above a bare Envoy"}
	for _, workers := range []int{1, 2} {
		bare := &proxy{name: "bare", template: "bare", workers: workers}
		if err := bare.start(b.fixture); err != nil {
			return err
		}
		defer bare.stop()
		gate, err := b.startGate(f, b.gateConf, workers)
		if err != nil {
			return err
		}
		defer gate.stop()
		var ratios, above []float64
		for range b.curveRounds() {
			var rps, spent []float64
			for _, p := range []*proxy{bare, gate} {
				l := load{addr: p.envoy.Addr(), ask: predict, tokens: b.contenders[0].tokens, connections: b.connections * workers,
					duration: b.seconds}
				if err := b.phase(rate.Name, p, l, load.http1, func(r result, own, _ float64) {
					rps, spent = append(rps, r.rps), append(spent, own)
				}); err != nil {
					return err
				}
			}
			ratios, above = append(ratios, rps[1]/rps[0]), append(above, spent[1]-spent[0])
		}
		rate.Points = append(rate.Points, point{float64(workers), statOf(ratios)})
		cost.Points = append(cost.Points, point{float64(workers), statOf(above)})
	}
	b.curves = append(b.curves, rate, cost)
	return nil
}

// soakCurve measures the anonymous memory of one gate over many requests, with more
// tokens than it caches. The slope leaves out the first quarter, in which the heap
// grows to its full size.
func (b *bench) soakCurve(f form) error {
	const steps = 40
	if b.soak == 0 {
		return nil
	}
	p, err := b.startGate(f, b.gateConf, 1)
	if err != nil {
		return err
	}
	defer p.stop()
	tokens, err := b.manyTokens()
	if err != nil {
		return err
	}
	c := curve{Name: f.row("memory over requests"), X: "requests", Y: "MiB of anonymous memory"}
	var xs, ys []float64
	for step := range steps {
		l := load{addr: p.envoy.Addr(), ask: predict, tokens: tokens, connections: b.connections, exactly: max(b.soak/steps, 1)}
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
	b.table.add(f.row("soak"), "MiB a million requests", slope*1e6)
	b.table.add(f.row("soak"), "noise of that", noise*1e6)
	return nil
}
