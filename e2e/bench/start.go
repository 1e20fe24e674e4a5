package main

import (
	"context"
	"time"
)

// starts measures the time from exec to the first answer, in s, and the times of the
// first and the tenth request, in ms. Every sample is a new process.
func (b *bench) starts() error {
	for round := range b.rounds {
		progress("starts %d of %d", round+1, b.rounds)
		for _, c := range b.contenders {
			if !c.starts {
				continue
			}
			p := *c.proxy
			began := time.Now()
			if err := p.start(b.fixture); err != nil {
				return err
			}
			err := b.firstRequests(c, &p, began)
			p.stop()
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// firstRequests sends ten requests over one connection.
func (b *bench) firstRequests(c contender, p *proxy, began time.Time) error {
	client, err := dial(p.envoy.Addr(), c.tokens, c.ask)
	if err != nil {
		return err
	}
	defer client.conn.Close()
	var took []float64
	for range 10 {
		sent := time.Now()
		client.Run(context.Background(), 0)
		if client.failure != nil {
			return client.failure
		}
		if len(took) == 0 {
			b.table.add(c.name, "start", time.Since(began).Seconds())
		}
		took = append(took, time.Since(sent).Seconds()*1e3)
	}
	b.table.add(c.name, "first request", took[0])
	b.table.add(c.name, "tenth request", took[9])
	return nil
}
