package faults

import (
	"fmt"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/keyserver"
	"github.com/modelgate/modelgate/e2e/internal/load"
)

// maxGrowth is what Envoy's anonymous memory may grow by between the first tenth
// of the pushes and the last, in KiB: garbage of the modules that is not yet
// collected, and pages that the allocator has not given back.
const maxGrowth = 40 << 10

// grant lets everybody whom corp knows predict a model.
func grant(name, model string) object {
	return object{"name": name, "issuers": []string{"corp"}, "members": []string{"allAuthenticatedUsers"}, "verbs": []string{"predict"},
		"models": []string{model}}
}

// pushes replaces the configuration again and again under load. What all of
// them grant passes throughout, what none grants never does, no connection is
// lost, the keys need not be fetched for each, and memory is given back.
func pushes(w *world) {
	t := w.t
	schedule, partner := w.schedule(nil), w.schedule(nil)
	push := func(i int) {
		grants := []object{grant(fmt.Sprintf("of-revision-%d", i), "prod/fraud")}
		if i%2 == 1 {
			grants = append(grants, grant("every-other", "prod/risk"))
		}
		*w.serial++
		w.push(w.configuration(schedule, partner, grants...))
	}
	push(0)
	token := w.served()
	began, fetched := time.Now(), w.corp.Count(keyserver.JWKS)
	stream := func(path string, rate int) *load.Running {
		return w.load(load.Load{Path: always(path), Token: always(token), Workers: 20, Rate: rate})
	}
	passes, sometimes, never := stream(granted, 100), stream("/models/prod/risk:predict", 20), stream(notGranted, 50)
	pushes, memory := scale(200, 20), 0
	for i := range pushes {
		push(i + 1)
		if i == pushes/10 {
			memory = anonymous(t, w.envoy.Pid())
		}
	}
	after := anonymous(t, w.envoy.Pid())
	a, b, c := passes.Stop(), sometimes.Stop(), never.Stop()
	t.Logf("%d pushes in %v; %s; %s; %s; %d KiB, then %d", pushes, time.Since(began), a, b, c, memory, after)
	if !a.Only(load.Allowed) || !b.Only(load.Allowed, "403 grant_missing") || !c.Only("403 grant_missing") {
		t.Errorf("always granted: %s; sometimes: %s; never: %s", a, b, c)
	}
	if *full && after-memory > maxGrowth {
		t.Errorf("Envoy grew from %d to %d KiB", memory, after)
	}
	fetches := w.corp.Count(keyserver.JWKS) - fetched
	if most := int(time.Since(began)/(1800*time.Millisecond)) + 2; fetches > most {
		t.Errorf("%d fetches, want at most %d: the keys did not outlive their configuration", fetches, most)
	}
	*w.serial++
	w.push(w.configuration(schedule, partner, grant("none", "prod/other"))) // and the last one counts
	w.until("403 grant_missing", token, granted, load.Allowed)
}

// inFlight: a request ends under the configuration that decided it, whatever
// comes meanwhile, and so does one that waits for a key.
func inFlight(w *world) {
	t := w.t
	*w.serial++
	schedule, partner := w.schedule(object{"refresh": "1h", "wait": "1m"}), w.schedule(nil)
	w.push(w.configuration(schedule, partner))
	token := w.served()

	held := w.load(load.Load{Path: always(granted), Token: always(token), Headers: map[string]string{"x-hold": "1"}, Workers: 1, Total: 1})
	<-w.models.arrived
	w.corp.Behave(keyserver.Stall)
	if _, err := w.corp.Rotate(true); err != nil {
		t.Fatal(err)
	}
	waiting := w.load(load.Load{Path: always(granted), Token: always(w.token(w.corp, "")), Workers: 1, Total: 1})
	w.settles("keys.corp.waiting", func(n uint64) bool { return n == 1 })

	*w.serial++
	w.push(w.configuration(schedule, partner, grant("none", "prod/other")))
	if got := w.ask(token, granted); got != "403 grant_missing" {
		t.Errorf("under the new configuration: %s", got)
	}
	w.corp.Behave(keyserver.Well)
	if report := waiting.Wait(); !report.Only(load.Allowed) {
		t.Errorf("the request that waited: %s", report)
	}
	w.models.let()
	if report := held.Wait(); !report.Only(load.Allowed) {
		t.Errorf("the request that was under way: %s", report)
	}
	if got := w.ask(token, granted); got != "403 grant_missing" {
		t.Errorf("a new request: %s", got)
	}
}
