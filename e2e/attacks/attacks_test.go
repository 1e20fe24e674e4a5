//go:build attacks

package attacks

import (
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// attack is what a caller sends to knock the gate out.
type attack struct {
	name string
	send func(w *world) *crowd
}

// callers are the attackers' tokens: a caller with one grant, and nobody.
func granted(w *world) string { return w.token("mallory@example.com") }
func nobody(*world) string    { return "" }

func headsOf(h heads, token func(*world) string) func(*world) *crowd {
	return func(w *world) *crowd {
		h.token = token(w)
		return h.send(w.envoy.Addr())
	}
}

func messagesOn(connections int) func(*world) *crowd {
	return func(w *world) *crowd { return messages{connections, granted(w)}.send(w.envoy.Addr()) }
}

// The attacks by which a VM died before there was a limit, and ten times as many.
var (
	once = []attack{
		{"20,000 heads of 54 kB, of one caller", headsOf(heads{connections: 20, streams: 1000, bytes: 54_000, path: body}, granted)},
		{"20,000 heads of 54 kB, of nobody in shadow", headsOf(heads{connections: 20, streams: 1000, bytes: 54_000, path: shadow}, nobody)},
		{"1,500 messages of 1 MiB", messagesOn(1500)},
	}
	tenTimes = []attack{
		{"200,000 heads of 54 kB", headsOf(heads{connections: 200, streams: 1000, bytes: 54_000, path: body}, granted)},
		{"200,000 heads of 25 kB, which Envoy lets pass", headsOf(heads{connections: 200, streams: 1000, bytes: 25_000, path: body}, granted)},
		{"15,000 messages of 1 MiB", messagesOn(15_000)},
	}
)

const body, shadow = "/v1/chat/completions", "/trial/v1/chat/completions"

// TestAttacks runs the attacks one after another, on an Envoy without limits of its own
// and, ten times as strong, on one with the limits of the examples.
func TestAttacks(t *testing.T) {
	for _, c := range []struct {
		name, policy string
		limits       bool
		attacks      []attack
		long         bool // only with -full
	}{
		{"no limits in Envoy", "FAIL_CLOSED", false, once, false},
		{"no limits in Envoy", "FAIL_RELOAD", false, once, true},
		{"the examples' limits", "FAIL_CLOSED", true, tenTimes, true},
		{"the examples' limits", "FAIL_RELOAD", true, tenTimes, false},
	} {
		if c.long && !(*full && testbed.Host() == testbed.Wasm) { // a failure policy is of VMs
			continue
		}
		t.Run(c.name+", "+c.policy, func(t *testing.T) {
			w := startWorld(t, c.policy, c.limits)
			w.calm("before")
			for _, a := range c.attacks {
				w.withstands(a)
			}
			if created := w.stat("wasm.envoy.wasm.runtime.v8.created"); created > 4 { // none is a dynamic module's
				t.Errorf("%d VMs have been created, want 4: one has died", created)
			}
		})
	}
}

// withstands serves others during an attack and after it.
func (w *world) withstands(a attack) {
	t := w.t
	began, stop := time.Now(), w.watch()
	others := w.honest(50)
	crowd := a.send(w)
	took := time.Since(began)
	text, all, refused := others.stop()
	t.Logf("%s, in %v: %s", a.name, took.Round(time.Millisecond), crowd)
	t.Logf("others meanwhile: %s", text)
	t.Logf("most memory: %s", stop())
	if refused {
		t.Errorf("%s: others meanwhile: %s", a.name, text)
	}
	if !all {
		t.Log("not all of the others had an answer in time")
	}
	crowd.leave()
	time.Sleep(time.Second)
	w.calm("afterwards")
	for deadline := time.Now().Add(time.Minute); w.waitingBytes() > 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: %d bytes are held by nobody", a.name, w.waitingBytes())
		}
	}
}

// calm serves others while there is no attack.
func (w *world) calm(when string) {
	w.t.Helper()
	others := w.honest(50)
	time.Sleep(time.Second)
	text, served, _ := others.stop()
	w.t.Logf("others %s: %s", when, text)
	if !served {
		w.t.Fatalf("others %s: %s", when, text)
	}
}
