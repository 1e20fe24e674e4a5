package faults

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/keyserver"
	"github.com/modelgate/modelgate/e2e/internal/load"
)

// deadAtStart starts Envoy while an endpoint is dead. Until it is there callers
// are told to come back, and nothing has to be restarted for them to be served.
func deadAtStart(t *testing.T, options harness.Options) *world {
	t.Helper()
	w := newWorld(t)
	w.corp.Die()
	w.start(w.configuration(w.schedule(object{"wait": "500ms"}), w.schedule(nil)), options)
	token := w.token(w.corp, "")
	for end := time.Now().Add(scale(20*time.Second, 2*time.Second)); time.Now().Before(end); {
		if got := w.ask(token, granted); got != unavailable {
			t.Fatalf("without keys: %s, want %s", got, unavailable)
		}
	}
	w.retryAfter(token)
	if err := w.corp.Revive(); err != nil {
		t.Fatal(err)
	}
	return w
}

// retryAfter holds the refusal for want of keys to its header.
func (w *world) retryAfter(token string) {
	w.t.Helper()
	request, err := http.NewRequest("POST", "http://"+w.envoy.Addr()+granted, strings.NewReader("{}"))
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 503 || response.Header.Get("Retry-After") != "10" || response.Header.Get("Www-Authenticate") != "" {
		w.t.Errorf("%d with retry-after %q", response.StatusCode, response.Header.Get("Retry-After"))
	}
}

// stale: keys outlive their endpoint, the age says so, and they end.
func stale(w *world) {
	t := w.t
	w.configure(object{"refresh": "1s", "maxStale": "12s", "wait": "500ms"}, nil)
	token := w.served()
	w.corp.Die()
	w.settles("keys.corp.age_seconds", func(age uint64) bool {
		got := w.ask(token, granted)
		// The gauge is written once a second or so, and lags behind on a busy machine.
		if after := w.stat("keys.corp.age_seconds"); after < 7 && got != load.Allowed {
			t.Fatalf("keys of an age between %d and %d: %s", age, after, got)
		}
		return age >= 5
	})
	w.until(unavailable, token, granted, load.Allowed)
	w.settles("keys.corp.age_seconds", func(age uint64) bool { return age >= 12 })
	for range 10 {
		if got := w.ask(token, granted); got != unavailable {
			t.Errorf("past maxStale: %s", got)
		}
	}
	w.retryAfter(token)
	if err := w.corp.Revive(); err != nil {
		t.Fatal(err)
	}
	w.settles("keys.corp.age_seconds", func(age uint64) bool { return age < 12 })
	if w.stat("keys.corp.fetch.status")+w.stat("keys.corp.fetch.unreachable") == 0 {
		t.Error("no failed fetch was counted")
	}
}

// misbehaviour: whatever the endpoint answers, the keys that were good serve
// on, the failure is counted under its name, and a good answer ends it.
func misbehaviour(w *world) {
	t := w.t
	w.configure(object{"refresh": "1s"}, nil)
	token := w.served()
	serving := w.load(load.Load{Path: always(granted), Token: always(token), Workers: 2, Rate: 40})
	for _, c := range []struct {
		name   string
		behave keyserver.Behaviour
		counts string
	}{
		{"status", keyserver.Status(500), "status"},
		{"redirect", keyserver.Redirect("http://127.0.0.1:1/jwks.json"), "status"},
		{"garbage", keyserver.Garbage, "malformed"},
		{"huge", keyserver.Huge, "oversized"},
		{"empty", keyserver.Empty, "unusable"},
		{"stall", keyserver.Stall, "status"}, // Envoy's own 504
		{"drip", keyserver.Drip(200 * time.Millisecond), "unreachable"},
	} {
		failures, recoveries := w.stat("keys.corp.fetch."+c.counts), w.stat("keys.corp.fetch.unchanged")
		t.Log(c.name)
		w.corp.Behave(c.behave)
		w.settles("keys.corp.fetch."+c.counts, func(n uint64) bool { return n > failures })
		w.corp.Behave(keyserver.Well)
		w.settles("keys.corp.fetch.unchanged", func(n uint64) bool { return n > recoveries })
	}
	if report := serving.Stop(); !report.Only(load.Allowed) {
		t.Errorf("a good token was refused: %s", report)
	}
}

// misbehaviourAtStart: an answer that is no key set lets nobody in, and
// nobody is told that the token is wrong.
func misbehaviourAtStart(w *world) {
	for name, behave := range map[string]keyserver.Behaviour{
		"status": keyserver.Status(500), "garbage": keyserver.Garbage, "huge": keyserver.Huge, "empty": keyserver.Empty, "stall": keyserver.Stall,
	} {
		w.corp.Behave(behave)
		w.configure(object{"wait": "2s"}, nil)
		token := w.token(w.corp, "")
		if got := w.ask(token, granted); got != unavailable {
			w.t.Errorf("%s: %s, want %s", name, got, unavailable)
		}
		w.corp.Behave(keyserver.Well)
		w.until(load.Allowed, token, granted, unavailable)
	}
}

// lies lets another server answer for the endpoint. Its keys count from then on: tokens
// that the former keys verified are verified anew, and refused.
func lies(w *world) {
	t := w.t
	w.configure(object{"refresh": "1s"}, nil)
	token := w.served()
	lie, err := w.corp.Lie()
	if err != nil {
		t.Fatal(err)
	}
	w.corp.Behave(lie)
	w.until("401 signature_invalid", token, granted, load.Allowed)
	for range 10 {
		if got := w.ask(token, granted); got != "401 signature_invalid" {
			t.Errorf("after the keys have changed: %s", got)
		}
	}
	w.corp.Behave(keyserver.Well)
	w.until(load.Allowed, token, granted, "401 signature_invalid")
}

// twoIssuers: one whose endpoint is dead, or accepts and never answers, does
// not touch the other, whichever of the two it is.
func twoIssuers(w *world) {
	t := w.t
	w.partner.Die()
	w.configure(object{"wait": "500ms"}, object{"wait": "500ms"})
	corp, partner := w.served(), w.token(w.partner, "")
	w.unharmed(corp, partner)
	w.partner.Behave(keyserver.Stall)
	if err := w.partner.Revive(); err != nil {
		t.Fatal(err)
	}
	w.unharmed(corp, partner)
	w.partner.Behave(keyserver.Well)
	w.until(load.Allowed, partner, granted, unavailable)
	if w.partner.Count(keyserver.Discovery) == 0 || w.partner.Count(keyserver.JWKS) == 0 {
		t.Errorf("the partner's keys were not discovered: %v", w.partner.Hits())
	}
	w.corp.Die()
	late, err := w.corp.MintForged(object{"aud": "models"})
	if err != nil {
		t.Fatal(err)
	}
	w.unharmed(partner, late)
}

// unharmed sends good tokens while others wait for keys that do not come.
func (w *world) unharmed(good, waiting string) {
	w.t.Helper()
	goods := w.load(load.Load{Path: always(granted), Token: always(good), Workers: 20, Rate: 100})
	waits := w.load(load.Load{Path: always(granted), Token: always(waiting), Workers: 20, Rate: 50})
	time.Sleep(scale(4*time.Second, time.Second))
	a, b := goods.Stop(), waits.Stop()
	if !a.Only(load.Allowed) || !b.Only(unavailable) {
		w.t.Errorf("the issuer that is up: %s; the other: %s", a, b)
	}
}

// oneFetch: six VMs, the four workers' and Envoy's own two, fetch as one.
func oneFetch(w *world) {
	t := w.t
	w.configure(object{"refresh": "1s"}, nil)
	token := w.served()
	began, before := time.Now(), w.corp.Count(keyserver.JWKS)
	everyone := w.load(load.Load{Path: always(granted), Token: always(token), Workers: 40, Rate: 100})
	least := scale(15, 4)
	for deadline := time.Now().Add(patience); w.corp.Count(keyserver.JWKS)-before < least; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d fetches in %v, want %d", w.corp.Count(keyserver.JWKS)-before, patience, least)
		}
	}
	report := everyone.Stop()
	fetches := w.corp.Count(keyserver.JWKS) - before
	took := time.Since(began)
	// A period is a second less up to a tenth, and then the next tick comes.
	if most := int(took/(900*time.Millisecond)) + 2; fetches > most {
		t.Errorf("%d fetches in %v, want at most %d", fetches, took, most)
	}
	t.Logf("%d fetches in %v", fetches, took)
	if !report.Only(load.Allowed) {
		t.Errorf("on some connection: %s", report)
	}
}
