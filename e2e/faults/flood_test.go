package faults

import (
	"time"

	"github.com/modelgate/modelgate/e2e/internal/keyserver"
	"github.com/modelgate/modelgate/e2e/internal/load"
)

// forgedKids sends tokens that each name a key of their own which does not
// exist. They cost the issuer no more than a fetch an interval, and callers with
// good tokens not their answer, nor a rotation its fetch.
func forgedKids(w *world) {
	t := w.t
	w.configure(object{"refresh": "1h"}, nil)
	good := w.served()
	calm := w.some(good, 2*time.Second)

	forged := make([]string, scale(10_000, 2_000))
	for i := range forged {
		var err error
		if forged[i], err = w.corp.MintForged(object{"aud": "models"}); err != nil {
			t.Fatal(err)
		}
	}
	began, before, counted := time.Now(), w.corp.Count(keyserver.JWKS), w.stat("keys.corp.refetch_unknown_kid")
	flood := w.load(load.Load{
		Path: always(granted), Token: func(i int) string { return forged[i] },
		Workers: 1500, Total: len(forged),
	})
	during := w.some(good, 2*time.Second)
	if _, err := w.corp.Rotate(true); err != nil {
		t.Fatal(err)
	}
	w.until(load.Allowed, w.token(w.corp, ""), granted, unavailable)
	report := flood.Wait()
	took, fetches := time.Since(began), w.corp.Count(keyserver.JWKS)-before
	t.Logf("forged in %v: %s; good before: %s, during: %s; %d fetches", took, report, calm, during, fetches)
	if !report.Only(unknown, unavailable) || report.Lines[unknown] == 0 {
		t.Errorf("forged: %s", report)
	}
	if most := int(took/time.Second) + 2; fetches > most || fetches == 0 {
		t.Errorf("%d fetches in %v, want at most %d", fetches, took, most)
	}
	if !calm.Only(load.Allowed) || !during.Only(load.Allowed) {
		t.Errorf("good before: %s, during: %s", calm, during)
	}
	// They queue for the processors with the flood, but not behind it.
	if a, b := calm.Median(load.Allowed), during.Median(load.Allowed); b > 50*a+3*time.Second {
		t.Errorf("a good token takes %v, and %v before the flood", b, a)
	}
	w.settles("keys.corp.waiting", func(n uint64) bool { return n == 0 })
	if n := w.stat("keys.corp.refetch_unknown_kid") - counted; n == 0 || n > uint64(fetches) {
		t.Errorf("%d refetches counted, and the endpoint %d fetches", n, fetches)
	}
}

// some sends a good token now and then.
func (w *world) some(token string, d time.Duration) load.Report {
	r := w.load(load.Load{Path: always(granted), Token: always(token), Workers: 50, Rate: 50})
	time.Sleep(d)
	return r.Stop()
}

// clientsThatLeave: the gate forgets a client that leaves while it waits.
func clientsThatLeave(w *world) {
	t := w.t
	w.configure(object{"refresh": "1h", "interval": "10m", "wait": "1m"}, nil)
	w.served()
	forged, err := w.corp.MintForged(object{"aud": "models"})
	if err != nil {
		t.Fatal(err)
	}
	clients := w.load(load.Load{Path: always(granted), Token: always(forged), Workers: 100, Total: 100})
	w.settles("keys.corp.waiting", func(n uint64) bool { return n == 100 })
	report := clients.Leave()
	if report.Lines[unknown]+report.Lines[unavailable]+report.Lines[load.Allowed] > 0 {
		t.Errorf("answered: %s", report)
	}
	w.settles("keys.corp.waiting", func(n uint64) bool { return n == 0 })
}
