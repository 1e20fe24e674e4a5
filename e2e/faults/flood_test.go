package faults

import (
	"time"

	"github.com/modelgate/modelgate/e2e/internal/keyserver"
	"github.com/modelgate/modelgate/e2e/internal/load"
)

// forgedKids sends tokens that each name a key of their own which does not
// exist. They cost the issuer no more than a fetch an interval. Callers with good
// tokens get their answers, and a rotation gets its fetch.
func forgedKids(w *world) {
	t := w.t
	w.configure(object{"refresh": "1h", "wait": "1m"}, nil)
	good := w.served()
	w.overtakes(good)

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
	t.Logf("forged in %v: %s; good during: %s; %d fetches", took, report, during, fetches)
	if !report.Only(unknown, unavailable) || report.Lines[unknown] == 0 {
		t.Errorf("forged: %s", report)
	}
	if most := int(took/time.Second) + 2; fetches > most || fetches == 0 {
		t.Errorf("%d fetches in %v, want at most %d", fetches, took, most)
	}
	if !during.Only(load.Allowed) {
		t.Errorf("good during the flood: %s", during)
	}
	w.settles("keys.corp.waiting", func(n uint64) bool { return n == 0 })
	if n := w.stat("keys.corp.refetch_unknown_kid") - counted; n == 0 || n > uint64(fetches) {
		t.Errorf("%d refetches counted, and the endpoint %d fetches", n, fetches)
	}
}

// overtakes sends a good token while forged ones wait for an endpoint that never
// answers: every good one is answered before any forged one.
func (w *world) overtakes(good string) {
	w.t.Helper()
	const waiting = 200
	forged, err := w.corp.MintForged(object{"aud": "models"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.corp.Behave(keyserver.Stall)
	waits := w.load(load.Load{Path: always(granted), Token: always(forged), Workers: waiting, Total: waiting})
	w.settles("keys.corp.waiting", func(n uint64) bool { return n == waiting })
	goods := w.load(load.Load{Path: always(granted), Token: always(good), Workers: 20, Total: 100}).Wait()
	if n := w.stat("keys.corp.waiting"); !goods.Only(load.Allowed) || n != waiting {
		w.t.Errorf("good: %s, while %d of %d forged ones wait", goods, n, waiting)
	}
	w.corp.Behave(keyserver.Well)
	if report := waits.Wait(); !report.Only(unknown, unavailable) {
		w.t.Errorf("forged: %s", report)
	}
}

// some sends a good token now and then.
func (w *world) some(token string, d time.Duration) load.Report {
	r := w.load(load.Load{Path: always(granted), Token: always(token), Workers: 50, Rate: 50})
	time.Sleep(d)
	return r.Stop()
}

// clientsThatLeave: the gate forgets a client that leaves while it waits, here for an
// endpoint that never answers.
func clientsThatLeave(w *world) {
	t := w.t
	w.configure(object{"refresh": "1h", "timeout": "30s", "wait": "1m"}, nil)
	w.served()
	w.corp.Behave(keyserver.Stall)
	defer w.corp.Behave(keyserver.Well)
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

// freshKeys: of many tokens with a forged kid, one after the other, none looks like an outage,
// and all of them together cost the issuer one fetch.
func freshKeys(w *world) {
	t := w.t
	w.configure(object{"refresh": "1h", "interval": "10m", "timeout": "30s", "wait": "1m"}, nil)
	w.served()
	before := w.corp.Count(keyserver.JWKS)
	forged := make([]string, 200)
	for i := range forged {
		var err error
		if forged[i], err = w.corp.MintForged(object{"aud": "models"}); err != nil {
			t.Fatal(err)
		}
	}
	report := w.load(load.Load{
		Path: always(granted), Token: func(i int) string { return forged[i] }, Workers: 4, Total: len(forged),
	}).Wait()
	if fetches := w.corp.Count(keyserver.JWKS) - before; !report.Only(unknown) || fetches != 1 {
		t.Errorf("forged: %s with %d fetches, want only %s with one", report, fetches, unknown)
	}
}
