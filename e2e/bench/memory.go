package main

import "fmt"

func workersText(n int) string {
	if n == 1 {
		return "one worker"
	}
	return fmt.Sprint(n, " workers")
}

func memoryAbove(workers int) string { return "memory above bare, " + workersText(workers) }

// memoryCurve measures the anonymous memory of every form above that of a bare Envoy, after
// each of its workers has had load. Every sample is a new process.
func (b *bench) memoryCurve() error {
	for round := range b.curveRounds() {
		progress("memory %d of %d", round+1, b.curveRounds())
		for _, workers := range []int{1, 4} {
			bare, err := b.memoryOf(&proxy{name: "bare", template: "bare", workers: workers})
			if err != nil {
				return err
			}
			for _, f := range b.forms() {
				p := f.proxy(b.fixture, "memory", f.config(b.gateConf))
				p.workers = workers
				n, err := b.memoryOf(p)
				if err != nil {
					return err
				}
				b.table.add(f.row(seenBefore), memoryAbove(workers), float64(n-bare)/(1<<20))
			}
		}
	}
	return nil
}

// memoryOf starts a proxy, loads all its workers and returns its anonymous memory, in bytes.
func (b *bench) memoryOf(p *proxy) (int64, error) {
	if err := p.start(b.fixture); err != nil {
		return 0, err
	}
	defer p.stop()
	l := load{addr: p.envoy.Addr(), ask: predict, tokens: b.contenders[0].tokens, connections: b.connections * p.workers, duration: b.seconds}
	if _, err := l.http1(); err != nil {
		return 0, err
	}
	return anonymousMemory(p.envoy.Pid())
}
