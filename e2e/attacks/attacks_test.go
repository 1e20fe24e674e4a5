package attacks

import (
	"testing"
	"time"
)

// TestAttacks runs the attacks one after another, each on an Envoy of its own.
func TestAttacks(t *testing.T) {
	const body, shadow = "/v1/chat/completions", "/trial/v1/chat/completions"
	granted := func(w *world) string { return w.token("mallory@example.com") }
	nobody := func(*world) string { return "" }
	for _, c := range []struct {
		name   string
		limits bool
		send   func(w *world) *crowd
	}{
		{"heads of one caller", false, func(w *world) *crowd {
			return heads{20, 1000, 54_000, body, granted(w)}.send(w.envoy.Addr())
		}},
		{"heads of nobody", false, func(w *world) *crowd {
			return heads{20, 1000, 54_000, shadow, nobody(w)}.send(w.envoy.Addr())
		}},
		{"messages", false, func(w *world) *crowd { return messages{1500, granted(w)}.send(w.envoy.Addr()) }},
	} {
		for _, policy := range []string{"FAIL_CLOSED", "FAIL_RELOAD"} {
			t.Run(c.name+", "+policy, func(t *testing.T) { startWorld(t, policy, c.limits).attacked(c.send) })
		}
	}
}

// attacked serves others before, during and after an attack.
func (w *world) attacked(send func(*world) *crowd) {
	t := w.t
	others := w.honest(50)
	time.Sleep(time.Second)
	text, served := others.stop()
	t.Logf("before: %s", text)
	if !served {
		t.Fatalf("before the attack: %s", text)
	}
	began := time.Now()
	stop := w.watch()
	others = w.honest(50)
	crowd := send(w)
	took := time.Since(began)
	text, served = others.stop()
	p := stop()
	t.Logf("attack in %v: %s", took.Round(time.Millisecond), crowd)
	t.Logf("during: %s", text)
	t.Logf("%s", p)
	if !served {
		t.Errorf("during the attack: %s", text)
	}
	crowd.leave()
	time.Sleep(time.Second)
	others = w.honest(50)
	time.Sleep(time.Second)
	text, served = others.stop()
	t.Logf("after: %s", text)
	if !served {
		t.Errorf("after the attack: %s", text)
	}
	stats, err := w.envoy.Stats()
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range stats {
		if len(name) > 4 && name[:4] == "wasm" && name[:10] != "wasmcustom" {
			t.Logf("%s: %d", name, value)
		}
	}
}
