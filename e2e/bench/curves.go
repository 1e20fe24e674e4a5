package main

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
			l := load{addr: p.envoy.Addr(), ask: predict, tokens: tokens, connections: b.connections, duration: b.seconds}
			return b.phase(name, p, l, load.http1, func(_ result, own, _ float64) { keep(own) })
		}
		if err := ask(bare.proxy, bare.tokens, func(own float64) { floor = own }); err != nil {
			return err
		}
		for i, c := range list {
			if c.fill > 0 {
				l := load{addr: c.proxy.envoy.Addr(), ask: predict, tokens: c.tokens, connections: b.connections, exactly: c.fill}
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
