package keys

import (
	"testing"
	"time"
)

// checkSchedule checks that a fetch for an unknown key never begins earlier than Interval
// after the one before it.
func (p *proxy) checkSchedule() {
	var last time.Time
	for i, s := range p.starts {
		if gap := s.at.Sub(last); s.wanted && gap < p.source.Interval {
			p.t.Fatalf("fetch %d, for an unknown key, begins %s after the one before", i, gap)
		}
		if s.wanted {
			last = s.at
		}
	}
}

// TestModel: in whatever order things happen, a VM uses no key after it has seen the
// key go, no key is reported as unknown that was published Interval before, no request
// waits too long, and no fetch comes too soon. When the endpoint is back, so is service.
func TestModel(t *testing.T) {
	fetches, decided := 0, uint32(0)
	for seed := range uint64(300) {
		p := newProxy(t, seed)
		for range 2000 {
			p.step()
		}
		p.checkSchedule()
		p.checkRecovery()
		fetches += len(p.starts)
		decided += p.next
	}
	t.Logf("%d fetches, %d requests", fetches, decided)
	if fetches < 10_000 || decided < 50_000 {
		t.Error("the model did next to nothing")
	}
}

// checkRecovery: the endpoint works from now on. Each VM has its keys after a lease, a
// backoff and a fetch at most, and no request waits for ever.
func (p *proxy) checkRecovery() {
	p.down = false
	for range 200 {
		p.now = p.now.Add(200 * time.Millisecond)
		for i, v := range p.vms {
			p.tick(i, p.casNow())
			for len(v.flying) > 0 {
				f := v.flying[0]
				v.flying = v.flying[1:]
				out, _, _ := v.refresher.HandleAnswer(p.now, p.shared, f.fetch, Answer{Headers: [][2]string{{":status", "200"}}, Body: p.document()})
				if out.Store != nil {
					p.free = p.store(out.Store, p.casNow())
				}
			}
		}
	}
	for i, v := range p.vms {
		if v.refresher.Document(p.now) != p.document() {
			p.t.Fatalf("VM %d has %s and the endpoint %s", i, v.refresher.Document(p.now), p.document())
		}
	}
	for _, r := range p.requests {
		if waited := p.now.Sub(r.since); waited > p.source.Wait {
			p.t.Fatalf("a request still waits after %s", waited)
		}
	}
}
